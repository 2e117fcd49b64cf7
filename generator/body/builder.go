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
	Event   capture.Event     // the one that was written last
	Traffic traffic.Writer    // writes synthesized events
	Masked  anonymize.Scratch // hides the data of recorded ones
	Origin  time.Time         // that the dues of events count from: of a resumed run, before its start

	endpoint scenario.Endpoint
	envelope capture.Envelope
	v1       capture.EnvelopeV1
	sentAt   bool // the envelope says when it was sent
	framing  framing
	start    time.Time // of the run
	bodyText
}

// bodyText is a body while it is put together.
type bodyText struct {
	plain   []byte
	room    int    // bytes that it may have before compression, without what ends it
	opening []byte // what each event begins with
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
	w.SetToken(w.envelope.Token)
	return w
}

// SetToken makes the bodies that follow have another project's token.
func (w *Builder) SetToken(token string) {
	w.envelope.Token = token
	w.opening = append(w.opening[:0], '{')
	if w.endpoint == scenario.EndpointCapture || w.endpoint == scenario.EndpointArray {
		w.opening = capture.AppendSingleHead(w.opening[:0], token) // each says the token itself
	}
}

// EventWriter writes the events of a batch. The i-th event of a batch is number b.First+i of
// the run.
type EventWriter interface {
	// Fill writes the i-th event of b into w.Event.
	Fill(b *Batch, i int64, w *Builder)

	// Append appends the i-th event of b as capture.AppendMembers does, and leaves its
	// name and uuid in w.Event.
	Append(dst []byte, b *Batch, i int64, w *Builder) []byte
}

// Assemble builds the body of b from its events. A body that would outgrow the
// byte limit is closed early; what is left goes into b.Overflow.
func (w *Builder) Assemble(b *Batch, from EventWriter) {
	if w.endpoint == scenario.EndpointCapture {
		w.single(b, from)
		return
	}
	b.Results = b.Results[:0]
	frame := w.open(b)
	empty, unfit := len(w.plain), int64(0)
	for i := int64(0); i < b.Events; i++ {
		before, known := len(w.plain), len(w.hints())
		if before > empty {
			w.plain = append(w.plain, ',')
		}
		w.plain = from.Append(append(w.plain, w.opening...), b, i, w)
		if before > empty && len(w.plain) > w.room {
			w.plain = w.plain[:before]
			w.forget(known)
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
		w.Assemble(b.Overflow, from)
	}
}

// forget takes back all hints but the first n.
func (w *Builder) forget(n int) {
	if w.Traffic.Hints != nil {
		w.Traffic.Hints.List = w.Traffic.Hints.List[:n]
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

// single builds the body of a request that carries one event and no envelope.
func (w *Builder) single(b *Batch, from EventWriter) {
	w.forget(0)
	if w.framing.engages {
		from.Fill(b, 0, w)
	}
	if w.framing.engages && string(w.Event.Name) == "$identify" {
		w.plain = capture.AppendEngage(w.plain[:0], w.envelope.Token, &w.Event)
	} else {
		w.plain = from.Append(append(w.plain[:0], w.opening...), b, 0, w)
	}
	if w.unfit() {
		b.Unfit = b.Events
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
	w.forget(0)
	return f
}

// wrap moves the finished body into b.
func (w *Builder) wrap(b *Batch) { w.plain = w.framing.put(&b.Request, w.plain, b.Events, w.hints()) }

// eventList is what stands around events that have no envelope.
type eventList struct{}

// AppendHead begins the list.
func (eventList) AppendHead(dst []byte) []byte { return append(dst, '[') }

// AppendTail ends it.
func (eventList) AppendTail(dst []byte) []byte { return append(dst, ']') }
