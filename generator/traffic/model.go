// Package traffic is the model of synthesized events: who sends them, which they
// are, what they carry, and which of them are wrong on purpose.
//
// Event i is a function of the scenario and i alone. Events are planned in
// blocks of 16,384 (planner): kinds from the mix, cards for what must come an
// exact number of times (deck), persons from the crowd (population, zipf), in
// visits that a merge may identify (visits), some of which are known to end in a
// merge later on, in that block or another (delays, dues). Writing an event
// (Model.Write) follows its plan and draws the rest, such as properties, from a
// stream of its own.
package traffic

import (
	"time"

	"rehearse/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Model writes the events of a scenario. It is safe for concurrent use, each
// goroutine with a Pen of its own.
type Model struct {
	planner    *planner
	sizes      sizes
	prose      prose
	clock      clock
	personless float64
}

// Pen is what one goroutine needs to write events: buffers, and the plan that
// the last one came from. Start and Due say when events leave, where their
// timestamps are those of sending.
type Pen struct {
	Start time.Time
	Due   func(int64) time.Duration

	Fault string // what is wrong on purpose with the event written last, as Model.Fault names it

	ids   []byte // backs the event's DistinctID
	props []byte // backs its Properties
	block *block
}

// New returns the model of the traffic of a run along a curve.
func New(t *scenario.Traffic, curve *schedule.Curve) *Model {
	return &Model{
		planner: newPlanner(t, curve), sizes: newSizes(t.Sizes), prose: newProse(proseBytes),
		clock: newClock(t, curve.Total()), personless: t.Personless,
	}
}

// proseBytes is more than the window of the compressor, so that filling does
// not compress to nothing.
const proseBytes = 128 << 10

// Write makes e event i. Its slices alias p's buffers.
func (m *Model) Write(e *capture.Event, i int64, p *Pen) {
	plan := m.plan(i, p)
	p.Fault = plan.mark.fault()
	first := i - i%blockEvents
	switch plan.mark {
	case markResent, markCopied:
		original := first + int64(plan.via) - 1
		m.write(e, original, &p.block.events[original-first], p)
		if plan.mark == markCopied {
			s := rng.NewStream(m.planner.seed^eventSalt, uint64(i))
			e.UUID = drawUUID(&s)
		}
	default:
		m.write(e, i, plan, p)
		m.spoil(e, i, plan, p)
	}
}

// plan returns the plan of event i.
func (m *Model) plan(i int64, p *Pen) *planned {
	if p.block == nil || p.block.number != i/blockEvents {
		p.block = m.planner.at(i, p.block)
	}
	return &p.block.events[i%blockEvents]
}

// write makes e event i as it was planned.
func (m *Model) write(e *capture.Event, i int64, plan *planned, p *Pen) {
	k := &m.planner.mix.kinds[plan.kind]
	first := i - i%blockEvents
	ink := ink{s: rng.NewStream(m.planner.seed^eventSalt, uint64(i)), seed: m.planner.seed, who: plan.who}
	e.UUID = drawUUID(&ink.s)
	e.Name = k.name
	e.Timestamp = m.clock.at(moment(i, plan, k.merge), plan.who, p)
	ink.session = uint64(plan.who) ^ uint64(first)

	p.props = p.props[:0]
	switch {
	case !k.merge && plan.anon != 0:
		p.ids = m.appendAnonymous(p.ids[:0], p.block.anonymous(plan.anon))
	case plan.via != 0 && plan.mark != markEarly:
		p.ids = m.appendAnonymous(p.ids[:0], p.block.anonymous(plan.via))
	default:
		p.ids = m.planner.people.appendID(p.ids[:0], plan.who)
	}
	e.DistinctID = p.ids
	if k.merge && plan.anon != 0 {
		p.props = m.appendLink(p.props, k, p.block.anonymous(plan.anon))
	}
	m.fill(e, k, &ink, p)
}

// moment is the number of the event whose time event i bears: its own, except
// that a merge which is sent early, and the event that it changed places with,
// keep the times at which they happened.
func moment(i int64, plan *planned, merge bool) int64 {
	early := merge && plan.mark == markEarly
	overtaken := !merge && plan.anon != 0 && plan.mark == markNone
	if plan.via == 0 || !early && !overtaken {
		return i
	}
	return i - i%blockEvents + int64(plan.via) - 1
}

// fill gives the event its properties, as many as its drawn size allows, and
// prose for what is missing.
func (m *Model) fill(e *capture.Event, k *kind, ink *ink, p *Pen) {
	if m.personless > 0 && !k.person && ink.s.Float64() < m.personless && k.shape.personless {
		p.props = append(p.props, `,"$process_person_profile":false`...)
	}
	m.fillTo(m.sizes.draw(&ink.s), e, k, ink, p)
}

// fillTo is fill for an event that should have a size, in bytes as encoded.
func (m *Model) fillTo(size int, e *capture.Event, k *kind, ink *ink, p *Pen) {
	size -= len(e.Name) + len(e.DistinctID) + eventOverhead
	limit := size
	if m.sizes.quantiles == nil {
		limit = maxSize
	}
	p.props = k.shape.append(p.props, ink, limit)
	if missing := size - len(p.props) - len(k.shape.filler) - len(`"`); missing > 0 {
		p.props = append(p.props, k.shape.filler...)
		p.props = m.prose.append(p.props, missing, &ink.s)
		p.props = append(p.props, '"')
	}
	if len(p.props) == 0 {
		p.props = append(p.props, ',')
	}
	p.props[0] = '{' // every member brings a comma
	p.props = append(p.props, '}')
	e.Properties = p.props
}

// eventOverhead is what an encoded event weighs beyond its name, distinct_id
// and members.
const eventOverhead = len(`{"event":"","distinct_id":"","uuid":"00000000-0000-0000-0000-000000000000","timestamp":"2006-01-02T15:04:05.000Z","properties":}`) + len("}")

// appendLink appends the property that names the id which a merge joins: the
// anonymous id that a number makes.
func (m *Model) appendLink(dst []byte, k *kind, number int64) []byte {
	if k.alias {
		dst = append(dst, `,"alias":"`...)
	} else {
		dst = append(dst, `,"$anon_distinct_id":"`...)
	}
	dst = m.appendAnonymous(dst, number)
	return append(dst, '"')
}

// appendAnonymous appends the anonymous id that a number makes: that of the event
// which it begins with, or of a visit (see delays).
func (m *Model) appendAnonymous(dst []byte, number int64) []byte {
	s := rng.NewStream(m.planner.seed^anonSalt, uint64(number))
	return capture.AppendUUID(dst, drawUUID(&s))
}
