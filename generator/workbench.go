package generator

import (
	"time"

	"rehearse/capture"
	"rehearse/generator/traffic"
	"rehearse/recording/anonymize"
	"rehearse/scenario"
)

// Workbench is what one builder needs to turn events into bodies: buffers and a
// compressor, kept from batch to batch so that building allocates nothing.
type Workbench struct {
	envelope capture.Envelope
	v1       capture.EnvelopeV1
	target   *scenario.Target
	habits   *scenario.Habits // of the client to look like; nil: none
	dress    dress            // how bodies travel
	engages  bool             // $identify events leave out their name
	tail     int              // bytes that an envelope may end with
	limit    int              // bytes of a body before compression
	start    time.Time        // of the run
	origin   time.Time        // that the dues of events count from: of a resumed run, before its start

	plain []byte
	event capture.Event
	pen   traffic.Pen // writes synthesized events

	masked anonymize.Scratch // of recorded events
}

// newWorkbench returns a workbench for the requests of s.
func newWorkbench(s *scenario.Scenario, start time.Time) *Workbench {
	w := &Workbench{
		envelope: capture.Envelope{
			Token:               s.Target.Token.Reveal(),
			HistoricalMigration: s.Target.HistoricalMigration,
		},
		target: &s.Target,
		limit:  int(s.Batching.Bytes),
		start:  start,
		origin: start,
	}
	if h, known := s.Target.Client.Habits(); known {
		w.habits, w.envelope.Order = &h, h.Order
	}
	longest := w.envelope
	longest.SentAt = start
	w.tail = len(longest.AppendTail(nil))
	w.v1.HistoricalMigration = s.Target.HistoricalMigration
	w.dress = newDress(&s.Target)
	w.engages = s.Target.Route() == scenario.PathEngage
	return w
}

// An eventFiller writes event number i of batch b into w.event. The i-th event
// of a batch is number b.First+i of the run.
type eventFiller func(b *Batch, i int64, w *Workbench)

// assemble builds the body of b from its events. A body that would outgrow the
// byte limit is closed early; what is left goes into b.rest.
func (w *Workbench) assemble(b *Batch, fill eventFiller) {
	if w.target.Endpoint == scenario.EndpointCapture {
		w.single(b, fill)
		return
	}
	b.results = b.results[:0]
	frame := w.open(b)
	empty, unfit := len(w.plain), int64(0)
	for i := int64(0); i < b.Events; i++ {
		fill(b, i, w)
		before := len(w.plain)
		if before > empty {
			w.plain = append(w.plain, ',')
		}
		w.plain = w.appendEvent(w.plain)
		if before > empty && len(w.plain)+w.tail > w.limit {
			w.plain = w.plain[:before]
			b.rest = b.splitAt(i)
			break
		}
		if w.unfit() {
			unfit++
		}
		if w.target.Endpoint == scenario.EndpointV1 {
			b.results = append(b.results, capture.EventResult{UUID: w.event.UUID})
		}
	}
	b.unfit = w.refused(b, unfit)
	w.plain = frame.AppendTail(w.plain)
	w.wrap(b)
	if b.rest != nil {
		w.assemble(b.rest, fill)
	}
}

// unfit says whether the endpoint is expected to refuse the event that was filled in
// last, for what is wrong with it on purpose. Only v1 minds long names
// (capture/event_v1.go).
func (w *Workbench) unfit() bool {
	switch scenario.Invalid(w.pen.Fault) {
	case scenario.InvalidNoID, scenario.InvalidOverSize:
		return true
	case scenario.InvalidLongName:
		return w.target.Endpoint == scenario.EndpointV1
	}
	return false
}

// refused is how many events of b are expected to be refused for those that are
// unfit: v1 refuses one by one, v0 all of a request or none.
func (w *Workbench) refused(b *Batch, unfit int64) int64 {
	if unfit > 0 && w.target.Endpoint != scenario.EndpointV1 {
		return b.Events
	}
	return unfit
}

// appendEvent appends the event as it stands among others. In a list each says
// the token itself.
func (w *Workbench) appendEvent(dst []byte) []byte {
	if w.target.Endpoint == scenario.EndpointArray {
		return capture.AppendSingle(dst, w.envelope.Token, &w.event)
	}
	return capture.AppendEvent(dst, &w.event)
}

// single builds the body of a request that carries one event and no envelope.
func (w *Workbench) single(b *Batch, fill eventFiller) {
	fill(b, 0, w)
	if w.unfit() {
		b.unfit = b.Events
	}
	if w.engages && string(w.event.Name) == "$identify" {
		w.plain = capture.AppendEngage(w.plain[:0], w.envelope.Token, &w.event)
	} else {
		w.plain = capture.AppendSingle(w.plain[:0], w.envelope.Token, &w.event)
	}
	w.wrap(b)
}

// frame is what stands around the events of a batch.
type frame interface {
	AppendHead(dst []byte) []byte
	AppendTail(dst []byte) []byte
}

// open begins the body of a batch and returns what will end it.
func (w *Workbench) open(b *Batch) (f frame) {
	switch w.target.Endpoint {
	case scenario.EndpointV1:
		f, w.v1.CreatedAt = &w.v1, w.start.Add(b.Due)
	case scenario.EndpointArray:
		f = list{}
	default:
		f = &w.envelope
		if w.habits == nil && !w.envelope.HistoricalMigration || w.habits != nil && w.habits.SentAt {
			w.envelope.SentAt = w.start.Add(b.Due)
		}
	}
	w.plain = f.AppendHead(w.plain[:0])
	return f
}

const contentJSON = "application/json"

// wrap moves the finished body into b.
func (w *Workbench) wrap(b *Batch) { w.plain = w.dress.put(b, w.plain) }
