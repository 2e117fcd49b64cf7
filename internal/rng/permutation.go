package rng

import (
	"math"
	"math/bits"
)

// Permutation maps the numbers below a bound one to one: a Feistel network over a
// rectangle that is hardly larger, walked along until it comes back below the bound
// (J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002).
// It is a value and may be copied.
type Permutation struct {
	key           uint64
	bound         uint64
	rows, columns uint64 // of the rectangle
}

// NewPermutation returns the permutation of a key of the numbers from 0 to bound-1.
// A bound below 1 counts as 1.
func NewPermutation(key uint64, bound int64) Permutation {
	p := Permutation{key: key, bound: uint64(max(bound, 1))}
	p.columns = uint64(math.Ceil(math.Sqrt(float64(p.bound))))
	p.rows = (p.bound + p.columns - 1) / p.columns
	return p
}

// At returns the number that i is mapped to, for i from 0 and below the bound.
func (p *Permutation) At(i int64) int64 {
	for x := uint64(i); ; {
		row, column := x/p.columns, x%p.columns
		for round := range uint64(2) {
			row = step(row, Mix(column+p.key+round*Gamma), p.rows)
			column = step(column, Mix(row-p.key+round*0xd1342543de82ef95), p.columns)
		}
		if x = row*p.columns + column; x < p.bound {
			return int64(x)
		}
	}
}

// step adds to a number below a bound another that is drawn from it.
func step(x, draw, bound uint64) uint64 {
	more, _ := bits.Mul64(draw, bound)
	x += more
	if x >= bound {
		x -= bound
	}
	return x
}
