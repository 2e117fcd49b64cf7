package traffic

import (
	"bytes"
	"encoding/binary"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Model writes the events of a scenario. It is safe for concurrent use, each
// goroutine with a Writer of its own.
type Model struct {
	planner    *planner
	sizes      sizes
	filler     filler
	timestamps timestamper
	personless float64
}

// Writer is what one goroutine needs to write events: buffers, and the plan that
// the last one came from. Start and Due say when events leave, where their
// timestamps are those of sending.
type Writer struct {
	Start time.Time
	Due   func(int64) time.Duration

	Hints *Hints // where Append says what it repeats; nil: nowhere
	Fault string // what is wrong on purpose with the event written last, as Model.Fault names it

	ids   []byte // backs the event's DistinctID
	props []byte // backs its Properties
	block *block
	dues  dues
	clock capture.TimeText // of the event appended last
}

// New returns the model of the traffic of a run along a curve.
func New(t *scenario.Traffic, curve *schedule.Curve) *Model {
	return &Model{
		planner: newPlanner(t, curve), sizes: newSizes(t.Sizes), filler: newFiller(fillerBytes),
		timestamps: newTimestamper(t, curve.Total()), personless: t.Personless,
	}
}

// fillerBytes is more than the window of the compressor, so that filling does
// not compress to nothing.
const fillerBytes = 128 << 10

// Write makes e event i. Its slices alias p's buffers.
func (m *Model) Write(e *capture.Event, i int64, p *Writer) {
	plan := m.plan(i, p)
	p.Fault = plan.trait.fault()
	first := i - i%blockEvents
	switch plan.trait {
	case traitResent, traitCopied:
		original := first + int64(plan.via) - 1
		m.write(e, original, &p.block.events[original-first], p)
		if plan.trait == traitCopied {
			s := rng.NewStream(m.planner.seed^eventSalt, uint64(i))
			e.UUID.SetWords(drawUUID(&s))
		}
	default:
		m.write(e, i, plan, p)
		m.injectFault(e, i, plan, p)
	}
}

// plan returns the plan of event i.
func (m *Model) plan(i int64, p *Writer) *planned {
	if p.block == nil || p.block.number != i/blockEvents {
		p.block = m.planner.at(i, p.block)
	}
	return &p.block.events[i%blockEvents]
}

// write makes e event i as it was planned.
func (m *Model) write(e *capture.Event, i int64, plan *planned, p *Writer) {
	k := &m.planner.mix.kinds[plan.kind]
	var values valueRNG
	m.startValues(&values, i, plan)
	e.UUID.SetWords(drawUUID(&values.s))
	e.Name = k.name
	e.Timestamp = m.timestamps.at(moment(i, plan, k.merge), plan.who, p)
	if number, anonymous := p.block.alias(plan, k.merge); anonymous {
		p.ids = m.appendAnonymous(p.ids[:0], number)
	} else {
		p.ids = m.planner.people.appendID(p.ids[:0], plan.who)
	}
	e.DistinctID = p.ids
	p.props = p.props[:0]
	if k.merge && plan.anon != 0 {
		p.props = m.appendLink(p.props, k, p.block.anonymous(plan.anon))
	}
	if plan.ofPersons() {
		p.props = m.appendLinkTo(p.props, k, plan.other)
	}
	p.props = m.fill(p.props, 0, len(e.Name)+len(e.DistinctID), k, &values)
	e.Properties = p.props
}

// startValues makes values what those of event i are drawn from; it is empty before.
func (m *Model) startValues(values *valueRNG, i int64, plan *planned) {
	values.s = m.planner.values.Stream(uint64(i))
	values.seed, values.who = m.planner.seed, plan.who
	values.session = uint64(plan.who) ^ uint64(i-i%blockEvents)
}

// moment is the number of the event whose time event i has: its own, except
// that a merge which is sent early, and the event that it changed places with,
// keep the times at which they happened.
func moment(i int64, plan *planned, merge bool) int64 {
	early := merge && plan.trait == traitEarly
	overtaken := !merge && plan.anon != 0 && plan.trait == traitNone
	if plan.via == 0 || !early && !overtaken {
		return i
	}
	return i - i%blockEvents + int64(plan.via) - 1
}

// injectFault makes e wrong in the way that its trait says.
func (m *Model) injectFault(e *capture.Event, i int64, plan *planned, p *Writer) {
	how := plan.trait
	switch how {
	case traitNoID:
		e.DistinctID = nil
	case traitIllegalID:
		p.ids = append(p.ids[:0], illegalIDs[i%int64(len(illegalIDs))]...)
		e.DistinctID = p.ids
	case traitLongName:
		e.Name = longName
	case traitOverSize:
		s := rng.NewStream(m.planner.seed^eventSalt, uint64(i))
		p.props = append(p.props[:len(p.props)-1], m.planner.mix.kinds[plan.kind].properties.excess...)
		p.props = m.filler.append(p.props, tooLarge, &s)
		p.props = append(p.props, `"}`...)
		e.Properties = p.props
	case traitTimestamp:
		e.Timestamp = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
}

// tooLarge is what makes an event larger than one Kafka message.
const tooLarge = capture.MaxEvent

var (
	// illegalIDs are ids that the pipeline never merges (person-merge-service.ts).
	illegalIDs = [...]string{
		"undefined", "null", "anonymous", "guest", "[object Object]", "NaN", "none", "0", "true", "not_authenticated",
	}

	// longName is five times as long as the pipeline's column for names.
	longName = bytes.Repeat([]byte("name "), 200)
)

// Names are the names that events may have; Name says which of them one has.
func (m *Model) Names() []string {
	var names []string
	for i := range m.planner.mix.kinds {
		names = append(names, string(m.planner.mix.kinds[i].name))
	}
	return append(names, string(scenario.InvalidLongName))
}

// CountNames adds the events [from, to) to counts by their names, in the order of Names. No
// event is made, and of whole blocks that were planned before it is known.
func (m *Model) CountNames(counts []int64, from, to int64, w *Writer) {
	for i := from; i < to; {
		end := min(i-i%blockEvents+blockEvents, to)
		if known, kept := m.planner.names.of(i / blockEvents); kept &&
			i%blockEvents == 0 && (end%blockEvents == 0 || end == m.planner.total) {
			for name, n := range known {
				counts[name] += int64(n)
			}
			i = end
		}
		for ; i < end; i++ {
			plan := m.plan(i, w)
			counts[w.block.name(plan, len(counts))]++
		}
	}
}

// Fault names what is wrong with event i on purpose, in the words of the
// scenario file; empty for a sound event.
func (m *Model) Fault(i int64, p *Writer) string { return m.plan(i, p).trait.fault() }

// Count is how many events of a kind a run holds.
type QuotaCount struct {
	What   string
	Events int64
}

// Counts tells what the run holds an exact number of: hot ids, new persons, and
// each fault but those of merges, which are a matter of chance.
func (m *Model) Counts() []QuotaCount {
	var all []QuotaCount
	for _, q := range m.planner.quotas {
		what := q.assigns.trait.fault()
		switch q.assigns.trait {
		case traitHot:
			what = m.planner.people.hot[q.assigns.hot]
		case traitJoin:
			what = "new persons"
		}
		all = append(all, QuotaCount{what, q.want})
	}
	return all
}

// EachKind writes a few events of every kind of the mix and shows each of them, with
// the share of all events that it stands for. They are as large as the properties
// make them, up to the median of the sizes that the scenario asks for. An event is
// valid until the next.
func (m *Model) EachKind(events int, show func(e *capture.Event, share float64)) {
	var p Writer
	for i := range m.planner.mix.kinds {
		k := &m.planner.mix.kinds[i]
		for n := range events {
			values := valueRNG{s: rng.NewStream(m.planner.seed^eventSalt, uint64(n)), seed: m.planner.seed}
			var e capture.Event
			p.ids = m.planner.people.appendID(p.ids[:0], 0)
			e.Name, e.DistinctID = k.name, p.ids
			p.props = m.fillTo(m.sizes.median(), p.props[:0], 0, len(e.Name)+len(e.DistinctID), k, &values)
			e.Properties = p.props
			show(&e, m.planner.mix.shares[i]/float64(events))
		}
	}
}

// Larger is the share of the events that are asked to be larger than a size, in
// bytes; 0 where sizes are as the properties make them.
func (m *Model) Larger(size float64) float64 {
	larger := 0
	for _, q := range m.sizes.quantiles {
		if float64(q) > size {
			larger++
		}
	}
	return float64(larger) / float64(max(len(m.sizes.quantiles), 1))
}

// Stamped is the time that event i has before its person's clock, or disorder, makes
// it another. Where events have the time of sending, the run begins at the zero time.
func (m *Model) Stamped(i int64, due func(int64) time.Duration) time.Time {
	c := m.timestamps
	c.Disorder, c.ClockSkew = 0, 0
	return c.at(i, 0, &Writer{Due: due})
}

// UUIDs finds events by their uuids. It is a value and may be copied.
type UUIDs struct {
	seed    uint64
	inverse rng.Inverse
	total   uint64
}

// UUIDs returns what finds the events of the run.
func (m *Model) UUIDs() UUIDs {
	seed := m.planner.seed ^ eventSalt
	return UUIDs{seed, rng.NewInverse(seed), uint64(m.planner.total)}
}

// Of is the uuid of event i, unless it was sent before under another.
func (x *UUIDs) Of(i int64) (u capture.UUID) {
	s := rng.NewStream(x.seed, uint64(i))
	u.SetWords(drawUUID(&s))
	return u
}

// Index returns the number of the event that has a uuid; found is false if none of
// the run has. A uuid is two numbers of a stream of its own, so that the first gives
// the index back. Of the first, the four bits of the version are lost: each of
// sixteen is tried, and the second number tells whether it is the one. That a uuid of
// another sender passes takes a chance of total/2^118.
func (x *UUIDs) Index(u capture.UUID) (i int64, found bool) {
	if u[6]>>4 != 4 || u[8]>>6 != 2 {
		return 0, false
	}
	high := binary.BigEndian.Uint64(u[:8]) &^ 0xf000
	for version := range uint64(16) {
		index := x.inverse.Index(high | version<<12)
		if index < x.total && x.Of(int64(index)) == u {
			return int64(index), true
		}
	}
	return 0, false
}

// Resends tells whether any event of the run is sent twice under one uuid.
func (m *Model) Resends() bool {
	for _, q := range m.planner.quotas {
		if q.assigns.trait == traitResent {
			return true
		}
	}
	return false
}

// Original is the number of the event whose uuid event i has: its own, or of one
// that is sent again, that of the first time. The first time lies in the same block
// of BlockEvents.
func (m *Model) Original(i int64, w *Writer) int64 {
	plan := m.plan(i, w)
	if plan.trait != traitResent {
		return i
	}
	return i - i%blockEvents + int64(plan.via) - 1
}

// BlockEvents is how many consecutive events are planned together: events are
// written fastest block by block.
const BlockEvents = blockEvents
