package generator

import (
	"io"
	"slices"
	"time"

	"rehearse/results"
)

// rest is what is left of a replay when some of its events have been accepted
// before: the same batches under the same numbers, without those events, the
// first of them due at once.
type rest struct {
	replay
	done   results.Ranges
	pieces []Batch       // of a batch that was accepted in part
	base   time.Duration // when the first of what is left was due
	begun  bool
}

// Next moves the next batch with something left into b.
func (r *rest) Next(b *Batch) error {
	for len(r.pieces) == 0 {
		if err := r.replay.Next(b); err != nil {
			return err
		}
		switch left := r.done.Gaps(nil, b.First, b.Events); {
		case len(left) == 0:
			continue
		case len(left) == 1 && left[0].Count == b.Events || len(b.recorded.items) == 0:
			r.shift(b)
			return nil
		default:
			r.cut(b, left)
		}
	}
	p := r.pieces[0]
	r.pieces = r.pieces[1:]
	b.First, b.Events, b.Due, b.Lane, b.recorded = p.First, p.Events, p.Due, p.Lane, p.recorded
	r.shift(b)
	return nil
}

// cut makes a batch of each stretch of b that is left.
func (r *rest) cut(b *Batch, left []results.Range) {
	for _, l := range left {
		p := Batch{First: l.First, Events: l.Count, Due: b.Due, Lane: b.Lane}
		p.recorded = records{text: slices.Clone(b.recorded.text), items: slices.Clone(b.recorded.items), skip: int(l.First - b.First)}
		r.pieces = append(r.pieces, p)
	}
}

// shift makes the first batch due at once and the others by as much earlier.
func (r *rest) shift(b *Batch) {
	if !r.begun {
		r.base, r.begun = b.Due, true
	}
	b.Due -= r.base
}

// longestPause is that of the whole, if it is not over yet.
func (r *rest) longestPause() Pause {
	p := r.replay.longestPause()
	if p.Ends -= r.base; p.Ends <= 0 {
		return Pause{}
	}
	return p
}

// resumed is what is known of the runs that a replay resumes.
type resumed struct {
	done   results.Ranges
	broken *Broken // nil: the last of them was not killed
}

// left returns what opens the rest of a replay that all has this plan, and the rest's.
func (k *resumed) left(whole func() (replay, error), all Plan, lanes int) (func() (replay, error), Plan, error) {
	open := func() (replay, error) {
		r, err := whole()
		return &rest{replay: r, done: k.done}, err
	}
	plan, err := survey(open, lanes)
	plan.Whole, plan.Recording = all.Events, all.Recording
	if err != nil || k.broken == nil {
		return open, plan, err
	}
	r, err := whole()
	if err != nil {
		return nil, Plan{}, err
	}
	defer r.Close()
	plan.Doubtful, err = k.broken.doubtful(r, k.done)
	return open, plan, err
}

// Broken is a run that was killed, of which the ledger lacks the end.
type Broken struct {
	Before []results.Range // events that were accepted before that run began, and were no part of it
	Until  time.Duration   // when its ledger ends
}

// blindness is how long after its last entry in the ledger a run may have gone on
// before it was killed: entries are made each second.
const blindness = 2 * time.Second

// doubtful returns those events of whole that are not done and that the broken run
// may have sent all the same: what was due in it before its end, or shortly after
// its ledger ends.
func (k *Broken) doubtful(whole replay, done results.Ranges) (doubtful []results.Range, err error) {
	before, base, begun := results.Union(k.Before), time.Duration(0), false
	b := newBatch()
	for {
		b.reset()
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
		if b.Due-base > k.Until+blindness {
			return doubtful, nil
		}
		doubtful = done.Gaps(doubtful, b.First, b.Events)
	}
}
