package source

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rehearse/generator/body"
	"rehearse/results"
	"rehearse/scenario"
)

// resumed is what is left of a source when some of its events have been accepted
// before: the same batches under the same numbers, without those events, the
// first of them due at once.
type resumed struct {
	Source
	verbatim bool // requests go as a whole or not at all
	done     results.Ranges
	pieces   []body.Batch  // of a batch that was accepted in part
	base     time.Duration // when the first of what is left was due
	begun    bool
}

// Next moves the next batch with something left into b.
func (r *resumed) Next(b *body.Batch) error {
	for len(r.pieces) == 0 {
		if err := r.Source.Next(b); err != nil {
			return err
		}
		switch left := r.done.Gaps(nil, b.First, b.Events); {
		case len(left) == 0:
			b.Reset()
			continue
		case len(left) == 1 && left[0].Count == b.Events || r.verbatim:
			r.shift(b)
			return nil
		default:
			r.cut(b, left)
		}
	}
	p := r.pieces[0]
	r.pieces = r.pieces[1:]
	b.First, b.Events, b.Due, b.Lane, b.Within, b.Recorded = p.First, p.Events, p.Due, p.Lane, p.Within, p.Recorded
	r.shift(b)
	return nil
}

// cut makes a batch of each stretch of b that is left.
func (r *resumed) cut(b *body.Batch, left []results.Range) {
	for _, l := range left {
		r.pieces = append(r.pieces, b.Stretch(l.First-b.First, l.Count))
	}
}

// shift makes the first batch due at once and the others by as much earlier.
func (r *resumed) shift(b *body.Batch) {
	if !r.begun {
		r.base, r.begun = b.Due, true
	}
	b.Due -= r.base
}

// left returns what opens the rest of the traffic of which all is the plan, and the
// plan of the rest.
func (k *Resumption) left(all Plan, open openFunc) (Plan, openFunc, error) {
	done := results.Union(k.Accepted)
	left := func() (dealing, error) {
		d, err := open()
		d.rest = &resumed{Source: d.Source, verbatim: all.Recorded.Verbatim, done: done}
		d.Source = d.rest
		return d, err
	}
	plan, err := count(left, all.Lanes)
	if err == nil && plan.Events == 0 {
		err = errNothingLeft
	}
	if err != nil {
		return Plan{}, nil, err
	}
	plan.Whole, plan.Lanes, plan.Ordered, plan.Sharded = all.Whole, all.Lanes, all.Ordered, all.Sharded
	plan.Recorded.Checksum, plan.Recorded.Verbatim = all.Recorded.Checksum, all.Recorded.Verbatim
	plan.Recorded.MostOut = all.Recorded.MostOut
	for _, b := range k.Broken {
		doubtful, err := b.ask(open)
		if err != nil {
			return Plan{}, nil, err
		}
		plan.Resumed.Doubtful = append(plan.Resumed.Doubtful, doubtful...)
	}
	return plan, left, nil
}

// BrokenRun is a run of which it is not known how far it got: it was killed, or its
// ledger is damaged.
type BrokenRun struct {
	Before []results.Range // events that were accepted before that run began, and were no part of it
	Known  []results.Range // events of which its ledger says what became of them
	Below  int64           // no event from this number on has left; less than 0: that was not written down
	Until  time.Duration   // when its ledger ends, where Below is not known
}

// blindness is how long after its last entry in the ledger a run may have gone on
// before it was killed, where it did not write down how far it might get: entries
// are made each second.
const blindness = 2 * time.Second

// ask deals out the traffic of the broken run to find what is in doubt.
func (k *BrokenRun) ask(open openFunc) ([]results.Range, error) {
	d, err := open()
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return k.doubtful(d)
}

// doubtful returns those events of whole that the broken run may have sent without
// its ledger knowing: of those that were not accepted before it, and of which it
// does not say what became of them, the ones that it may have got to.
func (k *BrokenRun) doubtful(whole Source) (doubtful []results.Range, err error) {
	before, known := results.Union(k.Before), results.Union(slices.Concat(k.Before, k.Known))
	base, begun := time.Duration(0), false
	b := new(body.Batch)
	for {
		b.Reset()
		if err := whole.Next(b); err == io.EOF {
			return doubtful, nil
		} else if err != nil {
			return nil, err
		}
		if len(before.Gaps(nil, b.First, b.Events)) == 0 {
			continue
		}
		if !begun {
			base, begun = b.Due, true
		}
		if k.Below >= 0 && b.First >= k.Below || k.Below < 0 && b.Due-base > k.Until+blindness {
			return doubtful, nil
		}
		doubtful = known.Gaps(doubtful, b.First, b.Events)
	}
}

// shardOf returns what opens the part of the traffic that a shard sends, due when
// it is due in the whole: the batches k with k mod of = index. Of a replay with
// order per-id it is the ids whose hash falls to it, and those that merges join to them.
// What the part holds is counted by dealing out the whole once.
func shardOf(s *scenario.Scenario, all Plan, open openFunc, share shardSource) (Plan, openFunc, error) {
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
		plan.Lanes = (&Part{Index: int(share.index), Of: int(share.of)}).Connections(s.Target.Connections)
	}
	return plan, part, nil
}

// shared tells whether so many shards share the traffic of s by lane: those of a
// replay with order per-id do. It is an error if they cannot share it.
func shared(s *scenario.Scenario, of int) (byLane bool, err error) {
	switch {
	case of < 2:
		return false, nil
	case s.Target.Connections < of:
		return false, fmt.Errorf("cannot share the load among %d machines: target.connections is %d, and is that of "+
			"the whole run: each needs one at least", of, s.Target.Connections)
	case s.Replay == nil:
		return false, nil
	case s.Replay.Order == scenario.OrderFile:
		return false, errors.New("cannot share a replay that keeps the order of its file among several " +
			"machines: set replay.order to per-id or none")
	case s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "":
		return false, errors.New("cannot share the replay: each machine would make up other pseudonyms (set " +
			"replay.key in the scenario, to the same on all of them)")
	}
	return s.Replay.Order == scenario.OrderPerID, nil
}

// shardSource passes over the batches of other shards.
type shardSource struct {
	Source
	index, of int64 // less than 0: all of them, each batch with its shard
	byLane    bool  // lane l of the whole is lane l/of of shard l mod of
	dealt     int64 // batches of the whole so far
}

// Next fills b with the next batch of this shard.
func (s *shardSource) Next(b *body.Batch) error {
	for {
		if err := s.Source.Next(b); err != nil {
			return err
		}
		if s.mine(b) {
			return nil
		}
		b.Reset()
	}
}

// mine says whether a batch of the whole is this shard's, and gives it its lane.
func (s *shardSource) mine(b *body.Batch) bool {
	number := s.dealt
	s.dealt++
	if s.byLane {
		number = int64(b.Lane)
		b.Lane /= int(s.of)
	}
	b.Shard = int(number % s.of)
	return number%s.of == s.index || s.index < 0
}
