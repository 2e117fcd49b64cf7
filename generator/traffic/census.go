package traffic

import (
	"time"

	"rehearse/scenario"
)

// Census is under which ids the events of some blocks are sent: what chance
// leaves open in a scenario. The counts add up to Events but for Merges, Refused,
// New, Met and MetJoined, which are counted beside them.
type Census struct {
	Blocks, Events int64
	Crowd          int64 // under the id of a ranked person
	Joined         int64 // of a person who joined during the run
	Hot            int64 // of the hot list
	FanIn          int64 // of the one person that fan-in merges join to
	Anonymous      int64 // under an anonymous id
	Illegal, None  int64 // under an id that is never merged, and under none at all
	Merges         int64
	Refused        int64 // merges of an id that is another person's already
	New            int64 // different anonymous ids
	Met            int64 // different ranked persons of each block, added up
	MetJoined      int64 // and different persons who joined

	head *crowd
}

// Pair is the two ids of a merge. Its slices are valid until the next.
type Pair struct {
	Target, Source []byte
	Apart          time.Duration // since the latest event of Source, which in another block is taken to be where it is on average; 0: it is still to come
	Since          time.Duration // since the first event of Source; 0: it is still to come, or Source was merged before it, or to somebody else
}

// Census plans as many blocks, evenly spread over the run, and counts them; at
// most all. due says when an event is due; merge, if not nil, is shown every
// merge.
func (m *Model) Census(blocks int64, due func(int64) time.Duration, merge func(*Pair)) *Census {
	p := m.planner
	all := (p.total + blockEvents - 1) / blockEvents
	n := min(blocks, all)
	c := &Census{Blocks: n, head: &p.people.crowd}
	t := &taker{Census: c, m: m, due: due, merge: merge, met: map[person]bool{}}
	var b *block
	for k := range n {
		number := int64((float64(k) + 0.5) * float64(all) / float64(n))
		b = p.at(number*blockEvents, b)
		t.take(b)
	}
	return c
}

// taker goes through blocks.
type taker struct {
	*Census
	m     *Model
	due   func(int64) time.Duration
	merge func(*Pair)
	pair  Pair
	last  [1 << 16]uint16 // by the anonymous id as in planned: the place after its latest event
	met   map[person]bool // persons of the block
}

// take counts the events of a block.
func (t *taker) take(b *block) {
	clear(t.last[:])
	clear(t.met)
	for j := range b.events {
		e := &b.events[j]
		if e.mark == markResent || e.mark == markCopied {
			e = &b.events[e.via-1]
		}
		t.Events++
		if t.m.planner.mix.kinds[e.kind].merge {
			t.merged(e, b, j)
		} else {
			t.count(e, j)
		}
	}
	for who := range t.met {
		if int64(who) < t.m.planner.people.count {
			t.Met++
		} else {
			t.MetJoined++
		}
	}
}

// count counts an event that is no merge.
func (t *taker) count(e *planned, j int) {
	switch {
	case e.mark == markNoID:
		t.None++
	case e.mark == markIllegalID:
		t.Illegal++
	case e.anon != 0:
		t.Anonymous++
		if t.last[e.anon] == 0 {
			t.New++
		}
		t.last[e.anon] = uint16(j + 1)
	default:
		t.person(e.who)
	}
}

// person counts an event under a person's id.
func (t *taker) person(who person) {
	people := &t.m.planner.people
	switch {
	case who == people.fanIn():
		t.FanIn++
	case who.hot():
		t.Hot++
	case int64(who) < people.count:
		t.Crowd++
		t.met[who] = true
	default:
		t.Joined++
		t.met[who] = true
	}
}

// merged counts the merge at j.
func (t *taker) merged(e *planned, b *block, j int) {
	kind := &t.m.planner.mix.kinds[e.kind]
	chained := e.via != 0 && e.mark != markEarly
	t.Merges++
	if e.mark == markReused && string(kind.name) != scenario.EventMergeDangerously {
		t.Refused++
	}
	if chained {
		t.Anonymous++
	} else {
		t.person(e.who)
	}
	if t.merge == nil {
		return
	}
	if chained {
		t.pair.Target = t.m.appendAnonymous(t.pair.Target[:0], b.anonymous(e.via))
	} else {
		t.pair.Target = t.m.planner.people.appendID(t.pair.Target[:0], e.who)
	}
	t.pair.Source = t.m.appendAnonymous(t.pair.Source[:0], b.anonymous(e.anon))
	t.apart(e.anon, b, j)
	t.pair.Since = t.m.waited(e, b, int64(j), t.due)
	t.merge(&t.pair)
}

// apart works out how long before the merge at j the latest event of its source lies.
func (t *taker) apart(anon uint16, b *block, j int) {
	first := b.number * blockEvents
	at := t.due(first + int64(j))
	t.pair.Apart = 0
	switch before := t.last[anon]; {
	case before != 0:
		t.pair.Apart = at - t.due(first+int64(before)-1)
	case anon > blockEvents:
		block, began := t.m.planner.delays.origin(b.anonymous(anon))
		t.pair.Apart = at - t.due(min(began+t.m.planner.rules.lasts, (block+1)*blockEvents-1))
	}
}
