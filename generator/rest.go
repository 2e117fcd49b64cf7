package generator

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"rehearse/results"
)

// rest is what is left of a replay when some of its events have been accepted
// before: the same batches under the same numbers, without those events, the
// first of them due at once.
type rest struct {
	replay
	done   []results.Range // sorted and disjoint
	pieces []Batch         // of a batch that was accepted in part
	base   time.Duration   // when the first of what is left was due
	begun  bool
}

// Next moves the next batch with something left into b.
func (r *rest) Next(b *Batch) error {
	for len(r.pieces) == 0 {
		if err := r.replay.Next(b); err != nil {
			return err
		}
		switch left := r.left(b.First, b.Events); {
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

// left returns the stretches among n events from first on that are not done.
func (r *rest) left(first, n int64) (left []results.Range) {
	end := first + n
	i := sort.Search(len(r.done), func(i int) bool { return r.done[i].First+r.done[i].Count > first })
	for ; i < len(r.done) && r.done[i].First < end; i++ {
		if gap := r.done[i].First - first; gap > 0 {
			left = append(left, results.Range{First: first, Count: gap})
		}
		first = r.done[i].First + r.done[i].Count
	}
	if first < end {
		left = append(left, results.Range{First: first, Count: end - first})
	}
	return left
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

// union sorts ranges and joins those that touch or overlap.
func union(ranges []results.Range) []results.Range {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b results.Range) int { return cmp.Compare(a.First, b.First) })
	joined := []results.Range{}
	for _, r := range sorted {
		if n := len(joined); n > 0 && r.First <= joined[n-1].First+joined[n-1].Count {
			end := max(joined[n-1].First+joined[n-1].Count, r.First+r.Count)
			joined[n-1].Count = end - joined[n-1].First
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
