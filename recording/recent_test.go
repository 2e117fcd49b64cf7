package recording

import (
	"testing"

	"rehearse/scenario"
)

// TestRecent: what was added lately is known however much the memory has grown since,
// nothing else is, and in the end the oldest is forgotten.
func TestRecent(t *testing.T) {
	t.Parallel()
	var r Recent
	s := scenario.NewStream(1, 2)
	var hashes []uint64
	for range 100_000 {
		hashes = append(hashes, s.Uint64())
	}
	known := 0
	for i, h := range hashes {
		if r.Has(h) || r.Seen(h) || !r.Seen(h) {
			t.Fatalf("hash %d was known before it was added, or unknown after", i)
		}
	}
	for _, h := range hashes {
		if r.Has(h) {
			known++
		}
	}
	if known < 95_000 {
		t.Errorf("%d of the last 100,000 are known", known)
	}
	for range 6_000_000 {
		r.Seen(s.Uint64())
	}
	if len(r.sets) != 1<<mostBits {
		t.Errorf("%d sets, want %d", len(r.sets), 1<<mostBits)
	}
	for _, h := range hashes {
		if r.Has(h) {
			known--
		}
	}
	if known < 50_000 {
		t.Errorf("after six million others only %d of 100,000 are forgotten", known)
	}
}
