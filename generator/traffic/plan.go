package traffic

import (
	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// planner plans blocks: block b is a function of (seed, b).
type planner struct {
	people population
	mix    mix
	rules  rules
	quotas []quota
	join   quota   // of those, the one that counts who joins
	delays *delays // nil: a merge ends a visit that goes on
	seed   uint64
	total  int64 // events of the run
	blocks blocks
}

// newPlanner prepares the plans of a run along a curve.
func newPlanner(t *scenario.Traffic, curve *schedule.Curve) *planner {
	total := curve.Total()
	p := &planner{
		people: newPopulation(t), mix: newMix(t), rules: newRules(t),
		quotas: quotasOf(t, total), seed: t.Seed, total: total,
	}
	for _, q := range p.quotas {
		if q.card.mark == markJoin {
			p.join = q
		}
	}
	room, waiting := p.room(), 0.0
	if p.delays = newDelays(t, curve, p.mix.merges(), room); p.delays != nil {
		waiting = p.delays.begun / blockEvents
	}
	p.rules.allow(room, t.DistinctIDs.Growth, waiting)
	p.people.crowd.allot(p.draws(room)*float64(total), total)
	return p
}

// draws is the share of the events whose person is drawn while their block is
// planned: neither of a merge or a card that knows its own, nor of a visit that goes
// on, of which room may be part.
func (p *planner) draws(room float64) float64 {
	known := p.mix.merges() + room*p.rules.goOn
	for _, q := range p.quotas {
		switch q.card.mark {
		case markHot, markJoin, markResent, markCopied:
			known += float64(q.want) / float64(max(p.total, 1))
		}
	}
	return max(1-known, 0)
}

// room is the share of the events that visits may be made of: no merges, from no
// server, and without a card.
func (p *planner) room() float64 {
	room := 0.0
	for i, k := range p.mix.kinds {
		if !k.merge && !k.server {
			room += p.mix.shares[i]
		}
	}
	dealt := 0.0
	for _, q := range p.quotas {
		dealt += float64(q.want) / float64(max(p.total, 1))
	}
	return room * max(1-dealt/max(1-p.mix.merges(), 1e-300), 0)
}

// at returns the block in which event i lies, planned. It takes back old, the
// block that the caller had before.
func (p *planner) at(i int64, old *block) *block {
	b := p.blocks.swap(old, i/blockEvents)
	b.ready(p)
	return b
}

// table is where a block is planned: what is known at the place that planning
// has come to.
type table struct {
	*planner
	s        rng.Stream
	events   []planned
	visits   visits
	deck     []card
	ordinary int    // places left that are not merges
	spare    int    // no place before it can take a merge over
	joined   int64  // who joined before the place
	tail     joined // what the latest merge joined
	dues     dues
	visitors []int64 // visits that lie in this block and another, by number
	turns    turns   // left for this block
}

// joined is an anonymous id and the person it was joined to.
type joined struct {
	who  person
	anon uint16
}

// plan draws which events there are, deals out the cards, and then goes from
// place to place.
func (p *planner) plan(b *block) {
	first := b.number * blockEvents
	n := int(min(blockEvents, p.total-first))
	t := &b.table
	if cap(t.events) < n {
		t.events, t.visits.before = make([]planned, n), make([]uint16, n)
	}
	*t = table{
		planner: p, s: rng.NewStream(p.seed^blockSalt, uint64(b.number)),
		events: t.events[:n], deck: t.deck[:0], visits: visits{t.visits.all[:0], t.visits.before},
		joined: p.join.upTo(first, p.total), dues: t.dues, visitors: t.visitors,
		turns: p.people.crowd.turns(b.number),
	}
	for _, q := range p.quotas {
		for range q.upTo(first+int64(n), p.total) - q.upTo(first, p.total) {
			t.deck = append(t.deck, q.card)
		}
	}
	for j := range t.events {
		kind := uint16(p.mix.draw.draw(&t.s))
		t.events[j] = planned{kind: kind}
		if !p.mix.kinds[kind].merge {
			t.ordinary++
		}
	}
	if p.delays != nil {
		t.arrange(b.number)
	}
	for j := range t.events {
		t.place(j)
	}
	if p.rules.early > 0 {
		t.disorder()
	}
	b.events = t.events
}

// place plans the event at j. A merge that finds nothing to merge, as at the
// beginning of a block, changes places with a later event, so that the shares of
// the mix stay what they are.
func (t *table) place(j int) {
	e := &t.events[j]
	if t.mix.kinds[e.kind].merge {
		if t.merge(j) {
			return
		}
		if !t.postpone(j) {
			e.kind = t.mix.plain
		}
	}
	t.visitor(j)
}

// postpone lets a later ordinary event change places with the merge at j.
func (t *table) postpone(j int) bool {
	for t.spare = max(t.spare, j+1); t.spare < len(t.events); t.spare++ {
		e := &t.events[t.spare]
		if !t.mix.kinds[e.kind].merge {
			e.kind, t.events[j].kind = t.events[j].kind, e.kind
			return true
		}
	}
	return false
}

// visitor plans an event that is no merge.
func (t *table) visitor(j int) {
	e := &t.events[j]
	server := t.mix.kinds[e.kind].server
	if !server {
		t.dues.room--
	}
	c, dealt := t.deal(j)
	switch {
	case dealt && c.mark == markHot:
		e.who = hotBit | person(c.hot)
		return
	case dealt && c.mark == markJoin:
		e.who = person(t.people.count + t.joined)
		t.joined++
		e.mark = markJoin
		t.begin(j)
		return
	case dealt && e.mark != markNone: // a copy, already made
		return
	case dealt:
		e.who, e.mark = t.draw(), c.mark
		return
	}
	if t.delays != nil && t.begins(j) || t.rules.goOn > 0 && !server && t.s.Float64() < t.rules.goOn && t.goOn(j) {
		return
	}
	e.who = t.draw()
	t.begin(j)
}

// draw takes one person, of the crowd or of those who joined before.
func (t *table) draw() person {
	if t.joined > 0 {
		if k := int64(t.s.Below(uint64(t.people.count + t.joined))); k >= t.people.count {
			return person(k)
		}
	}
	if t.turns.left > 0 {
		t.turns.left--
		t.turns.next++
		return person(t.people.crowd.listed.rank(t.turns.next - 1))
	}
	return person(t.people.crowd.draw(&t.s))
}

// deal takes a card for the event at j, if it is the event's turn: of those that
// are left, each ordinary place is as likely to get one.
func (t *table) deal(j int) (card, bool) {
	left := t.ordinary
	t.ordinary--
	if len(t.deck) == 0 || t.s.Below(uint64(max(left, 1))) >= uint64(len(t.deck)) {
		return card{}, false
	}
	i := int(t.s.Below(uint64(len(t.deck))))
	c := t.deck[i]
	if c.mark == markResent || c.mark == markCopied {
		if !t.copy(j, c.mark) {
			return card{}, false
		}
	}
	t.deck[i] = t.deck[len(t.deck)-1]
	t.deck = t.deck[:len(t.deck)-1]
	return c, true
}

// copy makes the event at j one that was planned before. It tells whether there
// is one near by that is sound, of no hot id, whose number is exact, and not
// known to be anonymous, so that no merge lies between the two.
func (t *table) copy(j int, m mark) bool {
	if j == 0 {
		return false
	}
	from := j - 1 - int(t.s.Below(uint64(min(j, window))))
	for k := from; k >= max(from-window, 0); k-- {
		o := &t.events[k]
		if o.mark <= markJoin && !o.who.hot() && o.anon == 0 && !t.mix.kinds[o.kind].merge {
			o.kept = true
			t.events[j] = planned{who: o.who, kind: o.kind, via: uint16(k + 1), mark: m}
			return true
		}
	}
	return false
}
