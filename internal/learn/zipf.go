package learn

import (
	"math"
	"slices"
)

// skew is the exponent s of the bounded Zipf law P(rank) ~ rank^-s over as many
// ranks as there are ids, by maximum likelihood. The likelihood is highest where
// the mean of log rank over the events equals its expectation,
//
//	Σ n(r) ln r / Σ n(r) = Σ r^-s ln r / Σ r^-s
//
// whose right side falls with s: bisection finds it.
func (r ranking) skew() float64 {
	count, events := r.totals()
	if count < 2 {
		return 0
	}
	observed := r.sumLogRanks() / float64(events)
	low, high := 0.0, 10.0
	for range 60 {
		middle := (low + high) / 2
		if meanLogRank(middle, count) > observed {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// sumLogRanks is Σ n(r) ln r. Over ranks a+1 … b of one count, Σ ln r = ln b! - ln a!.
func (r ranking) sumLogRanks() float64 {
	sum, rank := 0.0, 0.0
	for _, u := range r {
		before, _ := math.Lgamma(rank + 1)
		rank += float64(u.ids)
		after, _ := math.Lgamma(rank + 1)
		sum += float64(u.events) * (after - before)
	}
	return sum
}

// exactRanks is how many ranks are summed one by one; beyond them the integral
// from half to half differs by less than the float.
const exactRanks = 1000

// meanLogRank is Σ r^-s ln r / Σ r^-s over ranks 1 to count.
func meanLogRank(s float64, count int64) float64 {
	var weight, logs float64
	for r := 1.0; r <= float64(min(count, exactRanks)); r++ {
		l := math.Log(r)
		w := math.Exp(-s * l)
		weight += w
		logs += w * l
	}
	if count > exactRanks {
		low, high := float64(exactRanks)+0.5, float64(count)+0.5
		weight += powerIntegral(s, low, high)
		logs += powerLogIntegral(s, low, high)
	}
	return logs / weight
}

// powerIntegral is ∫ x^-s dx, with u = ln x and d = 1-s: ∫ exp(d u) du.
func powerIntegral(s, low, high float64) float64 {
	d := 1 - s
	if d == 0 {
		return math.Log(high / low)
	}
	return (math.Expm1(d*math.Log(high)) - math.Expm1(d*math.Log(low))) / d
}

// powerLogIntegral is ∫ x^-s ln x dx: ∫ u exp(d u) du, by its series in d where
// the closed form would cancel.
func powerLogIntegral(s, low, high float64) float64 {
	d := 1 - s
	at := func(u float64) float64 { return math.Exp(d*u) * (d*u - 1) / (d * d) }
	if math.Abs(d) < 1e-4 {
		at = func(u float64) float64 { return u * u * (1.0/2 + d*u/3 + d*d*u*u/8) }
	}
	return at(math.Log(high)) - at(math.Log(low))
}

// crowd is so many ids whose events fall with the rank as rank^-Skew.
type crowd struct {
	Count int64   `json:"count"`
	Skew  float64 `json:"skew"`
}

// weight is Σ r^-s.
func (c crowd) weight() float64 {
	sum := 0.0
	for r := 1.0; r <= float64(min(c.Count, exactRanks)); r++ {
		sum += math.Pow(r, -c.Skew)
	}
	if c.Count > exactRanks {
		sum += powerIntegral(c.Skew, exactRanks+0.5, float64(c.Count)+0.5)
	}
	return sum
}

// FitOthers finds the Zipf law for the ids that a table of the busiest leaves out,
// or lists below its first hot rows. The counts are those of the table, others is
// how many events all the ids have that are not hot. None is busier than the last
// of the hot: the law is flattened until that is true. Where the table holds
// everybody, the law is that of the rows below the hot; else it is 1/rank or, where
// that falls faster, that of the table itself.
func FitOthers(counts []int64, hot int, others int64) (ids int64, skew float64) {
	r := newRanking(slices.Clone(counts), 1)
	if others < 1 || len(counts) == 0 || hot < 1 {
		return 1, 1
	}
	top := r.top(hot)
	least := top[len(top)-1]
	seen, events := r.totals()
	c := crowd{Count: max(1_000_000, others/least+1), Skew: 1}
	switch listed := r.after(hot); {
	case hot < int(seen) && float64(events-r.sum(int64(hot))) > 0.99*float64(others):
		c.Count, _ = listed.totals()
		c.Skew = listed.skew()
	case seen >= fewest:
		c.Skew = max(c.Skew, r.skew())
	}
	c.flatten(float64(others), float64(least))
	return c.Count, c.Skew
}

// fewest is how many ids tell of a law.
const fewest = 5

// flatten lowers the skew until the busiest of the crowd has no more than most of
// n events.
func (c *crowd) flatten(n, most float64) {
	if n/c.weight() <= most {
		return
	}
	low, high := 0.0, c.Skew
	for range 50 {
		c.Skew = (low + high) / 2
		if n/c.weight() > most {
			high = c.Skew
		} else {
			low = c.Skew
		}
	}
	c.Skew = low
}
