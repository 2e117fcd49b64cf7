package pipeline

import (
	"bytes"
	"cmp"
	"slices"
)

// hot finds the ids with the most events in bounded memory: the space-saving
// algorithm (Metwally, Agrawal, El Abbadi, 2005). Of n events in k places, an id
// with more than n/k of them is sure to be there, and its count is too high by
// at most short.
type hot struct {
	places map[uint64]int // of the hash of an id in list
	list   []hotID        // a heap: the smallest count first
}

type hotID struct {
	hash       uint64
	id         []byte
	events     int64
	short      int64 // how many of them may have been another's
	overflowed int64
}

func newHot(most int) *hot {
	return &hot{places: make(map[uint64]int, most), list: make([]hotID, 0, most)}
}

// add counts an event of an id.
func (h *hot) add(hash uint64, id []byte, overflowed bool) {
	i, known := h.places[hash]
	switch {
	case known:
	case len(h.list) < cap(h.list):
		i = len(h.list)
		h.list = append(h.list, hotID{hash: hash, id: bytes.Clone(id)})
		h.places[hash] = i
		i = h.up(i)
	default:
		i = 0
		least := &h.list[0]
		delete(h.places, least.hash)
		*least = hotID{hash: hash, id: append(least.id[:0], id...), events: least.events, short: least.events}
		h.places[hash] = 0
	}
	h.list[i].events++
	if overflowed {
		h.list[i].overflowed++
	}
	h.down(i)
}

// up moves the new entry at i towards the top: its count is still nought.
func (h *hot) up(i int) int {
	for i > 0 && h.list[(i-1)/2].events > h.list[i].events {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i
}

// down restores the heap when the count at i has grown.
func (h *hot) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.list); child++ {
			if h.list[child].events < h.list[least].events {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}

func (h *hot) swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.places[h.list[i].hash], h.places[h.list[j].hash] = i, j
}

// HotID is one of the ids with the most events.
type HotID struct {
	DistinctID string `json:"distinct_id"`
	Events     int64  `json:"events"`     // at most this many
	Uncertain  int64  `json:"uncertain"`  // how many of them may have been of other ids
	Overflowed int64  `json:"overflowed"` // how many lost their place on the main lane
}

// hottest lists the most frequent ids of several finders, which must not share
// an id.
func hottest(finders []*hot, most int) []HotID {
	list := []HotID{}
	for _, h := range finders {
		for _, e := range h.list {
			list = append(list, HotID{string(e.id), e.events, e.short, e.overflowed})
		}
	}
	slices.SortFunc(list, func(a, b HotID) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.DistinctID, b.DistinctID))
	})
	return list[:min(len(list), most)]
}
