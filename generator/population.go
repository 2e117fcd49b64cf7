package generator

import (
	"fmt"
	"math/bits"

	"rehearse/scenario"
)

// person names who sends an event: a rank of the skewed crowd, or, with hotBit
// set, an entry of the hot list.
type person uint32

const hotBit person = 1 << 31

// hot tells whether the person is on the hot list.
func (p person) hot() bool { return p&hotBit != 0 }

// population draws persons and names them. It takes the same memory for a
// thousand persons and for a thousand million.
type population struct {
	crowd    zipf
	seed     uint64
	hotShare float64 // of all events, by the whole hot list
	hot      alias
	names    []string // of the hot list
}

// newPopulation prepares the draws that s describes.
func newPopulation(s scenario.Population, seed uint64) population {
	p := population{crowd: newZipf(s.Count, s.Skew), seed: seed}
	var weights []float64
	for i, h := range s.Hot {
		name := h.ID
		if name == "" {
			name = fmt.Sprintf("hot-%d", i+1)
		}
		p.names = append(p.names, name)
		weights = append(weights, h.Share)
		p.hotShare += h.Share
	}
	if len(weights) > 0 {
		p.hot = newAlias(weights)
	}
	return p
}

// draw takes one person from s.
func (p *population) draw(s *scenario.Stream) person {
	if p.hotShare > 0 && s.Float64() < p.hotShare {
		return hotBit | person(p.hot.draw(s))
	}
	return person(p.crowd.draw(s))
}

// appendID appends who's distinct_id.
func (p *population) appendID(dst []byte, who person) []byte {
	if who.hot() {
		return append(dst, p.names[who&^hotBit]...)
	}
	dst = append(dst, "user_"...)
	return appendHex(dst, scramble(p.seed+uint64(who)))
}

// scramble maps 64-bit numbers one to one, so that no two ranks share an id
// (the finalizer of splitmix64).
func scramble(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// appendHex appends x as 16 hexadecimal digits.
func appendHex(dst []byte, x uint64) []byte {
	const digits = "0123456789abcdef"
	for range 16 {
		x = bits.RotateLeft64(x, 4)
		dst = append(dst, digits[x&15])
	}
	return dst
}
