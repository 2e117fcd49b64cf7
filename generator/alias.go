package generator

import "rehearse/scenario"

// alias draws an index with the probability of its weight in constant time
// (A. J. Walker 1977, with M. D. Vose's linear set-up of 1991): a column is
// chosen evenly, then either it or the one that fills it up.
type alias struct {
	keep  []uint64 // below this the column itself is meant
	other []uint16
}

// newAlias prepares draws. weights holds at least one positive number.
func newAlias(weights []float64) alias {
	n := len(weights)
	a := alias{keep: make([]uint64, n), other: make([]uint16, n)}
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	fill := make([]float64, n)
	var small, large []int
	for i, w := range weights {
		fill[i] = w * float64(n) / sum
		a.keep[i], a.other[i] = ^uint64(0), uint16(i)
		if fill[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = uint64(fill[s]*(1<<63))<<1, uint16(l)
		fill[l] -= 1 - fill[s]
		if fill[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	return a
}

// draw takes one index from s.
func (a *alias) draw(s *scenario.Stream) int {
	i := s.Below(uint64(len(a.keep)))
	if s.Uint64() < a.keep[i] {
		return int(i)
	}
	return int(a.other[i])
}
