package traffic

import (
	"cmp"
	"slices"
)

// start is the place, counted from 0, with which a visit begins at the earliest.
type start struct {
	place int
	index int // of the merge in merges; of a visit that is merged later, in visitors
}

// starts are in the order of their places, as soon as they are sorted.
type starts struct {
	all  []start
	next int // the first that is still to come
}

// add appends one.
func (s *starts) add(place, index int) { s.all = append(s.all, start{place, index}) }

// sort puts them in order.
func (s *starts) sort() {
	slices.SortFunc(s.all, func(a, b start) int { return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.index, b.index)) })
}

// left is how many are still to come.
func (s *starts) left() int { return len(s.all) - s.next }

// due tells whether the next is to begin at the place j.
func (s *starts) due(j int) bool { return s.left() > 0 && s.all[s.next].place <= j }

// take takes the next one off.
func (s *starts) take() (index int) {
	s.next++
	return s.all[s.next-1].index
}
