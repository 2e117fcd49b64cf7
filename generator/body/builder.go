package body

import (
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/recording/anonymize"
	"rehearse/scenario"
)

// Builder turns events into the bodies of requests. It is for one goroutine: its
// buffers and its compressor are kept from batch to batch, so that building
// allocates nothing.
type Builder struct {
	Event   capture.Event     // the one that a Filler writes
	Traffic traffic.Writer    // writes synthesized events
	Masked  anonymize.Scratch // hides the data of recorded ones
	Origin  time.Time         // that the dues of events count from: of a resumed run, before its start

	endpoint scenario.Endpoint
	envelope capture.Envelope
	v1       capture.EnvelopeV1
	sentAt   bool // the envelope says when it was sent
	framing  framing
	room     int       // bytes of a body before compression, without what ends it
	start    time.Time // of the run
	plain    []byte
}

// NewBuilder returns a builder for the requests of s in a run that begins at start.
func NewBuilder(s *scenario.Scenario, start time.Time) *Builder {
	w := &Builder{
		envelope: capture.Envelope{
			Token:               s.Target.Token.Reveal(),
			HistoricalMigration: s.Target.HistoricalMigration,
		},
		endpoint: s.Target.Endpoint,
		sentAt:   !s.Target.HistoricalMigration,
		start:    start,
		Origin:   start,
	}
	if h, known := s.Target.Client.Habits(); known {
		w.sentAt, w.envelope.Order = h.SentAt, h.Order
	}
	longest := w.envelope
	longest.SentAt = start
	w.room = int(s.Batching.Bytes) - len(longest.AppendTail(nil))
	w.v1.HistoricalMigration = s.Target.HistoricalMigration
	w.framing = newFraming(&s.Target)
	return w
}

// SetToken makes the bodies that follow bear another project's token.
func (w *Builder) SetToken(token string) { w.envelope.Token = token }

// A Filler writes event number i of batch b into w.Event. The i-th event of a batch
// is number b.First+i of the run.
type Filler func(b *Batch, i int64, w *Builder)

// Assemble builds the body of b from its events. A body that would outgrow the
// byte limit is closed early; what is left goes into b.Overflow.
func (w *Builder) Assemble(b *Batch, fill Filler) {
	if w.endpoint == scenario.EndpointCapture {
		w.single(b, fill)
		return
	}
	b.Results = b.Results[:0]
	frame := w.open(b)
	empty, unfit := len(w.plain), int64(0)
	for i := int64(0); i < b.Events; i++ {
		fill(b, i, w)
		before := len(w.plain)
		if before > empty {
			w.plain = append(w.plain, ',')
		}
		w.plain = w.appendEvent(w.plain)
		if before > empty && len(w.plain) > w.room {
			w.plain = w.plain[:before]
			b.Overflow = b.splitAt(i)
			break
		}
		if w.unfit() {
			unfit++
		}
		if w.endpoint == scenario.EndpointV1 {
			b.Results = append(b.Results, capture.EventResult{UUID: w.Event.UUID})
		}
	}
	b.Unfit = w.refused(b, unfit)
	w.plain = frame.AppendTail(w.plain)
	w.wrap(b)
	if b.Overflow != nil {
		w.Assemble(b.Overflow, fill)
	}
}

// unfit says whether the endpoint is expected to refuse the event that was filled in
// last, for what is wrong with it on purpose. Only v1 minds long names
// (capture/event_v1.go).
func (w *Builder) unfit() bool {
	switch scenario.Invalid(w.Traffic.Fault) {
	case scenario.InvalidNoID, scenario.InvalidOverSize:
		return true
	case scenario.InvalidLongName:
		return w.endpoint == scenario.EndpointV1
	}
	return false
}

// refused is how many events of b are expected to be refused for those that are
// unfit: v1 refuses one by one, v0 all of a request or none.
func (w *Builder) refused(b *Batch, unfit int64) int64 {
	if unfit > 0 && w.endpoint != scenario.EndpointV1 {
		return b.Events
	}
	return unfit
}

// appendEvent appends the event as it stands among others. In a list each says
// the token itself.
func (w *Builder) appendEvent(dst []byte) []byte {
	if w.endpoint == scenario.EndpointArray {
		return capture.AppendSingle(dst, w.envelope.Token, &w.Event)
	}
	return capture.AppendEvent(dst, &w.Event)
}

// single builds the body of a request that carries one event and no envelope.
func (w *Builder) single(b *Batch, fill Filler) {
	fill(b, 0, w)
	if w.unfit() {
		b.Unfit = b.Events
	}
	if w.framing.engages && string(w.Event.Name) == "$identify" {
		w.plain = capture.AppendEngage(w.plain[:0], w.envelope.Token, &w.Event)
	} else {
		w.plain = capture.AppendSingle(w.plain[:0], w.envelope.Token, &w.Event)
	}
	w.wrap(b)
}

// frame is what stands around the events of a batch.
type frame interface {
	AppendHead(dst []byte) []byte
	AppendTail(dst []byte) []byte
}

// open begins the body of a batch and returns what will end it.
func (w *Builder) open(b *Batch) (f frame) {
	switch w.endpoint {
	case scenario.EndpointV1:
		f, w.v1.CreatedAt = &w.v1, w.start.Add(b.Due)
	case scenario.EndpointArray:
		f = eventList{}
	default:
		f = &w.envelope
		if w.sentAt {
			w.envelope.SentAt = w.start.Add(b.Due)
		}
	}
	w.plain = f.AppendHead(w.plain[:0])
	return f
}

// wrap moves the finished body into b.
func (w *Builder) wrap(b *Batch) { w.plain = w.framing.put(&b.Request, w.plain) }

// eventList is what stands around events that have no envelope.
type eventList struct{}

// AppendHead begins the list.
func (eventList) AppendHead(dst []byte) []byte { return append(dst, '[') }

// AppendTail ends it.
func (eventList) AppendTail(dst []byte) []byte { return append(dst, ']') }
