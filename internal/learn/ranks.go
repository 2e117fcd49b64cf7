package learn

import (
	"cmp"
	"math"
	"slices"
)

// RankGroup is so many ids with so many events each, as a scenario lists them.
type RankGroup struct {
	IDs    int64   `json:"ids"`
	Events float64 `json:"events"`
}

// The counts that a group of ranks joins: below exactCounts every count has a group
// of its own, above it those that are groupWidth apart at most.
const (
	exactCounts = 24
	groupWidth  = 1.04
)

// groups joins ids with about as many events, the busiest first. There is always one: a
// scenario needs a person to send the events.
func (r ranking) groups() []RankGroup {
	var groups []RankGroup
	for i := 0; i < len(r); {
		most, ids, events := r[i].events, int64(0), int64(0)
		for ; i < len(r) && belongs(r[i].events, most); i++ {
			ids += r[i].ids
			events += r[i].ids * r[i].events
		}
		groups = append(groups, RankGroup{ids, float64(events) / float64(ids)})
	}
	if len(groups) == 0 {
		return []RankGroup{{1, 1}}
	}
	return groups
}

// belongs reports whether a count joins the group of a larger one.
func belongs(events, most int64) bool {
	return events == most || events >= exactCounts && float64(most) <= groupWidth*float64(events)
}

// rounded is the ranking that groups show.
func rounded(groups []RankGroup) (r ranking) {
	for _, g := range groups {
		low := int64(g.Events)
		more := int64(math.Round((g.Events - float64(low)) * float64(g.IDs)))
		for _, u := range []run{{low + 1, more}, {low, g.IDs - more}} {
			if u.ids > 0 && u.events > 0 {
				r = append(r, u)
			}
		}
	}
	return r
}

// after is what follows the n busiest.
func (r ranking) after(n int) (rest ranking) {
	left := int64(n)
	for _, u := range r {
		gone := min(left, u.ids)
		left -= gone
		u.ids -= gone
		if u.ids > 0 {
			rest = append(rest, u)
		}
	}
	return rest
}

// withoutQuiet is what is left without as many of the ids with the fewest events.
func (r ranking) withoutQuiet(ids int64) ranking {
	rest := slices.Clone(r)
	for len(rest) > 0 && ids > 0 {
		last := &rest[len(rest)-1]
		gone := min(ids, last.ids)
		last.ids -= gone
		ids -= gone
		if last.ids == 0 {
			rest = rest[:len(rest)-1]
		}
	}
	return rest
}

// withoutNone leaves out ids without an event.
func (r ranking) withoutNone() ranking {
	return slices.DeleteFunc(r, func(u run) bool { return u.events == 0 })
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
	if once == 0 {
		return r
	}
	return append(r, run{1, once}).sorted()
}

// shares says how much the busiest have.
func (r ranking) shares() Shares {
	seen, events := r.totals()
	share := func(n int64) float64 { return float64(r.sum(n)) / float64(max(events, 1)) }
	once := int64(0)
	if last := len(r) - 1; last >= 0 && r[last].events == 1 {
		once = r[last].ids
	}
	return Shares{
		Top1: share(1), Top10: share(10), Top20: share(20), Top100: share(100),
		TopPercent: share(onePercent(seen)), TopTenPercent: share(max((seen+5)/10, 1)),
		Once: float64(once) / float64(max(seen, 1)),
	}
}

// onePercent is how many of so many ids are one in a hundred: one at least.
func onePercent(ids int64) int64 { return max((ids+50)/100, 1) }
