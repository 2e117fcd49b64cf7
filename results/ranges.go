package results

import (
	"cmp"
	"slices"
	"sort"
)

// Ranges are stretches of events in their order that neither touch nor overlap.
// Fates play no part in them.
type Ranges []Range

// Union sorts ranges and joins those that touch or overlap.
func Union(ranges []Range) Ranges {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	joined := Ranges{}
	for _, r := range sorted {
		if n := len(joined); n > 0 && r.First <= joined[n-1].end() {
			joined[n-1].Count = max(joined[n-1].end(), r.end()) - joined[n-1].First
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
	i := sort.Search(len(s), func(i int) bool { return s[i].end() > first })
	for ; i < len(s) && s[i].First < end; i++ {
		if gap := s[i].First - first; gap > 0 {
			dst = append(dst, Range{First: first, Count: gap})
		}
		first = s[i].end()
	}
	if first < end {
		dst = append(dst, Range{First: first, Count: end - first})
	}
	return dst
}
