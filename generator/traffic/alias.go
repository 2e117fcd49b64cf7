package traffic

import (
	"math/bits"

	"rehearse/internal/rng"
)

// alias draws an index with the probability of its weight in constant time
// (A. J. Walker 1977, with M. D. Vose's linear set-up of 1991): a column is
// chosen evenly, then either it or the one that fills it up.
type alias []column

// column is one of the columns that are chosen evenly.
type column struct {
	keep  uint64 // below this the column itself is meant
	other uint32
}

// newAlias prepares draws. weights holds at least one positive number.
func newAlias(weights []float64) alias {
	n := len(weights)
	a := make(alias, n)
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	fill := make([]float64, n)
	var small, large []int
	for i, w := range weights {
		fill[i] = w * float64(n) / sum
		a[i] = column{^uint64(0), uint32(i)}
		if fill[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a[s] = column{uint64(fill[s]*(1<<63)) << 1, uint32(l)}
		fill[l] -= 1 - fill[s]
		if fill[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	return a
}

// draw takes one index from s. One number does for both choices: what the
// column leaves of it is even too.
func (a alias) draw(s *rng.Stream) int {
	i, rest := bits.Mul64(s.Uint64(), uint64(len(a)))
	c := a[i]
	if rest < c.keep {
		return int(i)
	}
	return int(c.other)
}
