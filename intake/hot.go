package intake

import (
	"cmp"
	"math"
	"slices"

	"rehearse/profile"
)

// maxHot is how many of the busiest ids the scenario gives a share of their own.
const maxHot = 20

// leastShare is the smallest share that is worth a line.
const leastShare = 1e-9

// ids are the distinct_ids of the scenario: shares of the busiest, as fractions
// of all events, and the law that the others follow.
type ids struct {
	hot   []float64
	count int64 // of the others
	skew  float64
	cut   bool // the shares were more than merges leave room for
}

// ids tells how the events fall on distinct_ids. merges is the share of merges:
// those are never of a hot id, and each needs an ordinary event besides.
func (a *Answers) ids(merges float64) ids {
	if a.Hottest == nil {
		return ids{count: 1_000_000, skew: 1}
	}
	all := a.whole()
	counts := make([]int64, 0, len(a.Hottest.Rows))
	for _, r := range a.Hottest.Rows {
		if n := int64(math.Round(r.Value * all.scale)); n > 0 {
			counts = append(counts, n)
		}
	}
	slices.SortFunc(counts, func(a, b int64) int { return cmp.Compare(b, a) })
	var found ids
	room, hot := 1.0, 0
	if merges > 0 {
		room = max(1-2*merges-0.001, 0) // a thousandth, so that rounding finds no fault
	}
	rest := all.events
	for _, n := range counts[:min(maxHot, len(counts))] {
		share := float64(n) / float64(all.events)
		rest -= n
		hot++
		if share > room {
			found.cut, share = true, room
		}
		if room -= share; share > leastShare {
			found.hot = append(found.hot, share)
		}
	}
	found.count, found.skew = profile.FitOthers(counts, hot, max(rest, 0))
	return found
}

// whole is what the numbers of the table are parts of: so many events, and how
// many one of its units is.
type whole struct {
	events int64
	scale  float64
}

// whole takes the events that were announced. Nobody having said how many, the
// listed ids are taken for half of all.
func (a *Answers) whole() whole {
	sum := a.Hottest.sum()
	switch events := a.events(); {
	case a.Hottest.Share:
		const fine = 1_000_000_000
		return whole{int64(fine * max(1, sum/100)), fine / 100}
	case events > 0:
		return whole{max(events, int64(sum)), 1}
	}
	return whole{int64(min(2*sum, 1e18)), 1}
}
