package learn

import (
	"slices"

	"rehearse/internal/topk"
)

// hotSize is how many ids the list of the busiest follows.
const hotSize = 1 << 12

// hot follows the busiest ids in fixed memory.
type hot struct{ sketch *topk.Sketch[struct{}] }

// newHot begins with ids whose counts are exact.
func newHot(known []slot) *hot {
	h := &hot{topk.New[struct{}](hotSize)}
	for _, s := range known {
		h.sketch.AddN(s.hash, int64(s.count))
	}
	return h
}

// add counts one event.
func (h *hot) add(hash uint64) { h.sketch.Add(hash) }

// sure returns the counts that are exact and above what any id that is not on the
// list can have, and that bound.
func (h *hot) sure() (counts []int64, bound int64) {
	bound = h.sketch.Least()
	for item := range h.sketch.All() {
		bound = max(bound, item.Error)
	}
	for item := range h.sketch.All() {
		if item.Count-item.Error > bound {
			counts = append(counts, item.Count-item.Error)
		}
	}
	slices.Sort(counts)
	return counts, bound
}

// exact is how many of the busiest ids are known for certain, with their counts: no
// other can have as many events.
func (h *hot) exact() (ids int64) {
	most := h.sketch.Least()
	for item := range h.sketch.All() {
		if item.Error > 0 {
			most = max(most, item.Count)
		}
	}
	for item := range h.sketch.All() {
		if item.Error == 0 && item.Count > most {
			ids++
		}
	}
	return ids
}
