package generator

import (
	"math"

	"rehearse/scenario"
)

// zipf draws ranks 0 … count-1 with P(rank) ∝ (rank+1)^-skew, for any skew ≥ 0,
// in constant time and memory whatever the count.
//
// The first ranks, which a skewed crowd hits most, come from a table of their
// exact shares; its last column stands for all ranks beyond, which are drawn by
// inversion.
type zipf struct {
	head  alias
	ranks int64 // in the table
	tail  tail
}

// headRanks is how many ranks the table holds: it fits a processor's cache.
const headRanks = 2048

// newZipf prepares draws from count ranks. count is at least 1.
func newZipf(count int64, skew float64) zipf {
	z := zipf{ranks: min(count, headRanks)}
	weights := make([]float64, z.ranks, z.ranks+1)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -skew)
	}
	if count > z.ranks {
		z.tail = newTail(z.ranks, count, skew)
		weights = append(weights, z.tail.weight())
	}
	z.head = newAlias(weights)
	return z
}

// draw takes one rank from s.
func (z *zipf) draw(s *scenario.Stream) int64 {
	if i := int64(z.head.draw(s)); i < z.ranks {
		return i
	}
	return z.tail.draw(s)
}

// tail draws ranks from first to count-1 by rejection-inversion (W. Hörmann and
// G. Derflinger, "Rejection-inversion to generate variates from monotone
// discrete distributions", ACM TOMACS 6(3), 1996): a uniform point under the
// integral H of h(x) = x^-skew is inverted, rounded to the nearest rank, and
// kept if it lies under that rank's own bar.
type tail struct {
	first, count float64 // ranks from 1: first+1 … count
	skew, flat   float64 // flat is 1 - skew
	low, high    float64 // H at the two ends
	sure         float64 // a point this close below its rank is under the bar for certain
}

// newTail prepares draws of the ranks beyond the first ones.
func newTail(first, count int64, skew float64) tail {
	t := tail{first: float64(first), count: float64(count), skew: skew, flat: 1 - skew}
	t.low = t.integral(t.first + 0.5)
	t.high = t.integral(t.count + 0.5)
	next := t.first + 1
	t.sure = next - t.inverse(t.integral(next+0.5)-t.bar(next))
	return t
}

// weight is the sum of k^-skew over the tail: the integral, corrected by the
// next term of Euler and Maclaurin's formula at midpoints. What is left out is
// below a part in 10^12.
func (t *tail) weight() float64 {
	slope := func(x float64) float64 { return -t.skew * t.bar(x) / x }
	return t.high - t.low - (slope(t.count+0.5)-slope(t.first+0.5))/24
}

// draw takes one rank, counted from 0, from s.
func (t *tail) draw(s *scenario.Stream) int64 {
	for {
		u := t.low + s.Float64()*(t.high-t.low)
		x := t.inverse(u)
		k := min(max(math.Floor(x+0.5), t.first+1), t.count)
		if k-x <= t.sure || u >= t.integral(k+0.5)-t.bar(k) {
			return int64(k) - 1
		}
	}
}

// bar is h(x) = x^-skew.
func (t *tail) bar(x float64) float64 { return math.Exp(-t.skew * math.Log(x)) }

// nearOne is how close to 1 a skew may be before H is taken by its series in
// 1-skew, where the closed form would cancel.
const nearOne = 1e-5

// integral is H(x) = (x^(1-skew) - 1) / (1-skew), which tends to log x.
func (t *tail) integral(x float64) float64 {
	l := math.Log(x)
	if d := t.flat * l; math.Abs(t.flat) < nearOne {
		return l * (1 + d/2*(1+d/3))
	}
	return (math.Exp(t.flat*l) - 1) / t.flat
}

// inverse undoes integral.
func (t *tail) inverse(y float64) float64 {
	if d := t.flat * y; math.Abs(t.flat) < nearOne {
		return math.Exp(y * (1 - d/2*(1-2*d/3)))
	}
	return math.Exp(math.Log(1+t.flat*y) / t.flat)
}
