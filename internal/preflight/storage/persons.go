package storage

import (
	"math"

	"rehearse/internal/capture/pipeline"
)

// Crowd is a population whose persons get merges as they get events.
type Crowd struct {
	Persons int64
	Share   func(rank int64) float64 // of the merges of the crowd that a person gets
	Merges  float64                  // of the crowd
	FanIn   float64                  // merges into the one person of fan-in
	Wide    float64                  // merges of all ids that this one has so far
}

// bins is how finely the ranks of a crowd are looked at.
const bins = 600

// bin are neighbouring ranks that get about as many merges each.
type bin struct{ persons, mean float64 }

// Sizes are how many ids the persons have who have more than one: each has its own, and
// one more for each merge, of which chance deals the number (Poisson).
func (c *Crowd) Sizes() (s pipeline.IDSizes) {
	all := c.bins()
	joined := 0.0 // persons with a merge
	for _, b := range all {
		joined += b.persons * -math.Expm1(-b.mean)
	}
	if joined >= 0.5 {
		s = pipeline.IDSizes{P50: 1 + quantile(all, 0.5*joined), P99: 1 + quantile(all, 0.01*joined),
			Max: 1 + quantile(all, min(0.5, joined/2))}
	}
	if c.FanIn >= 1 {
		_, widest := c.wide()
		one := int64(math.Round(widest))
		s.Max = max(s.Max, one)
		if joined < 0.5 {
			s.P50, s.P99 = one, one
		}
	}
	return s
}

// wide is into how many persons the one of fan-in is merged, and how many ids that one has
// at the end: each of them adds those that it has, and a second merge into one of them moves
// nothing.
func (c *Crowd) wide() (merges, ids float64) {
	ids = 1 + c.FanIn
	if c.Wide <= 0 {
		return 0, ids
	}
	for _, b := range c.bins() {
		met := b.persons * -math.Expm1(-c.Wide*b.mean/max(c.Merges, 1))
		merges, ids = merges+met, ids+met*(1+b.mean)
	}
	return merges, ids
}

// bins cuts the ranks into pieces that grow with the rank.
func (c *Crowd) bins() (all []bin) {
	step := math.Pow(float64(c.Persons)+1, 1.0/bins)
	for rank := int64(0); rank < c.Persons; {
		next := min(max(rank+1, int64(float64(rank+1)*step)-1), c.Persons)
		all = append(all, bin{float64(next - rank), c.Merges * c.Share((rank+next)/2)})
		rank = next
	}
	return all
}

// quantile is the least number of merges, from one on, which no more persons exceed.
func quantile(all []bin, persons float64) int64 {
	more := func(n int64) (sum float64) {
		for _, b := range all {
			sum += b.persons * above(b.mean, n)
		}
		return sum
	}
	low, high := int64(0), int64(1)
	for more(high) > persons && high < math.MaxInt32 {
		low, high = high, 2*high
	}
	for low+1 < high {
		if middle := (low + high) / 2; more(middle) > persons {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// above is the probability that a Poisson number with a mean is more than n.
func above(mean float64, n int64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > 200 { // as a normal number
		return math.Erfc((float64(n)+0.5-mean)/math.Sqrt(2*mean)) / 2
	}
	if float64(n) > mean+20*math.Sqrt(mean)+20 {
		return 0
	}
	term, sum := math.Exp(-mean), 0.0
	for k := int64(0); k <= n; k++ {
		sum += term
		term *= mean / float64(k+1)
	}
	return max(1-sum, 0)
}

// Joined is what the merges of the crowd come to, under a limit. before is how many events
// an id has before its merge.
func (c *Crowd) Joined(limit pipeline.MergeLimit, before float64) pipeline.MergeTotals {
	j := pipeline.MergeTotals{IDs: c.Sizes(), Moved: pipeline.IDSizes{P50: 1, P99: 1, Max: 1}}
	single := c.Merges + c.FanIn
	moves := single
	if c.Wide >= 1 {
		wide, most := c.wide() // the ids grow with the run
		mean := most / 2
		if l := float64(limit.IDs); l > 0 && most > l {
			late := 1 - l/most // share of the run in which it has more than the limit
			j.Beyond = int64(math.Round(wide * late))
			if !limit.Async {
				mean, wide = l/2, wide*(1-late)
				most = l
			}
		}
		moves += mean * wide
		j.Moved.Max = int64(math.Round(most * wide / (wide + 1))) // the last comes before the end
		if c.Wide > 0.01*(single+c.Wide) {
			j.Moved.P99 = j.Moved.Max
		}
	}
	if single+c.Wide < 0.5 {
		return pipeline.MergeTotals{}
	}
	j.Moves, j.Rewritten = int64(math.Round(moves)), int64(math.Round(single*before))
	return j
}
