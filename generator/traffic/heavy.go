package traffic

import (
	"cmp"
	"slices"
)

// Heavy is an id with a part of all events that is known beforehand.
type Heavy struct {
	DistinctID string
	Share      float64 // of the events of the run
	Exact      bool    // it is met to the event, or nearly; false: an expectation
}

// Heavy lists ids as they are sent, those with the most events first: all of the
// hot list, those that are never merged, the one of fan-in merges, and as many
// ranks of the crowd. c says what part of the events the crowd has.
func (m *Model) Heavy(c *Census, ranks int64) []Heavy {
	shares := map[string]Heavy{}
	add := func(id string, share float64, exact bool) {
		h, known := shares[id]
		shares[id] = Heavy{id, h.Share + share, exact && (h.Exact || !known)}
	}
	total := float64(m.planner.total)
	for _, q := range m.planner.quotas {
		switch q.card.mark {
		case markHot:
			add(m.planner.people.hot[q.card.hot], float64(q.want)/total, true)
		case markIllegalID:
			for _, id := range illegalIDs {
				add(id, float64(q.want)/total/float64(len(illegalIDs)), false)
			}
		}
	}
	events := float64(max(c.Events, 1))
	if c.FanIn > 0 {
		fanIn := m.planner.people.fanIn()
		add(string(m.planner.people.appendID(nil, fanIn)), float64(c.FanIn)/events, false)
	}
	for r := range min(ranks, m.planner.people.count) {
		add(string(m.planner.people.appendID(nil, person(r))), c.head.share(r)*float64(c.Crowd)/events, false)
	}
	all := make([]Heavy, 0, len(shares))
	for _, h := range shares {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Heavy) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.DistinctID, b.DistinctID))
	})
	return all
}

// Persons is how many different ids a run of total events is expected to use, if
// it is like what c counted: ranks of the crowd, persons who join, and anonymous
// ids. Events of one visit are one draw from the crowd, so the draws are reckoned
// back from the different persons that a block has.
func (m *Model) Persons(c *Census) (crowd, joined, anonymous float64) {
	total := float64(m.planner.total)
	scale := total / float64(max(c.Events, 1))
	if c.Met > 0 {
		crowd = c.head.different(m.draws(c))
	}
	return crowd, min(float64(c.MetJoined)*scale, float64(m.planner.join.want)), float64(c.New) * scale
}

// draws is how often a run draws from the crowd.
func (m *Model) draws(c *Census) float64 {
	if l := c.head.listed; l != nil {
		return float64(l.turns)
	}
	blocks := float64(max(c.Blocks, 1))
	draws := c.head.draws(min(float64(c.Met)/blocks, float64(m.planner.people.count)*0.999))
	return draws * blocks * float64(m.planner.total) / float64(max(c.Events, 1))
}

// Once is the share of the ids of a run that are expected to have one event, if it is
// like what c counted; false where visits leave that open.
func (m *Model) Once(c *Census) (share float64, ok bool) {
	if m.planner.rules.goOn > 0 || m.planner.rules.anonymous > 0 {
		return 0, false
	}
	crowd, joined, anonymous := m.Persons(c)
	hot, copied := 0.0, 0.0
	for _, q := range m.planner.quotas {
		switch q.card.mark {
		case markHot:
			hot++
		case markResent, markCopied:
			copied += float64(q.want)
		}
	}
	single := 1 - copied/max(float64(m.planner.total)*float64(c.Crowd)/float64(max(c.Events, 1)), 1)
	once := c.head.once(m.draws(c))*max(single, 0) + anonymous
	return once / max(crowd+joined+anonymous+hot, 1), true
}
