package results

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"rehearse/internal/capture"
)

// Ranges are stretches of events in their order that neither touch nor overlap.
// Fates play no part in them.
type Ranges []Range

// Union sorts ranges and joins those that touch or overlap.
func Union(ranges []Range) Ranges {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	joined := Ranges{}
	for _, r := range sorted {
		if n := len(joined); n > 0 && r.First <= joined[n-1].End() {
			joined[n-1].Count = max(joined[n-1].End(), r.End()) - joined[n-1].First
			continue
		}
		joined = append(joined, Range{First: r.First, Count: r.Count})
	}
	return joined
}

// Gaps appends the stretches among n events from first on that none of the ranges
// holds.
func (s Ranges) Gaps(dst []Range, first, n int64) []Range {
	end := first + n
	i := sort.Search(len(s), func(i int) bool { return s[i].End() > first })
	for ; i < len(s) && s[i].First < end; i++ {
		if gap := s[i].First - first; gap > 0 {
			dst = append(dst, Range{First: first, Count: gap})
		}
		first = s[i].End()
	}
	if first < end {
		dst = append(dst, Range{First: first, Count: end - first})
	}
	return dst
}

// Range is a stretch of events, by index, that had the same fate.
type Range struct {
	First int64        `json:"first"`
	Count int64        `json:"count"`
	Fate  capture.Fate `json:"fate"`
}

// End is the index after the last event.
func (r Range) End() int64 { return r.First + r.Count }

// joins says whether next continues r.
func (r Range) joins(next Range) bool { return r.End() == next.First && r.Fate == next.Fate }

// byFirst orders ranges by their first event.
func byFirst(a, b Range) int { return cmp.Compare(a.First, b.First) }

// join merges neighbours of one fate in sorted ranges, in place.
func join(ranges []Range) []Range {
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && joined[n-1].joins(r) {
			joined[n-1].Count += r.Count
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// Disjoint sorts and joins ranges and makes sure that no event is in two.
func Disjoint(ranges []Range) ([]Range, error) {
	slices.SortFunc(ranges, byFirst)
	var end int64
	for _, r := range ranges {
		if r.First < end {
			return nil, fmt.Errorf("cannot trust ledger: event %d has two fates", r.First)
		}
		end = r.End()
	}
	return join(ranges), nil
}
