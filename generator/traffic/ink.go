package traffic

import "rehearse/internal/rng"

// ink is what the values of one event are drawn from.
type ink struct {
	s       rng.Stream
	bits    uint64 // left of a number that was drawn for four small ones
	left    int
	seed    uint64
	who     person
	session uint64 // names the session that the event belongs to
}

// small returns a uniform number in [0, n) for n up to smallest; each is favoured
// by at most n/2^16.
func (k *ink) small(n int) int {
	if k.left == 0 {
		k.bits, k.left = k.s.Uint64(), 4
	}
	r := int(k.bits & 0xffff)
	k.bits >>= 16
	k.left--
	return r * n >> 16
}

// smallest is below what numbers are cheap to draw.
const smallest = 256

// below returns a uniform number in [0, n).
func (k *ink) below(n uint64) uint64 {
	if n <= smallest {
		return uint64(k.small(int(n)))
	}
	return k.s.Below(n)
}
