package preflight

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// lags are by how much partitions may differ in what was read of them, for which a
// report says how many merges would be read too early: a slow consumer, one that was
// restarted, one that is stuck.
var lags = [...]time.Duration{time.Second, 10 * time.Second, time.Minute}

// lagged counts the merges that would be read before an event of the id that they join,
// because that lies on another partition which is read later. Within a partition, events
// are read in the order in which they came.
type lagged struct {
	lags []time.Duration
	by   [][]int64 // by lag: merges whose source lies on a partition, its latest event nearer than that
}

// newLagged counts for the usual lags and one more.
func newLagged(partitions int, hazard time.Duration) lagged {
	g := lagged{lags: lags[:]}
	if hazard > 0 && !slices.Contains(g.lags, hazard) {
		g.lags = append(slices.Clone(g.lags), hazard)
		slices.Sort(g.lags)
	}
	for range g.lags {
		g.by = append(g.by, make([]int64, partitions))
	}
	return g
}

// add counts a merge from one partition to another, so long after the latest event of
// the id that it joins.
func (g *lagged) add(after time.Duration, from, to int) {
	for i, lag := range g.lags {
		if after < lag && from != to {
			g.by[i][from]++
		}
	}
}

// atMost is how many merges are read too early if partitions differ by a lag, however
// the lags lie.
func (g *lagged) atMost(lag time.Duration) (n int64) {
	if i := slices.Index(g.lags, lag); i >= 0 {
		for _, one := range g.by[i] {
			n += one
		}
	}
	return n
}

// ReadEarly is how many merges are read before an event of the id that they join, if
// partitions differ in lag.
type ReadEarly struct {
	LagS      float64 `json:"lag_s"`
	OneBehind int64   `json:"one_behind"` // if the busiest partition alone is behind all others
	AtMost    int64   `json:"at_most"`    // if any may be behind any other

	OneError float64 `json:"one_behind_error"` // half of a 95 % interval, as a share; 0: exact
	Error    float64 `json:"at_most_error"`
}

// rows lists what was counted of some events, for all of a run. Where events are known
// by when they are due, a merge may be a batch nearer to them than it seems.
func (g *lagged) rows(hottest int, seen, all int64) (rows []ReadEarly) {
	scale := float64(all) / float64(max(seen, 1))
	off := func(n int64) float64 {
		if seen == all {
			return 0
		}
		return sampling(n, seen)
	}
	for i, lag := range g.lags {
		one, most := g.by[i][hottest], g.atMost(lag)
		rows = append(rows, ReadEarly{
			LagS: lag.Seconds(), OneBehind: int64(math.Round(float64(one) * scale)), AtMost: int64(math.Round(float64(most) * scale)),
			OneError: off(one), Error: off(most),
		})
	}
	slices.SortFunc(rows, func(a, b ReadEarly) int { return cmp.Compare(a.LagS, b.LagS) })
	return rows
}
