package rng

import (
	"math"
	"math/bits"
)

// Stream is a short sequence of random numbers that depends on nothing but a
// seed and an index, so that everything about event i can be drawn again by
// anyone, in any order. It is SplitMix64: Steele, Lea and Flood, "Fast
// Splittable Pseudorandom Number Generators" (OOPSLA 2014), with the mixing
// constants of Vigna's splitmix64.c (public domain). The zero Stream is usable.
// It is a value: copy it to replay it. It is not for cryptography.
type Stream struct{ state uint64 }

// Streams are the streams of one seed.
type Streams struct{ base uint64 }

// NewStreams returns those of a seed.
func NewStreams(seed uint64) Streams { return Streams{Mix(seed + Gamma)} }

// Stream returns the stream of an index, as NewStream does.
func (s Streams) Stream(index uint64) Stream { return Stream{Mix(s.base + index*Gamma)} }

// Gamma is 2^64 divided by the golden ratio, the step between two states.
const Gamma = 0x9e3779b97f4a7c15

// NewStream returns the stream of an index. For one seed all indices have
// different first numbers, because each step below is a bijection.
func NewStream(seed, index uint64) Stream {
	return NewStreams(seed).Stream(index)
}

// Mix spreads every bit of z over all bits. It is invertible, so different numbers
// stay different (the finalizer of SplitMix64).
func Mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 returns 64 uniform bits.
func (s *Stream) Uint64() uint64 {
	s.state += Gamma
	return Mix(s.state)
}

// Float64 returns a uniform number in [0, 1), a multiple of 2^-53.
func (s *Stream) Float64() float64 { return Unit(s.Uint64()) }

// Unit turns 64 uniform bits into a number in [0, 1), a multiple of 2^-53.
func Unit(bits uint64) float64 { return float64(bits>>11) * 0x1p-53 }

// Below returns a uniform number in [0, n), and 0 for n = 0. It multiplies and
// shifts (Lemire 2019) without his rejection step: a number is favoured by at
// most n/2^64, which nobody can measure for the n of a scenario.
func (s *Stream) Below(n uint64) uint64 {
	high, _ := bits.Mul64(s.Uint64(), n)
	return high
}

// Exp returns an exponential number of mean 1.
func (s *Stream) Exp() float64 { return -math.Log(1 - s.Float64()) }

// Normal returns a normal number of mean 0 and deviation 1. It inverts the
// distribution function and so takes exactly one draw.
func (s *Stream) Normal() float64 {
	u := (float64(s.Uint64()>>11) + 0.5) * 0x1p-53
	return math.Sqrt2 * math.Erfinv(2*u-1)
}
