package pipeline

import (
	"cmp"
	"slices"

	"rehearse/internal/topk"
)

// hot is the ids with the most events, in bounded memory.
type hot = topk.Sketch[hotID]

// hotID is what is kept of such an id.
type hotID struct {
	id         []byte
	overflowed int64
}

// countHot counts an event of an id.
func countHot(h *hot, v *visit, overflowed bool) {
	e, known := h.Add(v.hash)
	if !known {
		e.Value = hotID{id: append(e.Value.id[:0], v.DistinctID...)}
	}
	if overflowed {
		e.Value.overflowed++
	}
}

// HotID is one of the ids with the most events.
type HotID struct {
	DistinctID string `json:"distinct_id"`
	Events     int64  `json:"events"`     // at most this many
	Uncertain  int64  `json:"uncertain"`  // how many of them may have been of other ids
	Overflowed int64  `json:"overflowed"` // how many lost their place on the main lane
}

// hottest lists the most frequent ids of several sketches, which must not share
// an id.
func hottest(sketches []*hot, most int) []HotID {
	list := []HotID{}
	for _, h := range sketches {
		for e := range h.All() {
			list = append(list, HotID{string(e.Value.id), e.Count, e.Error, e.Value.overflowed})
		}
	}
	slices.SortFunc(list, func(a, b HotID) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.DistinctID, b.DistinctID))
	})
	return list[:min(len(list), most)]
}
