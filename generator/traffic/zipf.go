package traffic

import (
	"math"
	"math/bits"

	"rehearse/internal/rng"
)

// zipf draws ranks 0 … count-1 with P(rank) ∝ (rank+1)^-skew, for any skew ≥ 0,
// in constant time, with a few thousand numbers of memory whatever the count.
//
// The first ranks, which a skewed crowd hits most, have a column each in a table
// of exact shares. All others lie in segments, at most 64 from a number to its
// double, that have a column each as well. Within a segment the shares differ by
// a percent or so: a rank is drawn evenly and kept with the probability by which
// it is rarer than the first, which hardly ever needs to be worked out.
type zipf struct {
	columns  weightedSampler
	ranks    int64 // with a column of their own
	segments []rankSegment
	skew     float64
	whole    float64 // sum of all ranks' weights
}

// rankSegment is a stretch of neighbouring ranks.
type rankSegment struct {
	first, count int64   // ranks from 1
	sure         float64 // the least probability with which one of them is kept
}

// headRanks is how many ranks have a column of their own: a processor's cache
// holds them.
const headRanks = 2048

// segmentsPerDoubling divides the ranks from a number to its double.
const segmentsPerDoubling = 64

// newZipf prepares draws from count ranks. count is at least 1.
func newZipf(count int64, skew float64) zipf {
	z := zipf{ranks: min(count, headRanks), skew: skew}
	var weights []float64
	for i := range z.ranks {
		weights = append(weights, math.Pow(float64(i+1), -skew))
	}
	for first := z.ranks + 1; first <= count; {
		doubling := int64(1) << (bits.Len64(uint64(first)) - 1)
		next := min(first+doubling/segmentsPerDoubling, count+1)
		z.segments = append(z.segments, rankSegment{
			first: first, count: next - first,
			sure: math.Pow(float64(next-1)/float64(first), -skew),
		})
		weights = append(weights, sumOfBars(float64(first), float64(next-1), skew))
		first = next
	}
	for _, w := range weights {
		z.whole += w
	}
	z.columns = newWeightedSampler(weights)
	return z
}

// draw takes one rank from s.
func (z *zipf) draw(s *rng.Stream) int64 {
	i := int64(z.columns.draw(s))
	if i < z.ranks {
		return i
	}
	g := &z.segments[i-z.ranks]
	for {
		k := g.first + int64(s.Below(uint64(g.count)))
		u := s.Float64()
		if u < g.sure || u < math.Pow(float64(k)/float64(g.first), -z.skew) {
			return k - 1
		}
	}
}

// share is the probability of a rank.
func (z *zipf) share(rank int64) float64 { return math.Pow(float64(rank+1), -z.skew) / z.whole }

// different is how many different ranks n draws are expected to meet.
func (z *zipf) different(n float64) float64 {
	met, _ := z.misses().met(n)
	return met
}

// once is how many ranks n draws are expected to meet once.
func (z *zipf) once(n float64) float64 {
	met := func(share float64) float64 { return n * share * math.Exp(-n*share) }
	sum := 0.0
	for r := range z.ranks {
		sum += met(z.share(r))
	}
	for _, g := range z.segments {
		sum += float64(g.count) * met(z.share(g.first-1+g.count/2))
	}
	return sum
}

// rankMisses says how likely a draw misses each rank of a law: of the ranks of a segment,
// as likely as its middle one, which what is added up is off by less than a part in 10^4
// for (TestDifferent). The logarithms are taken once for all numbers of draws.
type rankMisses []rankMiss

// rankMiss is how likely a draw misses each of some ranks.
type rankMiss struct {
	log   float64 // of the probability
	ranks float64
}

// misses prepares sums over the ranks.
func (z *zipf) misses() rankMisses {
	all := make(rankMisses, 0, int(z.ranks)+len(z.segments))
	add := func(rank, ranks int64) {
		all = append(all, rankMiss{math.Log1p(-min(z.share(rank), 1-1e-16)), float64(ranks)})
	}
	for r := range z.ranks {
		add(r, 1)
	}
	for _, g := range z.segments {
		add(g.first-1+g.count/2, g.count)
	}
	return all
}

// met is how many different ranks n draws are expected to meet, and how many more
// another draw would: each is missed by all of them with the probability (1 - share)^n.
func (r rankMisses) met(n float64) (different, more float64) {
	for _, m := range r {
		met := -math.Expm1(n * m.log)
		different += m.ranks * met
		more -= m.ranks * m.log * (1 - met)
	}
	return different, more
}

// draws is how many draws meet so many different ranks, fewer than there are, by
// Newton's method from a guess. The more draws, the fewer ranks another one adds, so
// that from below every step is towards the number and none beyond it.
func (r rankMisses) draws(different, guess float64) float64 {
	n := guess
	for range mostSteps {
		met, more := r.met(n)
		next := max(n+(different-met)/more, 0)
		if math.Abs(next-n) <= 1e-13*next || next > mostDraws {
			return min(next, mostDraws)
		}
		n = next
	}
	return n
}

// What bounds the search for a number of draws. From any guess it takes about ten
// steps, and two or three from the number for another block of the same run.
const (
	mostSteps = 200
	mostDraws = 1e18
)

// sumOfBars is the sum of k^-skew for first ≤ k ≤ last: the integral between the
// midpoints, corrected by the next term of Euler and Maclaurin's formula. From
// headRanks on, what is left out is below a part in 10^12.
func sumOfBars(first, last, skew float64) float64 {
	low, high := first-0.5, last+0.5
	slope := func(x float64) float64 { return -skew * math.Pow(x, -skew-1) }
	return integral(low, high, skew) - (slope(high)-slope(low))/24
}

// integral is that of x^-skew from low to high: low^(1-skew) · (e^d - 1) / (1-skew)
// with d = (1-skew) · log(high/low), written so that nothing cancels as skew
// nears 1.
func integral(low, high, skew float64) float64 {
	flat, span := 1-skew, math.Log(high/low)
	if flat == 0 {
		return span
	}
	return math.Exp(flat*math.Log(low)) * math.Expm1(flat*span) / flat
}

// weightedSampler draws an index with the probability of its weight in constant time
// (A. J. Walker 1977, with M. D. Vose's linear set-up of 1991): a column is
// chosen evenly, then either it or the one that fills it up.
type weightedSampler []samplerColumn

// samplerColumn is one of the columns that are chosen evenly.
type samplerColumn struct {
	keep  uint64 // below this the column itself is meant
	other uint32
}

// newWeightedSampler prepares draws. weights holds at least one positive number.
func newWeightedSampler(weights []float64) weightedSampler {
	n := len(weights)
	a := make(weightedSampler, n)
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	fill := make([]float64, n)
	var small, large []int
	for i, w := range weights {
		fill[i] = w * float64(n) / sum
		a[i] = samplerColumn{^uint64(0), uint32(i)}
		if fill[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a[s] = samplerColumn{uint64(fill[s]*(1<<63)) << 1, uint32(l)}
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
func (a weightedSampler) draw(s *rng.Stream) int {
	i, rest := bits.Mul64(s.Uint64(), uint64(len(a)))
	c := &a[i]
	_, keep := bits.Sub64(rest, c.keep, 0) // 1 if rest is less, which is so as often as not: no branch tells it
	other := uint64(c.other)
	return int(other ^ (other^i)&-keep)
}
