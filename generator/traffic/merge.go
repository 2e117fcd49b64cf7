package traffic

// begin starts a visit with the event at j, unless its person is known from the
// first moment on and the visit has nothing more to do.
func (t *table) begin(j int) {
	e := &t.events[j]
	if t.mix.kinds[e.kind].server {
		return
	}
	v := visit{who: e.who, first: uint16(j + 1), latest: uint16(j + 1), open: true}
	if a := t.rules.anonymous; a > 0 {
		v.anonymous = t.s.Float64() < a
		v.open = v.anonymous
	}
	if v.anonymous {
		e.anon = v.first
	}
	if v.open || t.rules.goOn > 0 {
		t.visits.begin(v, &t.s)
	}
}

// goOn makes the event at j part of a visit that goes on.
func (t *table) goOn(j int) bool {
	v := t.visits.any(&t.s)
	if v == nil {
		return false
	}
	if v.due != 0 && t.dues.merges[v.due-1].done {
		v.who, v.anonymous, v.due = t.dues.merges[v.due-1].who, false, 0
	}
	e := &t.events[j]
	e.who = v.who
	if v.anonymous {
		e.anon = v.first
	}
	t.visits.before[j] = v.latest
	v.latest = uint16(j + 1)
	return true
}

// merge makes the merge at j end the anonymous part of a visit. It tells whether
// there is one to end.
func (t *table) merge(j int) bool {
	e := &t.events[j]
	turn := 1.0
	if t.rules.varied && t.tail.anon != 0 {
		turn = t.s.Float64()
	}
	if t.delays != nil {
		reused := t.delays.reused
		if turn = reused + turn*(1-reused); e.mark == markReused && t.tail.anon != 0 {
			turn = 0
		}
		e.mark = markNone
		if turn > 0 && t.mergeDue(j) {
			return true
		}
	}
	return t.end(j, turn)
}

// end makes the merge at j end a visit that goes on, or join an id anew: as its turn
// says, a number between 0 and 1.
func (t *table) end(j int, turn float64) bool {
	e, m := &t.events[j], &t.rules.merges
	if turn < m.Reused {
		e.who, e.anon, e.mark = t.stranger(), t.tail.anon, markReused
		return true
	}
	if len(t.visits.all) == 0 {
		return false
	}
	i := t.visits.pick(&t.s)
	if i < 0 {
		return false
	}
	v := &t.visits.all[i]
	switch turn -= m.Reused; {
	case turn < m.FanIn:
		v.who = t.people.fanIn()
	case turn < m.FanIn+m.Chains:
		v.who, e.via = t.tail.who, t.tail.anon
		t.keep(t.tail.anon)
	}
	t.hide(v)
	e.who, e.anon = v.who, v.first
	t.tail = joined{v.who, v.first}
	t.visits.close(i, t.rules.goOn > 0)
	return true
}

// keep sees to it that the first event of an anonymous id of the block stays where
// it is.
func (t *table) keep(anon uint16) {
	if anon <= blockEvents {
		t.events[anon-1].kept = true
	}
}

// hide makes the events of a visit that is being identified anonymous.
func (t *table) hide(v *visit) {
	for k := v.latest; k != 0; k = t.visits.before[k-1] {
		t.events[k-1].anon, t.events[k-1].who = v.first, v.who
	}
}

// stranger draws somebody else than the person that the tail was joined to.
func (t *table) stranger() person {
	for range 8 {
		if who := t.draw(); who != t.tail.who {
			return who
		}
	}
	return person(uint64(t.people.count) - 1 - min(uint64(t.tail.who), uint64(t.people.count)-1))
}

// disorder moves a share of the merges to before the first event that they
// depend on: as many of those that can be moved as make up the share of all.
func (t *table) disorder() {
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
			first.mark, first.via, e.via = markEarly, uint16(j+1), place
			want--
		}
		left--
	}
}

// movable tells whether the event at j is a merge that depends on nothing but
// the visit that it ends, and whether nothing else depends on where that began.
func (t *table) movable(j int) bool {
	e := &t.events[j]
	if !t.mix.kinds[e.kind].merge || e.mark != markNone || e.via != 0 || e.anon > blockEvents {
		return false
	}
	first := &t.events[e.anon-1]
	return !first.kept && first.mark == markNone
}
