package recording

import (
	"testing"

	"rehearse/internal/rng"
)

// TestRecent: what was added lately is known however much the memory has grown since,
// nothing else is, and in the end the oldest is forgotten.
func TestRecent(t *testing.T) {
	t.Parallel()
	var r Recent
	s := rng.NewStream(1, 2)
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
	full := Recent{sets: make([][4]uint64, 1<<mostBits), bits: mostBits}
	for i := range uint64(5) { // all of one set
		full.Seen(7<<(64-mostBits) | i + 1)
	}
	for i := range uint64(5) {
		if got := full.Has(7<<(64-mostBits) | i + 1); got != (i > 0) {
			t.Errorf("hash %d of five is known: %v", i, got)
		}
	}
}
