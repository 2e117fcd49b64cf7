package generator

import (
	"time"

	"rehearse/capture"
	"rehearse/generator/traffic"
	"rehearse/scenario"
)

// Workbench is what one builder needs to turn events into bodies: buffers and a
// compressor, kept from batch to batch so that building allocates nothing.
type Workbench struct {
	envelope capture.Envelope
	v1       capture.EnvelopeV1
	target   *scenario.Target
	habits   *scenario.Habits // of the client to look like; nil: none
	tail     int              // bytes that an envelope may end with
	limit    int              // bytes of a body before compression
	start    time.Time

	plain  []byte
	zip    compressor // nil: none
	coding capture.Coding
	event  capture.Event
	ids    []byte      // backs event.DistinctID
	props  []byte      // backs event.Properties
	pen    traffic.Pen // writes synthesized events

	masking masking // of recorded events
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
	}
	w.tail = len("]}")
	if h, known := s.Target.Client.Habits(); known {
		w.habits, w.envelope.SentAtLast = &h, h.SentAt
		if h.SentAt {
			w.tail = len(`],"sent_at":"2006-01-02T15:04:05.000Z"}`)
		}
	}
	w.v1.HistoricalMigration = s.Target.HistoricalMigration
	w.zip, w.coding = newCompressor(s.Target.Compression)
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
	empty := len(w.plain)
	for i := int64(0); i < b.Events; i++ {
		fill(b, i, w)
		before := len(w.plain)
		if before > empty {
			w.plain = append(w.plain, ',')
		}
		w.plain = capture.AppendEvent(w.plain, &w.event)
		if before > empty && len(w.plain)+w.tail > w.limit {
			w.plain = w.plain[:before]
			b.rest = b.splitAt(i)
			break
		}
		if w.target.Endpoint == scenario.EndpointV1 {
			b.results = append(b.results, capture.EventResult{UUID: w.event.UUID})
		}
	}
	w.plain = frame.AppendTail(w.plain)
	w.wrap(b)
	if b.rest != nil {
		w.assemble(b.rest, fill)
	}
}

// single builds the body of a request that carries one event and no envelope.
func (w *Workbench) single(b *Batch, fill eventFiller) {
	b.Path, b.ContentType = "/i/v0/e/", contentJSON
	fill(b, 0, w)
	w.plain = capture.AppendSingle(w.plain[:0], w.envelope.Token, &w.event)
	w.wrap(b)
}

// frame is what stands around the events of a batch.
type frame interface {
	AppendHead(dst []byte) []byte
	AppendTail(dst []byte) []byte
}

// open begins the body of a batch and returns what will end it.
func (w *Workbench) open(b *Batch) (f frame) {
	b.ContentType = contentJSON
	if w.target.Endpoint == scenario.EndpointV1 {
		b.Path, f = capture.PathV1, &w.v1
		w.v1.CreatedAt = w.start.Add(b.Due)
	} else {
		b.Path, f = "/batch/", &w.envelope
		if w.habits == nil && !w.envelope.HistoricalMigration || w.envelope.SentAtLast {
			w.envelope.SentAt = w.start.Add(b.Due)
		}
	}
	if w.habits != nil {
		b.Path, b.ContentType = w.habits.Path, w.habits.ContentType
	}
	w.plain = f.AppendHead(w.plain[:0])
	return f
}

const contentJSON = "application/json"

// wrap moves the finished body into b, compressed if the target wants it.
func (w *Workbench) wrap(b *Batch) {
	b.Plain = len(w.plain)
	if w.zip == nil {
		b.Body, w.plain = w.plain, b.Body
		return
	}
	b.Body, b.ContentEncoding = compress(w.zip, b.Body[:0], w.plain), string(w.coding)
}
