package traffic

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// dues are the merges of a block whose visits are known beforehand, and the visits
// that begin in it to be merged here or in a later block.
type dues struct {
	merges []due  // in the order of their places
	next   int    // the first that is still to come
	here   starts // of visits whose merge is in this block
	later  starts // of those whose merge is in a later one
	room   int    // places left that are neither merges nor of a server
	claims []claim
	found  []found
}

// due is one merge.
type due struct {
	place uint16 // counted from 1
	anon  uint16 // the id that it joins; 0: its visit has not begun
	done  bool
	who   person
}

// claim is a visit whose merge belongs to the block.
type claim struct {
	number int64
	block  int64
	slot   int
	at     time.Duration
}

// found are the visits of one slot that are merged in the block: the first block
// that has one, and how many.
type found struct{ first, n int64 }

// reset empties the lists and keeps their memory.
func (d *dues) reset() {
	*d = dues{
		merges: d.merges[:0], here: starts{all: d.here.all[:0]}, later: starts{all: d.later.all[:0]},
		claims: d.claims[:0], found: d.found[:0],
	}
}

// arrange finds out which visits the merges of block b end, and which begin in it.
func (t *table) arrange(b int64) {
	t.dues.reset()
	t.visitors = t.visitors[:0]
	for j := range t.events {
		e := &t.events[j]
		switch k := &t.mix.kinds[e.kind]; {
		case !k.merge && !k.server:
			t.dues.room++
		case !k.merge:
		case t.delays.reused > 0 && t.s.Float64() < t.delays.reused:
			e.mark = markReused
		default:
			t.dues.merges = append(t.dues.merges, due{place: uint16(j + 1)})
		}
	}
	t.claim(b, t.find(b))
	t.match(b)
	t.dues.here.sort()
	t.dues.later.sort()
}

// find counts, slot by slot, the visits whose merges belong to block b, and begins
// those of the block itself that are merged later.
func (t *table) find(b int64) (all int64) {
	from, to := t.delays.start(b), t.delays.start(b+1)
	for k := range t.delays.slots {
		low, high := max(t.delays.edge(from, k), 0), min(t.delays.edge(to, k), b+1)
		first, n := t.delays.in(low, high, k)
		t.dues.found = append(t.dues.found, found{first, n})
		all += n
		if own, _ := t.delays.in(b, b+1, k); own == b && high <= b && t.delays.slots[k].place < int64(len(t.events)) {
			t.dues.later.add(int(t.delays.slots[k].place), len(t.visitors))
			t.visitors = append(t.visitors, t.delays.number(b, k))
		}
	}
	return all
}

// claim chooses from all that were found as many as there are merges: evenly, from
// the shortest delay to the longest, beginning at a drawn one.
func (t *table) claim(b, all int64) {
	n := min(int64(len(t.dues.merges)), all)
	step, at := float64(all)/float64(max(n, 1)), t.s.Float64()
	slot, before := 0, int64(0)
	for i := range n {
		want := min(int64((float64(i)+at)*step), all-1)
		for want >= before+t.dues.found[slot].n {
			before += t.dues.found[slot].n
			slot++
		}
		c := t.dues.found[slot].first + (want-before)*t.delays.rounds
		number := t.delays.number(c, slot)
		_, event := t.delays.origin(number)
		when := t.delays.curve.When(float64(event)) + t.delays.slots[slot].after
		t.dues.claims = append(t.dues.claims, claim{number, c, slot, when})
	}
	slices.SortFunc(t.dues.claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
	})
}

// match deals out the claims to the merges in the order of time. Merges beyond
// them, as at the beginning of a run, end visits of their own block.
func (t *table) match(b int64) {
	claims, merges := t.dues.claims, t.dues.merges
	start := t.delays.start(b)
	next := 0
	for i := range merges {
		m := &merges[i]
		at := t.delays.curve.When(float64(b*blockEvents + int64(m.place) - 1))
		if next == len(claims) || (2*next+1)*len(merges)/(2*len(claims)) > i {
			t.beginHere(b, i, at-t.delays.normal.within(at-start, &t.s))
			continue
		}
		c := claims[next]
		next++
		if c.block == b {
			t.beginHere(b, i, at-t.delays.slots[c.slot].after)
			continue
		}
		t.visitors = append(t.visitors, c.number)
		m.who, m.anon = t.visitorOf(c.number), uint16(blockEvents+len(t.visitors))
	}
}

// beginHere lets the visit of a merge begin in the block, at a time.
func (t *table) beginHere(b int64, merge int, at time.Duration) {
	place := int(math.Round(t.delays.curve.Count(at))) - int(b*blockEvents)
	place = max(min(place, int(t.dues.merges[merge].place)-2), 0)
	t.dues.here.add(place, merge)
}

// begins makes the event at j the first of a visit that ends in a merge known
// beforehand. It tells whether one is to begin.
func (t *table) begins(j int) bool {
	e, d := &t.events[j], &t.dues
	if t.mix.kinds[e.kind].server {
		return false
	}
	v := visit{latest: uint16(j + 1), anonymous: true}
	for d.here.due(j) && int(d.merges[d.here.all[d.here.next].index].place) <= j {
		d.here.next++ // found no event before its merge
	}
	switch {
	case d.later.due(j) || d.later.left() > 0 && t.pressed():
		i := d.later.take()
		v.who, v.first = t.visitorOf(t.visitors[i]), uint16(blockEvents+i+1)
	case d.here.due(j):
		i := d.here.take()
		v.who, v.first, v.due = t.drawVisitor(&t.s, t.joined), uint16(j+1), uint16(i+1)
		d.merges[i].who, d.merges[i].anon = v.who, v.first
	default:
		return false
	}
	e.who, e.anon = v.who, v.first
	if t.rules.goOn > 0 {
		t.visits.begin(v, &t.s)
	}
	return true
}

// pressed tells whether the visits that other blocks count on must begin now,
// because the places left may hardly be more: cards are dealt to some of them.
func (t *table) pressed() bool {
	room := float64(t.dues.room)
	free := room * (1 - float64(len(t.deck))/float64(max(t.ordinary, len(t.deck), 1)))
	return free-sureRoom/2*math.Sqrt(room) <= float64(t.dues.later.left())
}

// mergeDue makes the merge at j the one that was found for it. It tells whether
// there is one, and whether its visit has begun.
func (t *table) mergeDue(j int) bool {
	d := &t.dues
	for d.next < len(d.merges) && int(d.merges[d.next].place) <= j {
		d.next++
	}
	if d.next == len(d.merges) || int(d.merges[d.next].place) != j+1 || d.merges[d.next].anon == 0 {
		return false
	}
	m, e := &d.merges[d.next], &t.events[j]
	if t.tail.anon != 0 && t.delays.chains > 0 && m.who != t.people.fanIn() && t.s.Float64() < t.delays.chains {
		m.who, e.via = t.tail.who, t.tail.anon
		t.keep(t.tail.anon)
	}
	m.done = true
	e.who, e.anon = m.who, m.anon
	t.tail = joined{m.who, m.anon}
	if t.rules.goOn > 0 {
		t.visits.begin(visit{who: m.who, first: m.anon, latest: uint16(j + 1)}, &t.s)
	}
	return true
}
