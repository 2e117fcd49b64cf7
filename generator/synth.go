package generator

import (
	"encoding/binary"
	"io"
	"time"

	"rehearse/capture"
	"rehearse/scenario"
)

// Synth is the source of synthesized events. Event i is a function of the
// scenario and i alone: any event can be made without those before it, and the
// bytes are the same whoever makes them.
type Synth struct {
	planner  planner
	sizes    sizes
	prose    prose
	times    scenario.Timestamps
	schedule *scenario.Schedule
	cutter   cutter
	fill     eventFiller

	batches, events int64 // dealt out so far
}

// NewSynth returns a source for the scenario's traffic, and what it will deliver.
func NewSynth(s *scenario.Scenario) (*Synth, Plan) {
	t := s.Traffic
	schedule := scenario.NewSchedule(s.Load.Profile, s.Load.Arrivals, t.Seed)
	y := &Synth{
		planner: planner{
			people: newPopulation(t.DistinctIDs, t.Seed),
			mix:    newMix(t.Events),
			seed:   t.Seed,
			total:  schedule.Total(),
		},
		sizes:    newSizes(t.Sizes),
		prose:    newProse(proseBytes),
		times:    t.Timestamps,
		schedule: schedule,
		cutter:   newCutter(schedule, s.Batching, t.Seed),
	}
	y.fill = y.fillEvent
	p := s.Load.Profile
	return y, Plan{
		Events: schedule.Total(), Requests: y.cutter.count(), Span: p.Span(),
		Peak: p.Peak(), Rate: p.Rate, Lanes: 1,
	}
}

// proseBytes is more than the window of the compressor, so that filling does
// not compress to nothing.
const proseBytes = 128 << 10

// Next deals out the next batch.
func (y *Synth) Next(b *Batch) error {
	c, ok := y.cutter.at(y.batches, y.events)
	if !ok {
		return io.EOF
	}
	b.First, b.Events, b.Due = c.first, c.events, c.due
	y.batches++
	y.events += c.events
	return nil
}

// Build makes the body of b.
func (y *Synth) Build(b *Batch, w *Workbench) {
	if w.due == nil {
		w.due = y.schedule.Cursor().Due
	}
	w.assemble(b, y.fill)
}

// fillEvent writes event b.First+i into w.event.
func (y *Synth) fillEvent(b *Batch, i int64, w *Workbench) { y.Event(b.First+i, w) }

// Event writes event i into w.event, which aliases w's buffers.
func (y *Synth) Event(i int64, w *Workbench) {
	if w.block == nil || w.block.number != i/blockEvents {
		w.block = y.planner.at(i)
	}
	j := i % blockEvents
	p := w.block.events[j]
	k := &y.planner.mix.kinds[p.kind]
	s := scenario.NewStream(y.planner.seed^eventSalt, uint64(i))

	e := &w.event
	e.UUID = drawUUID(&s)
	e.Name = k.name
	e.Timestamp = y.timestamp(i, w)
	w.ids = w.ids[:0]
	if p.link != 0 && !k.merge {
		w.ids = y.appendAnonymous(w.ids, i)
	} else {
		w.ids = y.planner.people.appendID(w.ids, p.who)
	}
	e.DistinctID = w.ids

	w.props = append(w.props[:0], '{')
	if k.merge && p.link != 0 {
		w.props = y.appendLink(w.props, k.name, i-j+int64(p.link)-1)
	}
	w.props = k.shape.append(w.props, &s)
	w.props = y.fillUp(w.props, e, &s)
	w.props = append(w.props, '}')
	e.Properties = w.props
}

// appendLink appends the property that names the id which a merge joins to its
// person: the anonymous id of event i.
func (y *Synth) appendLink(dst, merge []byte, i int64) []byte {
	if string(merge) == identify {
		dst = append(dst, `"$anon_distinct_id":"`...)
	} else {
		dst = append(dst, `"alias":"`...)
	}
	dst = y.appendAnonymous(dst, i)
	return append(dst, `",`...)
}

// appendAnonymous appends the id under which event i is sent if it is anonymous.
func (y *Synth) appendAnonymous(dst []byte, i int64) []byte {
	s := scenario.NewStream(y.planner.seed^anonSalt, uint64(i))
	return capture.AppendUUID(dst, drawUUID(&s))
}

// timestamp is the time that event i bears.
func (y *Synth) timestamp(i int64, w *Workbench) time.Time {
	if y.times.Now {
		return w.start.Add(w.due(i))
	}
	span := y.times.To.Sub(y.times.From)
	return y.times.From.Add(time.Duration(float64(span) * (float64(i) / float64(y.planner.total))))
}

// fillUp adds prose to the properties until the event is as large as drawn.
func (y *Synth) fillUp(props []byte, e *capture.Event, s *scenario.Stream) []byte {
	want := y.sizes.draw(s)
	const member = `,"note":""`
	missing := want - len(props) - len(e.Name) - len(e.DistinctID) - eventOverhead - len(member)
	if missing <= 0 {
		return props
	}
	props = append(props, member[:len(member)-1]...)
	props = y.prose.append(props, missing, s)
	return append(props, '"')
}

// eventOverhead is what an encoded event weighs beyond its name, distinct_id
// and properties.
const eventOverhead = len(`{"event":"","distinct_id":"","uuid":"00000000-0000-0000-0000-000000000000","timestamp":"2006-01-02T15:04:05.000Z","properties":}`) + len("}")

// drawUUID draws a version 4 UUID (RFC 9562, section 5.4).
func drawUUID(s *scenario.Stream) capture.UUID {
	var u capture.UUID
	binary.BigEndian.PutUint64(u[:8], s.Uint64())
	binary.BigEndian.PutUint64(u[8:], s.Uint64())
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}
