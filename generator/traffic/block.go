package traffic

import (
	"rehearse/internal/rng"
)

// blockPlanner is where a block is planned: what is known at the place that planning
// has come to.
type blockPlanner struct {
	*planner
	s          rng.Stream
	events     []planned
	sessions   sessions
	unassigned []assignment
	ordinary   int    // places left that are not merges
	spare      int    // no place before it can take a merge over
	joined     int64  // who joined before the place
	tail       joined // what the latest merge joined
	pending    pendingMerges
	crossing   []int64 // sessions that lie in this block and another, by number
	turns      turns   // left for this block
}

// joined is an anonymous id and the person it was joined to.
type joined struct {
	who  person
	anon uint16
}

// plan draws which events there are, lists what some are to be, and then goes from
// place to place.
func (p *planner) plan(b *block) {
	first := b.number * blockEvents
	n := int(min(blockEvents, p.total-first))
	t := &b.planner
	if cap(t.events) < n {
		t.events, t.sessions.before = make([]planned, n), make([]uint16, n)
	}
	*t = blockPlanner{
		planner: p, s: rng.NewStream(p.seed^blockSalt, uint64(b.number)),
		events: t.events[:n], unassigned: t.unassigned[:0], sessions: sessions{t.sessions.all[:0], t.sessions.before},
		joined: p.join.upTo(first, p.total), pending: t.pending, crossing: t.crossing,
		turns: p.people.crowd.turns(b.number),
	}
	for _, q := range p.quotas {
		for range q.upTo(first+int64(n), p.total) - q.upTo(first, p.total) {
			t.unassigned = append(t.unassigned, q.assigns)
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
		t.planMerges(b.number)
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
func (t *blockPlanner) place(j int) {
	e := &t.events[j]
	if t.mix.kinds[e.kind].merge {
		if t.merge(j) {
			return
		}
		if !t.postpone(j) {
			e.kind = t.mix.plain
		}
	}
	t.event(j)
}

// postpone lets a later ordinary event change places with the merge at j.
func (t *blockPlanner) postpone(j int) bool {
	for t.spare = max(t.spare, j+1); t.spare < len(t.events); t.spare++ {
		e := &t.events[t.spare]
		if !t.mix.kinds[e.kind].merge {
			e.kind, t.events[j].kind = t.events[j].kind, e.kind
			return true
		}
	}
	return false
}

// event plans an event that is no merge.
func (t *blockPlanner) event(j int) {
	e := &t.events[j]
	server := t.mix.kinds[e.kind].server
	if !server {
		t.pending.room--
	}
	c, special := t.assign(j)
	switch {
	case special && c.trait == traitHot:
		e.who = hotBit | person(c.hot)
		return
	case special && c.trait == traitJoin:
		e.who = person(t.people.count + t.joined)
		t.joined++
		e.trait = traitJoin
		t.begin(j)
		return
	case special && e.trait != traitNone: // a copy, already made
		return
	case special:
		e.who, e.trait = t.draw(), c.trait
		return
	}
	if t.delays != nil && t.beginPending(j) {
		return
	}
	if t.rules.goOn > 0 && !server && t.s.Float64() < t.rules.goOn && t.goOn(j) {
		return
	}
	e.who = t.draw()
	t.begin(j)
}

// draw takes one person, of the crowd or of those who joined before.
func (t *blockPlanner) draw() person {
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

// assign takes an assignment for the event at j, if it is the event's turn: of those that
// are left, each ordinary place is as likely to get one.
func (t *blockPlanner) assign(j int) (assignment, bool) {
	left := t.ordinary
	t.ordinary--
	if len(t.unassigned) == 0 || t.s.Below(uint64(max(left, 1))) >= uint64(len(t.unassigned)) {
		return assignment{}, false
	}
	i := int(t.s.Below(uint64(len(t.unassigned))))
	c := t.unassigned[i]
	if c.trait == traitResent || c.trait == traitCopied {
		if !t.copy(j, c.trait) {
			return assignment{}, false
		}
	}
	t.unassigned[i] = t.unassigned[len(t.unassigned)-1]
	t.unassigned = t.unassigned[:len(t.unassigned)-1]
	return c, true
}

// copy makes the event at j one that was planned before. It tells whether there
// is one near by that is sound, of no hot id, whose number is exact, and not
// known to be anonymous, so that no merge lies between the two.
func (t *blockPlanner) copy(j int, m trait) bool {
	if j == 0 {
		return false
	}
	from := j - 1 - int(t.s.Below(uint64(min(j, maxSessions))))
	for k := from; k >= max(from-maxSessions, 0); k-- {
		o := &t.events[k]
		if o.trait <= traitJoin && !o.who.hot() && o.anon == 0 && !t.mix.kinds[o.kind].merge {
			o.kept = true
			t.events[j] = planned{who: o.who, kind: o.kind, via: uint16(k + 1), trait: m}
			return true
		}
	}
	return false
}
