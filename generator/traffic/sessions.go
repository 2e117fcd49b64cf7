package traffic

import (
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// maxSessions is how many sessions go on at the same time. It bounds how far apart a
// merge and its anonymous events usually lie.
const maxSessions = 1024

// session is a stretch of events of one person, with those of others in between.
// What came before its merge is anonymous; what comes after is the person's.
type session struct {
	who       person
	first     uint16 // place of its first event, or another name of its anonymous id (see planned.anon)
	latest    uint16
	open      bool   // may end in a merge
	anonymous bool   // its events are anonymous as they come
	pending   uint16 // the merge, counted from 1, that ends its anonymous part; 0: not known beforehand
}

// rules are what sessions are drawn from.
type rules struct {
	goOn      float64 // probability that a session's event belongs to a session that goes on
	anonymous float64 // share of the sessions that begin anonymous; 0: whichever a merge picks
	merges    scenario.Merges
	varied    bool  // merges differ at all
	lasts     int64 // how many events after its first the last of a session lies, about
	early     float64
}

// newRules prepares the draws that t describes.
func newRules(t *scenario.Traffic) rules {
	return rules{
		goOn:      1 - 1/t.Visits.Events,
		anonymous: t.Visits.Anonymous,
		merges:    t.Merges,
		varied:    t.Merges.Chains+t.Merges.FanIn+t.Merges.Repeated() > 0,
		early:     t.Faults.EarlyMerges,
	}
}

// allow allows for the sessions that begin whatever the rules say: those of persons
// who join, and those that wait for their merge. Of all sessions there are to be no
// more than their mean length asks for. All three are shares of the events; sessions
// are made of room and joining together.
func (r *rules) allow(room, joining, waiting float64) {
	begun, visiting := joining+waiting, room+joining
	if begun == 0 {
		return
	}
	all := visiting * (1 - r.goOn)
	if r.goOn > 0 {
		// It leaves the window when so many have begun, and has no further event
		// as often as it does not go on.
		r.lasts = int64(min(r.goOn*maxSessions/all, blockEvents))
		r.goOn = min(max(1-(all-begun)/max(visiting-begun, 1e-300), 0), 1)
	}
	if r.anonymous > 0 && waiting > 0 {
		r.anonymous = min(max((r.anonymous*all-waiting)/max(all-waiting, 1e-300), 1e-9), 1)
	}
}

// sessions are those that go on.
type sessions struct {
	all    []session
	before []uint16 // by place - 1: the place of the event before, of the same session
}

// begin adds a session. Where there are enough, one ends for it.
func (v *sessions) begin(n session, s *rng.Stream) {
	v.before[n.latest-1] = 0
	if len(v.all) < maxSessions {
		v.all = append(v.all, n)
		return
	}
	v.all[s.Below(maxSessions)] = n
}

// any returns one of the sessions, nil if there are none.
func (v *sessions) any(s *rng.Stream) *session {
	if len(v.all) == 0 {
		return nil
	}
	return &v.all[s.Below(uint64(len(v.all)))]
}

// pick returns the index of a session that a merge may end, -1 if there is none.
func (v *sessions) pick(s *rng.Stream) int {
	n := len(v.all)
	from := int(s.Below(uint64(n)))
	for k := range n {
		if i := (from + k) % n; v.all[i].open {
			return i
		}
	}
	return -1
}

// close lets a session that was identified go on as the person, or end.
func (v *sessions) close(i int, goesOn bool) {
	if goesOn {
		v.all[i].open, v.all[i].anonymous = false, false
		return
	}
	last := len(v.all) - 1
	v.all[i] = v.all[last]
	v.all = v.all[:last]
}

// begin starts a session with the event at j, unless its person is known from the
// first moment on and the session has nothing more to do.
func (t *blockPlanner) begin(j int) {
	e := &t.events[j]
	if t.mix.kinds[e.kind].server {
		return
	}
	v := session{who: e.who, first: uint16(j + 1), latest: uint16(j + 1), open: true}
	if a := t.rules.anonymous; a > 0 {
		v.anonymous = t.s.Float64() < a
		v.open = v.anonymous
	}
	if v.anonymous {
		e.anon = v.first
	}
	if v.open || t.rules.goOn > 0 {
		t.sessions.begin(v, &t.s)
	}
}

// goOn makes the event at j part of a session that goes on.
func (t *blockPlanner) goOn(j int) bool {
	v := t.sessions.any(&t.s)
	if v == nil {
		return false
	}
	if v.pending != 0 && t.pending.merges[v.pending-1].done {
		v.who, v.anonymous, v.pending = t.pending.merges[v.pending-1].who, false, 0
	}
	e := &t.events[j]
	e.who = v.who
	if v.anonymous {
		e.anon = v.first
	}
	t.sessions.before[j] = v.latest
	v.latest = uint16(j + 1)
	return true
}

// merge makes the merge at j end the anonymous part of a session. It tells whether
// there is one to end.
func (t *blockPlanner) merge(j int) bool {
	e := &t.events[j]
	turn := 1.0
	if t.rules.varied && t.tail.anon != 0 {
		turn = t.s.Float64()
	}
	if t.delays != nil {
		reused := t.delays.reused
		if turn = reused + turn*(1-reused); e.trait == traitReused && t.tail.anon != 0 {
			turn = t.again()
		}
		e.trait = traitNone
		if turn > 0 && t.mergePending(j) {
			return true
		}
	}
	return t.end(j, turn)
}

// again is the turn of a merge that joins no new id.
func (t *blockPlanner) again() float64 {
	if m := &t.rules.merges; m.Identified+m.Wide > 0 {
		return t.s.Float64() * m.Repeated()
	}
	return 0
}

// end makes the merge at j end a session that goes on, or join a new id: as its turn
// says, a number between 0 and 1.
func (t *blockPlanner) end(j int, turn float64) bool {
	e, m := &t.events[j], &t.rules.merges
	if turn < m.Reused {
		e.who, e.anon, e.trait = t.stranger(), t.tail.anon, traitReused
		return true
	}
	if turn < m.Repeated() {
		e.who, e.other, e.trait = t.stranger(), t.tail.who, traitIdentified
		if turn >= m.Reused+m.Identified {
			e.other, e.trait = t.people.fanIn(), traitWide
		}
		return true
	}
	if len(t.sessions.all) == 0 {
		return false
	}
	i := t.sessions.pick(&t.s)
	if i < 0 {
		return false
	}
	v := &t.sessions.all[i]
	switch turn -= m.Repeated(); {
	case turn < m.FanIn:
		v.who = t.people.fanIn()
	case turn < m.FanIn+m.Chains:
		v.who, e.via = t.tail.who, t.tail.anon
		t.keep(t.tail.anon)
	}
	t.hide(v)
	e.who, e.anon = v.who, v.first
	t.tail = joined{v.who, v.first}
	t.sessions.close(i, t.rules.goOn > 0)
	return true
}

// keep sees to it that the first event of an anonymous id of the block stays where
// it is.
func (t *blockPlanner) keep(anon uint16) {
	if anon <= blockEvents {
		t.events[anon-1].kept = true
	}
}

// hide makes the events of a session that is being identified anonymous.
func (t *blockPlanner) hide(v *session) {
	for k := v.latest; k != 0; k = t.sessions.before[k-1] {
		t.events[k-1].anon, t.events[k-1].who = v.first, v.who
	}
}

// stranger draws another person than the person that the tail was joined to.
func (t *blockPlanner) stranger() person {
	for range 8 {
		if who := t.draw(); who != t.tail.who {
			return who
		}
	}
	return person(uint64(t.people.count) - 1 - min(uint64(t.tail.who), uint64(t.people.count)-1))
}

// disorder moves a share of the merges to before the first event that they
// depend on: as many of those that can be moved as make up the share of all.
func (t *blockPlanner) disorder() {
	merges, left := 0, 0
	for j := range t.events {
		if t.mix.kinds[t.events[j].kind].merge {
			merges++
		}
		if t.movable(j) {
			left++
		}
	}
	want := int(t.rules.early*float64(merges) + t.s.Float64())
	for j := range t.events {
		if !t.movable(j) {
			continue
		}
		if int(t.s.Below(uint64(left))) < want {
			e := &t.events[j]
			first := &t.events[e.anon-1]
			place := e.anon
			*e, *first = *first, *e
			first.trait, first.via, e.via = traitEarly, uint16(j+1), place
			want--
		}
		left--
	}
}

// movable tells whether the event at j is a merge that depends on nothing but
// the session that it ends, and whether nothing else depends on where that began.
func (t *blockPlanner) movable(j int) bool {
	e := &t.events[j]
	if !t.mix.kinds[e.kind].merge || e.trait != traitNone || e.via != 0 || e.anon > blockEvents {
		return false
	}
	first := &t.events[e.anon-1]
	return !first.kept && first.trait == traitNone
}
