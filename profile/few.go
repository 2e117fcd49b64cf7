package profile

import "slices"

// FitOthers finds the Zipf law for the ids that a table of the busiest leaves out,
// or lists below its first hot rows. The counts are those of the table, others is
// how many events all the ids have that are not hot. Nobody is busier than the last
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
