package profile

import (
	"container/heap"
	"slices"
)

// hotSize is how many ids the list of the busiest follows.
const hotSize = 1 << 12

// hot follows the busiest ids in fixed memory (the Space-Saving algorithm:
// A. Metwally, D. Agrawal and A. El Abbadi, "Efficient computation of frequent and
// top-k elements in data streams", ICDT 2005). A count is too high by at most its
// error; an id that is not on the list has at most as many events as the last one.
type hot struct {
	items []*hotItem // a heap, the one with the fewest events first
	known map[uint64]*hotItem
}

// hotItem is one id on the list.
type hotItem struct {
	hash         uint64
	count, error int64
	place        int // among the items
}

// newHot begins with ids whose counts are exact.
func newHot(known []slot) *hot {
	h := &hot{known: make(map[uint64]*hotItem, hotSize)}
	for _, s := range known {
		item := &hotItem{hash: s.hash, count: int64(s.count), place: len(h.items)}
		h.items, h.known[s.hash] = append(h.items, item), item
	}
	heap.Init(h)
	return h
}

// add counts one event. An id that is new takes the place of the last one, and
// its count as an error.
func (h *hot) add(hash uint64) {
	item := h.known[hash]
	if item == nil {
		item = h.items[0]
		delete(h.known, item.hash)
		item.hash, item.error = hash, item.count
		h.known[hash] = item
	}
	item.count++
	heap.Fix(h, item.place)
}

// sure returns the counts that are exact and above what any id that is not on the
// list can have, and that bound.
func (h *hot) sure() (counts []int64, bound int64) {
	bound = h.items[0].count
	for _, item := range h.items {
		bound = max(bound, item.error)
	}
	for _, item := range h.items {
		if item.count-item.error > bound {
			counts = append(counts, item.count-item.error)
		}
	}
	slices.Sort(counts)
	return counts, bound
}

// exact is how many of the busiest ids are known for certain, with their counts: no
// other can have as many events.
func (h *hot) exact() (ids int64) {
	most := h.items[0].count
	for _, item := range h.items {
		if item.error > 0 {
			most = max(most, item.count)
		}
	}
	for _, item := range h.items {
		if item.error == 0 && item.count > most {
			ids++
		}
	}
	return ids
}

func (h *hot) Len() int           { return len(h.items) }
func (h *hot) Less(i, j int) bool { return h.items[i].count < h.items[j].count }
func (h *hot) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.items[i].place, h.items[j].place = i, j
}

// Push is not used: the list keeps its length.
func (h *hot) Push(any) {}

// Pop is not used: the list keeps its length.
func (h *hot) Pop() any { return nil }
