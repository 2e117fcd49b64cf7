package rng

import (
	"testing"

	"pgregory.net/rapid"
)

// TestInverse: the index of a stream follows from its first number.
func TestInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, index := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "index")
		s := NewStream(seed, index)
		if got := NewInverse(seed).Index(s.Uint64()); got != index {
			t.Fatalf("index %d of seed %d was found as %d", index, seed, got)
		}
		if got := unmix(Mix(index)); got != index {
			t.Fatalf("%d is mixed and unmixed to %d", index, got)
		}
	})
}
