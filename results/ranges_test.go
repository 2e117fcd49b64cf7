package results

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRanges: a union holds what its parts hold, in order and apart, and the gaps
// are the rest: event by event, against a set.
func TestRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const events = 60
		var parts []Range
		var held [events]bool
		for range rapid.IntRange(0, 8).Draw(t, "parts") {
			first := rapid.Int64Range(0, events-1).Draw(t, "first")
			r := Range{First: first, Count: rapid.Int64Range(1, events-first).Draw(t, "count")}
			parts = append(parts, r)
			for i := r.First; i < r.End(); i++ {
				held[i] = true
			}
		}
		union := Union(parts)
		for i := 1; i < len(union); i++ {
			if union[i].First <= union[i-1].End() {
				t.Fatalf("%v touch", union)
			}
		}
		first := rapid.Int64Range(0, events-1).Draw(t, "from")
		count := rapid.Int64Range(0, events-first).Draw(t, "of")
		var missing [events]bool
		for _, g := range union.Gaps(nil, first, count) {
			for i := g.First; i < g.End(); i++ {
				missing[i] = true
			}
		}
		for i := range int64(events) {
			if want := i >= first && i < first+count && !held[i]; missing[i] != want {
				t.Errorf("of %v, the gaps in %d+%d hold event %d: %v", parts, first, count, i, missing[i])
			}
		}
	})
}
