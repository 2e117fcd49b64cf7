// Package rng draws numbers that depend on nothing but a seed and an index, so
// that everything about event i can be drawn again by anyone, in any order, on any
// machine. What it returns for a seed is a format: a change changes the bytes of
// every scenario. Nothing in it is for cryptography.
//
// Reading order:
//
//	stream.go       [Mix], and [Stream], a sequence of numbers of an index
//	inverse.go      [Inverse], which finds the index again
//	permutation.go  [Permutation], which scatters the numbers below a bound
package rng
