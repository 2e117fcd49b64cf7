package traffic

import (
	"slices"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
)

// Append appends event i as it is sent, from behind its opening brace to its closing
// one: what capture.AppendMembers makes of what Write writes. It renders into dst what
// Write first gathers in buffers of its own. Of e it fills in Name and UUID.
func (m *Model) Append(dst []byte, e *capture.Event, i int64, p *Writer) []byte {
	plan := m.plan(i, p)
	p.Fault = plan.trait.fault()
	switch plan.trait {
	case traitNoID, traitIllegalID, traitLongName, traitOverSize, traitTimestamp:
		m.Write(e, i, p)
		return capture.AppendMembers(dst, e)
	case traitResent, traitCopied:
		original := int(plan.via) - 1
		at := i - i%blockEvents + int64(original)
		if plan.trait == traitCopied {
			return m.render(dst, e, at, i, &p.block.events[original], p)
		}
		return m.render(dst, e, at, at, &p.block.events[original], p)
	}
	return m.render(dst, e, i, i, plan, p)
}

// render appends event i with the uuid of another, which is i but of a copy.
func (m *Model) render(dst []byte, e *capture.Event, i, uuid int64, plan *planned, p *Writer) []byte {
	k := &m.planner.mix.kinds[plan.kind]
	values := m.values(i, plan)
	e.Name, e.UUID = k.name, drawUUID(&values.s)
	if uuid != i {
		s := rng.NewStream(m.planner.seed^eventSalt, uint64(uuid))
		e.UUID = drawUUID(&s)
	}
	at := m.timestamps.at(moment(i, plan, k.merge), plan.who, p)

	dst = slices.Grow(dst, len(k.head)+stride)
	dst = k.head.put(dst)
	dst, id := m.appendDistinctID(dst, plan, k, p)
	dst = p.clock.AppendMiddle(dst, e.UUID, at)
	base := len(dst)
	if k.merge && plan.anon != 0 {
		dst = m.appendLink(dst, k, p.block.anonymous(plan.anon))
	}
	return append(m.fill(dst, base, len(k.name)+id, k, &values), '}')
}

// appendDistinctID appends the distinct_id of a planned event as it stands between
// quotes, and tells how long it is without escapes.
func (m *Model) appendDistinctID(dst []byte, plan *planned, k *eventKind, p *Writer) (longer []byte, length int) {
	before := len(dst)
	people := &m.planner.people
	switch number, anonymous := p.block.alias(plan, k.merge); {
	case anonymous:
		dst = m.appendAnonymous(dst, number)
	case plan.who.hot():
		hot := plan.who &^ hotBit
		return append(dst, people.quoted[hot]...), len(people.hot[hot])
	default:
		dst = people.appendID(dst, plan.who)
	}
	return dst, len(dst) - before
}

// alias returns the number that makes the anonymous id under which a planned event of
// b is sent, if it is not sent under the id of its person.
func (b *block) alias(plan *planned, merge bool) (number int64, anonymous bool) {
	switch {
	case !merge && plan.anon != 0:
		return b.anonymous(plan.anon), true
	case plan.via != 0 && plan.trait != traitEarly:
		return b.anonymous(plan.via), true
	}
	return 0, false
}

// fill appends the properties of an event, as many as its drawn size allows, and
// filler for what is missing. They begin at base, where some of them may stand
// already; name and distinct_id together are so many bytes long.
func (m *Model) fill(dst []byte, base, named int, k *eventKind, values *valueRNG) []byte {
	if m.personless > 0 && !k.person && values.s.Float64() < m.personless && k.properties.personless {
		dst = append(dst, `,"$process_person_profile":false`...)
	}
	return m.fillTo(m.sizes.draw(&values.s), dst, base, named, k, values)
}

// fillTo is fill for an event that should have a size, in bytes as encoded.
func (m *Model) fillTo(size int, dst []byte, base, named int, k *eventKind, values *valueRNG) []byte {
	size -= named + eventOverhead
	limit := size
	if m.sizes.quantiles == nil {
		limit = maxSize
	}
	dst = k.properties.append(dst, base, values, limit)
	if missing := size - (len(dst) - base) - len(k.properties.filler) - len(`"`); missing > 0 {
		dst = append(dst, k.properties.filler...)
		dst = m.filler.append(dst, missing, &values.s)
		dst = append(dst, '"')
	}
	if len(dst) == base {
		dst = append(dst, ',')
	}
	dst[base] = '{' // every member brings a comma
	return append(dst, '}')
}

// eventOverhead is what an encoded event weighs beyond its name, distinct_id
// and members.
const eventOverhead = len(`{"event":"","distinct_id":"","uuid":"00000000-0000-0000-0000-000000000000",`+
	`"timestamp":"2006-01-02T15:04:05.000Z","properties":}`) + len("}")

// appendLink appends the property that names the id which a merge joins: the
// anonymous id that a number makes.
func (m *Model) appendLink(dst []byte, k *eventKind, number int64) []byte {
	dst = m.appendAnonymous(append(dst, k.link...), number)
	return append(dst, '"')
}

// appendAnonymous appends the anonymous id that a number makes: that of the event
// which it begins with, or of a session (see delays).
func (m *Model) appendAnonymous(dst []byte, number int64) []byte {
	s := rng.NewStream(m.planner.seed^anonSalt, uint64(number))
	return capture.AppendUUID(dst, drawUUID(&s))
}
