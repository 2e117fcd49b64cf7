package generator

import (
	"io"
	"slices"
	"time"

	"rehearse/results"
)

// rest is what is left of a source when some of its events have been accepted
// before: the same batches under the same numbers, without those events, the
// first of them due at once.
type rest struct {
	Source
	verbatim bool // requests go as a whole or not at all
	done     results.Ranges
	pieces   []Batch       // of a batch that was accepted in part
	base     time.Duration // when the first of what is left was due
	begun    bool
}

// Next moves the next batch with something left into b.
func (r *rest) Next(b *Batch) error {
	for len(r.pieces) == 0 {
		if err := r.Source.Next(b); err != nil {
			return err
		}
		switch left := r.done.Gaps(nil, b.First, b.Events); {
		case len(left) == 0:
			b.reset()
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
	b.First, b.Events, b.Due, b.Lane, b.planned, b.recorded = p.First, p.Events, p.Due, p.Lane, p.planned, p.recorded
	r.shift(b)
	return nil
}

// cut makes a batch of each stretch of b that is left.
func (r *rest) cut(b *Batch, left []results.Range) {
	for _, l := range left {
		p := Batch{First: l.First, Events: l.Count, Due: b.Due, Lane: b.Lane, planned: b.planned}
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

// left returns what opens the rest of the traffic of which all is the plan, and the
// plan of the rest.
func (k *Resumption) left(all Plan, open func() (dealing, error)) (Plan, func() (dealing, error), error) {
	done := results.Union(k.Accepted)
	left := func() (dealing, error) {
		d, err := open()
		d.rest = &rest{Source: d.Source, verbatim: all.Verbatim, done: done}
		d.Source = d.rest
		return d, err
	}
	plan, err := count(left, all.Lanes)
	if err == nil && plan.Events == 0 {
		err = ErrNothingLeft
	}
	if err != nil {
		return Plan{}, nil, err
	}
	plan.Whole, plan.Recording, plan.Lanes, plan.Ordered, plan.Verbatim, plan.Sharded = all.Whole, all.Recording, all.Lanes, all.Ordered, all.Verbatim, all.Sharded
	plan.MostOut = all.MostOut
	for _, b := range k.Broken {
		doubtful, err := b.ask(open)
		if err != nil {
			return Plan{}, nil, err
		}
		plan.Doubtful = append(plan.Doubtful, doubtful...)
	}
	return plan, left, nil
}

// Broken is a run of which nobody knows how far it got: it was killed, or its
// ledger is damaged.
type Broken struct {
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
func (k *Broken) ask(open func() (dealing, error)) ([]results.Range, error) {
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
func (k *Broken) doubtful(whole Source) (doubtful []results.Range, err error) {
	before, known := results.Union(k.Before), results.Union(slices.Concat(k.Before, k.Known))
	base, begun := time.Duration(0), false
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
		if k.Below >= 0 && b.First >= k.Below || k.Below < 0 && b.Due-base > k.Until+blindness {
			return doubtful, nil
		}
		doubtful = known.Gaps(doubtful, b.First, b.Events)
	}
}
