package generator

import (
	"errors"
	"fmt"
	"time"

	"rehearse/scenario"
)

// maxLanes bounds the queues of all shards of an ordered replay together.
const maxLanes = 1 << 20

// shardOf returns what opens the part of the traffic that a shard sends, due when
// it is due in the whole: the batches k with k mod of = index. Of a replay with
// order per-id it is the ids whose hash falls to it, kin that merges join included.
// What the part holds is counted by dealing out the whole once.
func shardOf(s *scenario.Scenario, all Plan, open func() (dealing, error), share shardSource) (Plan, func() (dealing, error), error) {
	part := func() (dealing, error) {
		d, err := open()
		mine := share
		mine.Source = d.Source
		d.Source = &mine
		return d, err
	}
	counted, err := count(part, 0)
	if err != nil {
		return Plan{}, nil, err
	}
	plan, of := all, float64(share.of)
	plan.Events, plan.Requests, plan.Sharded = counted.Events, counted.Requests, true
	plan.Peak, plan.Rate = all.Peak/of, func(t time.Duration) float64 { return all.Rate(t) / of }
	if share.byLane {
		plan.Lanes = s.Target.Connections
	}
	return plan, part, nil
}

// shared is the scenario that all shards deal out alike, and whether they share
// it by lane: a replay with order per-id gets a lane for each connection of each
// of them.
func shared(s *scenario.Scenario, of int) (whole *scenario.Scenario, byLane bool, err error) {
	switch {
	case s.Replay == nil:
		return s, false, nil
	case s.Replay.Order == scenario.OrderFile:
		return nil, false, errors.New("cannot share a replay that keeps the order of its file among several machines: set replay.order to per-id or none")
	case s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "":
		return nil, false, errors.New("cannot share the replay: each machine would make up other pseudonyms (set replay.key in the scenario, to the same on all of them)")
	case s.Replay.Order == scenario.OrderNone:
		return s, false, nil
	case int64(of)*int64(s.Target.Connections) > maxLanes:
		return nil, false, fmt.Errorf("cannot share the replay by distinct_id: %d times %d connections are more than %d", of, s.Target.Connections, maxLanes)
	}
	copied := *s
	copied.Target.Connections *= of
	return &copied, true, nil
}

// shardSource passes over the batches of other shards.
type shardSource struct {
	Source
	index, of int64 // less than 0: all of them, each batch with its shard
	byLane    bool  // lane l of the whole is lane l/of of shard l mod of
	dealt     int64 // batches of the whole so far
}

// Next fills b with the next batch of this shard.
func (s *shardSource) Next(b *Batch) error {
	for {
		if err := s.Source.Next(b); err != nil {
			return err
		}
		if s.mine(b) {
			return nil
		}
		b.reset()
	}
}

// mine says whether a batch of the whole is this shard's, and gives it its lane.
func (s *shardSource) mine(b *Batch) bool {
	number := s.dealt
	s.dealt++
	if s.byLane {
		number = int64(b.Lane)
		b.Lane /= int(s.of)
	}
	b.shard = int(number % s.of)
	return number%s.of == s.index || s.index < 0
}
