package traffic

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// pendingMerges are the merges of a block whose sessions are known beforehand, and the sessions
// that begin in it to be merged here or in a later block.
type pendingMerges struct {
	merges []pendingMerge // in the order of their places
	next   int            // the first that is still to come
	here   plannedStarts  // of sessions whose merge is in this block
	later  plannedStarts  // of those whose merge is in a later one
	room   int            // places left that are neither merges nor of a server
	ending []endingSession
	found  []slotSessions
}

// pendingMerge is one merge.
type pendingMerge struct {
	place uint16 // counted from 1
	anon  uint16 // the id that it joins; 0: its session has not begun
	done  bool
	who   person
}

// endingSession is a session whose merge belongs to the block.
type endingSession struct {
	number int64
	block  int64
	slot   int
	at     time.Duration
}

// slotSessions are the sessions of one slot that are merged in the block: the first block
// that has one, and how many.
type slotSessions struct{ first, n int64 }

// reset empties the lists and keeps their memory.
func (d *pendingMerges) reset() {
	*d = pendingMerges{
		merges: d.merges[:0], here: plannedStarts{all: d.here.all[:0]}, later: plannedStarts{all: d.later.all[:0]},
		ending: d.ending[:0], found: d.found[:0],
	}
}

// planMerges finds out which sessions the merges of block b end, and which begin in it.
func (t *blockPlanner) planMerges(b int64) {
	t.pending.reset()
	t.crossing = t.crossing[:0]
	for j := range t.events {
		e := &t.events[j]
		switch k := &t.mix.kinds[e.kind]; {
		case !k.merge && !k.server:
			t.pending.room++
		case !k.merge:
		case t.delays.reused > 0 && t.s.Float64() < t.delays.reused:
			e.trait = traitReused
		default:
			t.pending.merges = append(t.pending.merges, pendingMerge{place: uint16(j + 1)})
		}
	}
	t.chooseEnding(b, t.findEnding(b))
	t.matchMerges(b)
	t.pending.here.sort()
	t.pending.later.sort()
}

// findEnding counts, slot by slot, the sessions whose merges belong to block b, and begins
// those of the block itself that are merged later.
func (t *blockPlanner) findEnding(b int64) (all int64) {
	from, to := t.delays.start(b), t.delays.start(b+1)
	for k := range t.delays.slots {
		low, high := max(t.delays.edge(from, k), 0), min(t.delays.edge(to, k), b+1)
		first, n := t.delays.in(low, high, k)
		t.pending.found = append(t.pending.found, slotSessions{first, n})
		all += n
		if own, _ := t.delays.in(b, b+1, k); own == b && high <= b && t.delays.slots[k].place < int64(len(t.events)) {
			t.pending.later.add(int(t.delays.slots[k].place), len(t.crossing))
			t.crossing = append(t.crossing, t.delays.number(b, k))
		}
	}
	return all
}

// chooseEnding chooses from all sessions that were found as many as there are merges: evenly, from
// the shortest delay to the longest, beginning at a drawn one.
func (t *blockPlanner) chooseEnding(b, all int64) {
	n := min(int64(len(t.pending.merges)), all)
	step, at := float64(all)/float64(max(n, 1)), t.s.Float64()
	slot, before := 0, int64(0)
	for i := range n {
		want := min(int64((float64(i)+at)*step), all-1)
		for want >= before+t.pending.found[slot].n {
			before += t.pending.found[slot].n
			slot++
		}
		c := t.pending.found[slot].first + (want-before)*t.delays.rounds
		number := t.delays.number(c, slot)
		_, event := t.delays.origin(number)
		when := t.delays.curve.When(float64(event)) + t.delays.slots[slot].after
		t.pending.ending = append(t.pending.ending, endingSession{number, c, slot, when})
	}
	slices.SortFunc(t.pending.ending, func(a, b endingSession) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
	})
}

// matchMerges gives the merges their sessions in the order of time. Merges beyond
// them, as at the beginning of a run, end sessions of their own block.
func (t *blockPlanner) matchMerges(b int64) {
	ending, merges := t.pending.ending, t.pending.merges
	start := t.delays.start(b)
	next := 0
	for i := range merges {
		m := &merges[i]
		at := t.delays.curve.When(float64(b*blockEvents + int64(m.place) - 1))
		if next == len(ending) || (2*next+1)*len(merges)/(2*len(ending)) > i {
			t.beginHere(b, i, at-t.delays.normal.within(at-start, &t.s))
			continue
		}
		c := ending[next]
		next++
		if c.block == b {
			t.beginHere(b, i, at-t.delays.slots[c.slot].after)
			continue
		}
		t.crossing = append(t.crossing, c.number)
		m.who, m.anon = t.sessionPerson(c.number), uint16(blockEvents+len(t.crossing))
	}
}

// beginHere lets the session of a merge begin in the block, at a time.
func (t *blockPlanner) beginHere(b int64, merge int, at time.Duration) {
	place := int(math.Round(t.delays.curve.Count(at))) - int(b*blockEvents)
	place = max(min(place, int(t.pending.merges[merge].place)-2), 0)
	t.pending.here.add(place, merge)
}

// beginPending makes the event at j the first of a session that ends in a merge known
// beforehand. It tells whether one is to begin.
func (t *blockPlanner) beginPending(j int) bool {
	e, d := &t.events[j], &t.pending
	if t.mix.kinds[e.kind].server {
		return false
	}
	v := session{latest: uint16(j + 1), anonymous: true}
	for d.here.due(j) && int(d.merges[d.here.all[d.here.next].index].place) <= j {
		d.here.next++ // found no event before its merge
	}
	switch {
	case d.later.due(j) || d.later.left() > 0 && t.pressed():
		i := d.later.take()
		v.who, v.first = t.sessionPerson(t.crossing[i]), uint16(blockEvents+i+1)
	case d.here.due(j):
		i := d.here.take()
		v.who, v.first, v.pending = t.drawSessionPerson(&t.s, t.joined), uint16(j+1), uint16(i+1)
		d.merges[i].who, d.merges[i].anon = v.who, v.first
	default:
		return false
	}
	e.who, e.anon = v.who, v.first
	if t.rules.goOn > 0 {
		t.sessions.begin(v, &t.s)
	}
	return true
}

// pressed tells whether the sessions that other blocks count on must begin now,
// because the places left may hardly be more: assignments take some of them.
func (t *blockPlanner) pressed() bool {
	room := float64(t.pending.room)
	free := room * (1 - float64(len(t.unassigned))/float64(max(t.ordinary, len(t.unassigned), 1)))
	return free-sureRoom/2*math.Sqrt(room) <= float64(t.pending.later.left())
}

// mergePending makes the merge at j the one that was found for it. It tells whether
// there is one, and whether its session has begun.
func (t *blockPlanner) mergePending(j int) bool {
	d := &t.pending
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
		t.sessions.begin(session{who: m.who, first: m.anon, latest: uint16(j + 1)}, &t.s)
	}
	return true
}

// plannedStart is the place, counted from 0, with which a session begins at the earliest.
type plannedStart struct {
	place int
	index int // of the merge in merges; of a session that is merged later, in crossing
}

// plannedStarts are in the order of their places, as soon as they are sorted.
type plannedStarts struct {
	all  []plannedStart
	next int // the first that is still to come
}

// add appends one.
func (s *plannedStarts) add(place, index int) { s.all = append(s.all, plannedStart{place, index}) }

// sort puts them in order.
func (s *plannedStarts) sort() {
	slices.SortFunc(s.all, func(a, b plannedStart) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.index, b.index))
	})
}

// left is how many are still to come.
func (s *plannedStarts) left() int { return len(s.all) - s.next }

// due tells whether the next is to begin at the place j.
func (s *plannedStarts) due(j int) bool { return s.left() > 0 && s.all[s.next].place <= j }

// take takes the next one off.
func (s *plannedStarts) take() (index int) {
	s.next++
	return s.all[s.next-1].index
}
