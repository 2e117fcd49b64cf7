package traffic

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// Heavy is an id with a part of all events that is known beforehand.
type Heavy struct {
	DistinctID string
	Share      float64 // of the events of the run
	Error      float64 // half the width of a 95 % interval of it, as a share of it; 0: exact
	Clump      float64 // events of it that come together, on average
}

// Heavy lists ids as they are sent, those with the most events first: all of the
// hot list, those that are never merged, the one of fan-in merges, and as many
// of the crowd. What the census c did not look at is expected.
func (m *Model) Heavy(c *Census, most int64) []Heavy {
	h := weigher{m: m, c: c, total: float64(m.planner.total), shares: map[string]Heavy{}}
	h.rest = max(h.total-float64(c.Events), 0)
	h.clump = c.clump(m)
	for _, q := range m.planner.quotas {
		switch q.assigns.trait {
		case traitHot:
			h.add(m.planner.people.hot[q.assigns.hot], float64(q.want), 0, 1)
		case traitIllegalID:
			for i, id := range illegalIDs {
				left := (float64(q.want) - float64(c.Illegal)) / float64(len(illegalIDs))
				h.add(id, float64(c.illegal[i])+left, left, 1)
			}
		}
	}
	h.person(m.planner.people.fanIn(), float64(c.FanIn)/float64(max(c.Events, 1)))
	for _, who := range c.busiest(most, h.rest) {
		h.person(who, c.expected(who))
	}
	all := make([]Heavy, 0, len(h.shares))
	for _, one := range h.shares {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Heavy) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.DistinctID, b.DistinctID))
	})
	return all
}

// weigher adds up what ids have.
type weigher struct {
	m           *Model
	c           *Census
	total, rest float64 // events, and those that the census did not look at
	clump       float64
	shares      map[string]Heavy
}

// person adds a person who has a share of the events.
func (h *weigher) person(who person, share float64) {
	met, _ := h.c.people.get(uint64(who))
	seen, left := met.events, share*h.rest
	if seen+left > 0 {
		h.add(string(h.m.planner.people.appendID(nil, who)), seen+left, left*h.clump, h.clump)
	}
}

// add adds events to an id, of which the number has a variance.
func (h *weigher) add(id string, events, variance, clump float64) {
	before := h.shares[id]
	all := before.Share*h.total + events
	off := math.Hypot(before.Error*before.Share*h.total, 1.96*math.Sqrt(max(variance, 0)))
	h.shares[id] = Heavy{id, all / h.total, off / max(all, 1e-300), max(before.Clump, clump)}
}

// busiest are persons of the crowd and who joined, those with the most events first: of
// whom the census met, and of the first ranks.
func (c *Census) busiest(most int64, rest float64) []person {
	type weighed struct {
		who    person
		events float64
	}
	var all []weighed
	var sizes [1 << 10]int64 // how many have so many events
	add := func(who person, events float64) {
		all = append(all, weighed{who, events})
		sizes[min(int(events), len(sizes)-1)]++
	}
	floor, bounds := c.leastListed(most)*rest, c.bounds()
	c.people.each(func(number uint64, t *personTally) {
		who := person(number)
		if !who.hot() && t.events+bounds[bits.Len64(number+1)]*rest >= floor {
			add(who, t.events+c.expected(who)*rest)
		}
	})
	for r := range min(most, c.ranks) {
		if _, met := c.people.get(uint64(r)); !met && !c.Whole {
			add(person(r), c.expected(person(r))*rest)
		}
	}
	least := len(sizes) - 1
	for found := sizes[least]; found < most && least > 0; found += sizes[least] {
		least--
	}
	all = slices.DeleteFunc(all, func(w weighed) bool { return w.events < float64(least) })
	slices.SortFunc(all, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.who, b.who))
	})
	busiest := make([]person, min(int64(len(all)), most))
	for i := range busiest {
		busiest[i] = all[i].who
	}
	return busiest
}

// leastListed is the share of the events that so many persons have at least: the first
// ranks, of a law.
func (c *Census) leastListed(most int64) float64 {
	if most > c.ranks || c.head.listed != nil {
		return 0
	}
	return c.expected(person(most - 1))
}

// bounds are what expected is at most, by how many binary digits the number of a rank from 1
// has: the share of the first rank with as many. Of a list they are not used.
func (c *Census) bounds() (atMost [bits.UintSize + 1]float64) {
	for digits := 1; digits < len(atMost); digits++ {
		atMost[digits] = c.expected(person(1<<(digits-1) - 1))
	}
	return atMost
}

// expected is the share of the events that a ranked person has.
func (c *Census) expected(who person) float64 {
	if c.Whole || int64(who) >= c.ranks || c.Events == 0 {
		return 0
	}
	return c.head.share(int64(who)) * float64(c.Crowd) / float64(c.Events)
}

// clumped is how many of the first ranks tell how events come together.
const clumped = 64

// clump is how many times as large the variance of a person's number of events is as
// its mean: events of a session come together. It is measured between the blocks, or
// where there is but one follows from the length of sessions.
func (c *Census) clump(m *Model) float64 {
	blocks := float64(c.Blocks)
	if blocks < 2 {
		return max(2/(1-m.planner.rules.goOn)-1, 1)
	}
	variance, mean := 0.0, 0.0
	for r := range min(clumped, c.ranks) {
		t, _ := c.people.get(uint64(r))
		variance += (t.squares - t.events*t.events/blocks) / (blocks - 1)
		mean += t.events / blocks
	}
	return max(variance/max(mean, 1e-300), 1)
}

// Persons is how many different ids a run is expected to use, and half the width of a
// 95 % interval of that as a share of it: ranks of the crowd, persons who join,
// anonymous ids, the hot list and those that are never merged. Events of one session are
// one draw from the crowd, so the draws are computed back from the different persons
// that each block has.
func (m *Model) Persons(c *Census) (persons, off float64) {
	fixed := 0.0
	for i := range m.planner.people.hot {
		if t, _ := c.people.get(uint64(hotBit | person(i))); t.events > 0 {
			fixed++
		}
	}
	for _, n := range c.illegal {
		if n > 0 {
			fixed++
		}
	}
	scale := float64(m.planner.total) / float64(max(c.Events, 1))
	if c.Whole {
		return fixed + float64(m.met(c)) + float64(c.New), 0
	}
	draws := m.ofCrowd(c)
	crowd := c.head.different(draws)
	joined, anonymous := c.joined()*scale, float64(c.New)*scale
	persons = fixed + crowd + joined + anonymous
	// Of the draws of the blocks, and the ids that begin in them.
	few := math.Sqrt(float64(max(c.Blocks, 1)))
	spread := c.head.different(draws*(1+drawError/few)) - crowd
	return persons, math.Hypot(spread, (joined+anonymous)*drawError/few) / max(persons, 1)
}

// joined is how many of the persons who join in the blocks that were looked at have an
// event under their id, then or later. Who joins first may come back the more often,
// who joins last never: the number of times falls in a line, and has a Poisson
// distribution for each.
func (c *Census) joined() float64 {
	joins := max(float64(c.Joins), 1)
	most, never := 2*float64(c.MetJoined)/joins, 1.0
	if most > 0 {
		never = -math.Expm1(-most) / most
	}
	return joins - (joins-float64(c.MetNew))*never
}

// drawError is how far the draws of one block may be from those of another, as a share.
const drawError = 0.08

// met is how many persons of the crowd, or who joined, a census met.
func (m *Model) met(c *Census) (n int) {
	c.people.each(func(number uint64, _ *personTally) {
		if !person(number).hot() {
			n++
		}
	})
	return n
}

// Each shows every id that a census of the whole run met, with the number of its
// events. An id is valid until the next.
func (m *Model) Each(c *Census, show func(id []byte, events int64)) {
	var id []byte
	c.people.each(func(number uint64, t *personTally) {
		id = m.planner.people.appendID(id[:0], person(number))
		show(id, int64(t.events))
	})
	for _, b := range c.anonymous {
		id = m.appendAnonymous(id[:0], b.number)
		show(id, b.events)
	}
	for i, n := range c.illegal {
		if n > 0 {
			show(append(id[:0], illegalIDs[i]...), n)
		}
	}
}

// ofCrowd is how often a run draws from the crowd.
func (m *Model) ofCrowd(c *Census) float64 {
	if l := c.head.listed; l != nil {
		return float64(l.turns)
	}
	return c.draws * float64(m.planner.total) / float64(max(c.Events, 1))
}

// Once is the share of the ids of a run that are expected to have one event, if it is
// like what c counted; false where sessions leave that open.
func (m *Model) Once(c *Census) (share float64, ok bool) {
	persons, _ := m.Persons(c)
	if c.Whole {
		once := 0.0
		m.Each(c, func(_ []byte, events int64) {
			if events == 1 {
				once++
			}
		})
		return once / max(persons, 1), true
	}
	if m.planner.rules.goOn > 0 || m.planner.rules.anonymous > 0 {
		return 0, false
	}
	copied := 0.0
	for _, q := range m.planner.quotas {
		if q.assigns.trait == traitResent || q.assigns.trait == traitCopied {
			copied += float64(q.want)
		}
	}
	total := float64(m.planner.total) / float64(max(c.Events, 1))
	single := 1 - copied/max(total*float64(c.Crowd), 1)
	once := c.head.once(m.ofCrowd(c))*max(single, 0) + total*float64(c.New)
	return once / max(persons, 1), true
}

// Crowd is how many ranked persons there are, and the share of their events that one has.
func (m *Model) Crowd() (persons int64, share func(rank int64) float64) {
	p := &m.planner.people
	return p.count, p.crowd.share
}
