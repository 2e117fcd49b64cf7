package compare

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// alpha is how often two runs of one build may seem to differ in anything, by
// chance. The measures of a comparison share it as Holm says (see settle).
const alpha = 0.02

// contrast is the samples of one measure in two runs. What is asked of them is
// not whether they differ, for two runs always do, but whether they differ by
// more than a tolerance: the test holds B against A moved by that much.
type contrast struct {
	a, b   []float64
	points bool    // differences count, and not ratios: the measure is a share
	margin float64 // the tolerance, as a share of A, or in points
}

// moved is A, greater or less by the tolerance.
func (c *contrast) moved(sign float64) []float64 {
	moved := slices.Clone(c.a)
	for i := range moved {
		if c.points {
			moved[i] += sign * c.margin
		} else {
			moved[i] *= 1 + sign*c.margin
		}
	}
	return moved
}

// p is how often chance alone takes samples of B so far beyond the tolerance, in
// the direction of change; 1 if their medians are within it. The test is that of
// Mann and Whitney, its standard score made smaller by what neighbouring samples
// have in common: n correlated samples say as much as n/inflation independent
// ones.
func (c *contrast) p(change float64) float64 {
	if !(math.Abs(change) > c.margin) {
		return 1
	}
	moved := c.moved(math.Copysign(1, change))
	test := benchmath.AssumeNothing.Compare(newSample(moved), newSample(c.b))
	return c.inflated(test.P)
}

// inflated is a p of independent samples for these, whose standard score is
// smaller.
func (c *contrast) inflated(p float64) float64 {
	return math.Erfc(math.Erfcinv(max(p, math.SmallestNonzeroFloat64)) / math.Sqrt(c.inflation()))
}

// newSample is a sample of a copy of the values.
func newSample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

// mostCorrelated is where estimates of correlation end: few samples give wild
// ones, and beyond this nothing would be found by them.
const mostCorrelated = 0.5

// inflation is how many times as wide chance spreads as it would if the samples
// were independent: (1 + r) / (1 - r) for a correlation r of neighbours (an
// autoregressive process of the first order). It is that of B against A at the same
// place of the run, so that a course that the load gives both of them, a ramp,
// does not count; of ranks, because a burst would hide it; and only what exceeds
// the standard error of its estimate.
func (c *contrast) inflation() float64 {
	n := min(len(c.a), len(c.b))
	beside := make([]float64, n)
	for i := range beside {
		beside[i] = c.against(c.a[i], c.b[i])
	}
	r := neighbours(ranks(beside)) - 1/math.Sqrt(float64(n))
	r = min(max(r, 0), mostCorrelated)
	return (1 + r) / (1 - r)
}

// against sets a value of B against one of A.
func (c *contrast) against(a, b float64) float64 {
	if c.points || a == 0 && b == 0 {
		return b - a
	}
	return b / a
}

// ranks gives each value its place in ascending order; equal ones share theirs.
func ranks(values []float64) []float64 {
	ascending := slices.Sorted(slices.Values(values))
	places := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(ascending, v)
		for end := first; end < len(ascending) && ascending[end] == v; end++ {
			places[i] = float64(first+end) / 2
		}
	}
	return places
}

// neighbours is the correlation of each rank with the next; 0 if all are equal.
func neighbours(ranks []float64) float64 {
	mean := float64(len(ranks)-1) / 2 // exactly, so that equal ranks do not differ from it
	var all, pairs float64
	for i, v := range ranks {
		all += (v - mean) * (v - mean)
		if i > 0 {
			pairs += (v - mean) * (ranks[i-1] - mean)
		}
	}
	if all == 0 {
		return 0
	}
	return pairs / all
}

// sees is the smallest change that would have been found among so many measures,
// with samples that spread as these do: the tolerance, and on top of it how far
// the bounds of Hodges and Lehmann's estimate lie from it. These are order
// statistics of all pairs of a sample of A and one of B, the normal approximation
// of the same test turned round. +Inf: no change would have been.
func (c *contrast) sees(measures int) float64 {
	var pairs []float64
	for _, a := range c.a {
		for _, b := range c.b {
			pairs = append(pairs, c.against(a, b))
		}
	}
	slices.Sort(pairs)
	n, m := float64(len(c.a)), float64(len(c.b))
	score := math.Sqrt2 * math.Erfcinv(alpha/float64(measures))
	k := int(math.Floor(n*m/2 - score*math.Sqrt(c.inflation()*n*m*(n+m+1)/12)))
	if k < 0 && c.inflated(apart(len(c.a), len(c.b))) < alpha/float64(measures) {
		k = 0 // so few that the approximation is not good, yet enough
	}
	if k < 0 {
		return math.Inf(1)
	}
	low, high := pairs[k], pairs[len(pairs)-1-k]
	if c.points {
		return c.margin + (high-low)/2
	}
	if low <= 0 || math.IsInf(high, 1) {
		return math.Inf(1)
	}
	return (1+c.margin)*math.Sqrt(high/low) - 1
}

// apart is the p of samples all of which are greater than all of the other run: of
// the ways to choose n of n + m, two.
func apart(n, m int) float64 {
	ways := 1.0
	for i := 1; i <= n; i++ {
		ways *= float64(m+i) / float64(i)
	}
	return 2 / ways
}
