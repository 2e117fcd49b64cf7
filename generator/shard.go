package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/scenario"
)

// maxLanes bounds the queues of all shards of an ordered replay together.
const maxLanes = 1 << 20

// OpenShard returns the part of a scenario's traffic that shard index of several
// sends, due when it is due in the whole: the batches k with k mod of = index. Of
// a replay with order per-id it is the ids whose hash falls to it, kin that merges
// join included. What the part holds is counted by dealing out the whole once.
func OpenShard(s *scenario.Scenario, index, of int) (Source, Plan, error) {
	whole, byLane, err := shared(s, of)
	if err != nil {
		return nil, Plan{}, err
	}
	counted, plan, err := Open(whole)
	if err != nil {
		return nil, Plan{}, err
	}
	share := shardSource{index: int64(index), of: int64(of), byLane: byLane}
	if byLane {
		plan.Lanes = s.Target.Connections
	}
	part := share
	part.Source = counted
	plan.Events, plan.Requests = 0, 0
	for b := newBatch(); ; {
		b.reset()
		err := part.Next(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Plan{}, errors.Join(err, part.Close())
		}
		plan.Events += b.Events
		plan.Requests++
	}
	if err := part.Close(); err != nil {
		return nil, Plan{}, err
	}
	all := plan.Rate
	plan.Peak /= float64(of)
	plan.Rate = func(t time.Duration) float64 { return all(t) / float64(of) }
	plan.Sharded = true
	share.Source, _, err = Open(whole)
	return &share, plan, err
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
	index, of int64
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
	return number%s.of == s.index
}

// Close closes the source, if it has anything open.
func (s *shardSource) Close() error {
	if c, ok := s.Source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
