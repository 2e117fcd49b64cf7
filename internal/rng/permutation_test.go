package rng

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPermutation: every number below the bound is met once.
func TestPermutation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 3000).Draw(t, "bound")
		p := NewPermutation(rapid.Uint64().Draw(t, "key"), n)
		met := make([]bool, n)
		for i := range n {
			x := p.At(i)
			if x < 0 || x >= n || met[x] {
				t.Fatalf("of %d numbers, %d is mapped to %d", n, i, x)
			}
			met[x] = true
		}
	})
}
