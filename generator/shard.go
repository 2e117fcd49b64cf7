package generator

import (
	"errors"
	"io"
	"time"

	"rehearse/scenario"
)

// OpenShard returns the part of a scenario's traffic that shard index of several
// sends: the batches k with k mod of = index, due when they are due in the whole.
// What the part holds is counted by dealing out the whole once.
func OpenShard(s *scenario.Scenario, index, of int) (Source, Plan, error) {
	counted, plan, err := Open(s)
	if err != nil {
		return nil, Plan{}, err
	}
	if plan.Ordered {
		return nil, Plan{}, errors.New("cannot share a replay that keeps its order among several machines: set replay.order to none")
	}
	part := &shardSource{Source: counted, index: int64(index), of: int64(of)}
	plan.Events, plan.Requests = 0, 0
	for b := newBatch(); ; {
		b.reset()
		err := part.Next(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Plan{}, err
		}
		plan.Events += b.Events
		plan.Requests++
	}
	if err := part.Close(); err != nil {
		return nil, Plan{}, err
	}
	whole := plan.Rate
	plan.Peak /= float64(of)
	plan.Rate = func(t time.Duration) float64 { return whole(t) / float64(of) }
	plan.Sharded = true
	fresh, _, err := Open(s)
	return &shardSource{Source: fresh, index: int64(index), of: int64(of)}, plan, err
}

// shardSource passes over the batches of other shards.
type shardSource struct {
	Source
	index, of int64
	dealt     int64 // batches of the whole so far
}

// Next fills b with the next batch of this shard.
func (s *shardSource) Next(b *Batch) error {
	for {
		if err := s.Source.Next(b); err != nil {
			return err
		}
		s.dealt++
		if (s.dealt-1)%s.of == s.index {
			return nil
		}
		b.reset()
	}
}

// Close closes the source, if it has anything open.
func (s *shardSource) Close() error {
	if c, ok := s.Source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
