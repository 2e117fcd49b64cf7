package topk

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSketch: whatever the stream, a key that has more than its share is listed, no
// count is off by more than its error, and what is not listed occurred at most
// Least times.
func TestSketch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(1, 6).Draw(t, "room")
		s := New[uint64](room)
		truth, total := map[uint64]int64{}, int64(0)
		for _, n := range rapid.SliceOfN(rapid.Int64Range(0, 12), 1, 300).Draw(t, "stream") {
			key, times := uint64(n*n%13), n%3+1
			truth[key] += times
			total += times
			if e, known := s.AddN(key, times); !known {
				e.Value = key
			} else if e.Value != key {
				t.Fatalf("key %d has the value of %d", key, e.Value)
			}
		}
		listed := map[uint64]bool{}
		for e := range s.All() {
			listed[e.Hash] = true
			if n := truth[e.Hash]; e.Count < n || e.Count-e.Error > n || e.Value != e.Hash {
				t.Fatalf("%+v, in truth %d", *e, n)
			}
		}
		for key, n := range truth {
			if !listed[key] && (n > total/int64(room) || n > s.Least()) {
				t.Fatalf("%d occurs %d times of %d and is not listed; the bound is %d", key, n, total, s.Least())
			}
		}
	})
}

// TestAddDoesNotAllocate: a full sketch takes new keys in the memory it has.
func TestAddDoesNotAllocate(t *testing.T) {
	s, key := New[[16]byte](64), uint64(0)
	for range 10_000 {
		s.Add(key)
		key++
	}
	if n := testing.AllocsPerRun(1000, func() { key++; s.Add(key) }); n > 0 {
		t.Errorf("%v allocations a new key", n)
	}
}
