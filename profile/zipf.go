package profile

import (
	"cmp"
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

// crowd is the Zipf law that synthesizes ids like the observed ones. It is not
// the fitted one: of count ids some are never drawn, and what is drawn is ranked
// by how it fell, not by the law. So the law is sought whose draws, ranked and
// fitted in the same way, come out like what was observed.
type crowd struct {
	Count int64   `json:"count"`
	Skew  float64 `json:"skew"`
}

// fitCrowd finds the crowd for what is left of r without the hot ids, which have so
// many events each, and without the anonymous ids, of which each merge synthesizes
// one with one event. It also returns what all of them together are expected to show.
func fitCrowd(r ranking, hot []int64, anonymous int64) (c crowd, shown ranking) {
	seen, events := r.totals()
	rest := events - anonymous
	for _, n := range hot {
		rest -= n
	}
	rest, seen = max(rest, 1), max(seen-int64(len(hot))-anonymous, 1)
	target := r.skew()
	low, high := 0.0, 4.0
	for range 18 {
		c.Skew = (low + high) / 2
		c.Count = countFor(c.Skew, rest, seen)
		shown = c.expect(rest, hot).with(anonymous)
		if shown.skew() < target {
			low = c.Skew
		} else {
			high = c.Skew
		}
	}
	return c, shown
}

// mostIDs is how many ids a scenario may have.
const mostIDs = 1_000_000_000

// countFor is how many ids there must be for so many to be seen in n draws.
func countFor(skew float64, n, seen int64) int64 {
	low, high := seen, max(seen, min(seen*64, mostIDs))
	for low < high {
		middle := (low + high) / 2
		if (crowd{middle, skew}).expectSeen(n) < float64(seen) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// expectSeen is how many different ids n draws are expected to show:
// Σ 1 - exp(-n p(r)), beyond the first ranks in steps of one per cent.
func (c crowd) expectSeen(n int64) float64 {
	scale := float64(n) / c.weight()
	sum, count := 0.0, float64(c.Count)
	for r := 1.0; r <= count; {
		width := 1.0
		if r > exactRanks {
			width = min(math.Floor(r/100), count-r+1)
		}
		sum += width * -math.Expm1(-scale*math.Pow(r+(width-1)/2, -c.Skew))
		r += width
	}
	return sum
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

// fewEvents is up to how many events an id is expected to have for chance to matter.
const fewEvents = 30

// expect is the ranking that n events of the crowd are expected to show beside those
// of the hot ids: how often an id of a rank is drawn follows Poisson's law. Beyond
// the first ranks it goes in steps of one per cent, so that it takes no longer for
// many ids than for few.
func (c crowd) expect(n int64, hot []int64) ranking {
	runs := newRanking(slices.Clone(hot), 1)
	var few [4 * fewEvents]float64 // how many ids have so many events
	scale := float64(n) / c.weight()
	for r := int64(1); r <= c.Count; {
		width := int64(1)
		if r > exactRanks {
			width = min(r/100, c.Count-r+1)
		}
		mean := scale * math.Pow(float64(r)+float64(width-1)/2, -c.Skew)
		if mean > fewEvents {
			runs = append(runs, run{int64(math.Round(mean)), width})
		} else {
			addPoisson(few[:], mean, float64(width))
		}
		r += width
	}
	return append(runs, wholeIDs(few[:])...).sorted()
}

// addPoisson adds how many of so many ids have 1, 2, 3 … events, if the mean is that.
func addPoisson(ids []float64, mean, width float64) {
	p := width * math.Exp(-mean)
	for k := 1; k < len(ids); k++ {
		p *= mean / float64(k)
		ids[k] += p
	}
}

// wholeIDs rounds how many ids have so many events, so that the busiest k of them are
// as many as they were, for any k.
func wholeIDs(ids []float64) (r ranking) {
	sum, given := 0.0, int64(0)
	for k := len(ids) - 1; k > 0; k-- {
		sum += ids[k]
		if n := int64(math.Round(sum)) - given; n > 0 {
			r = append(r, run{int64(k), n})
			given += n
		}
	}
	return r
}

// sorted puts runs in order and joins those of one count.
func (r ranking) sorted() ranking {
	slices.SortFunc(r, func(a, b run) int { return cmp.Compare(b.events, a.events) })
	joined := r[:0]
	for _, u := range r {
		if last := len(joined) - 1; last >= 0 && joined[last].events == u.events {
			joined[last].ids += u.ids
			continue
		}
		joined = append(joined, u)
	}
	return joined
}

// with adds ids that have one event each.
func (r ranking) with(once int64) ranking {
	if last := len(r) - 1; last >= 0 && r[last].events == 1 {
		r[last].ids += once
		return r
	}
	if once > 0 {
		r = append(r, run{1, once})
	}
	return r
}
