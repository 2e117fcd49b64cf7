package generator

import (
	"time"

	"github.com/klauspost/compress/gzip"

	"rehearse/capture"
	"rehearse/scenario"
)

// Workbench is what one builder needs to turn events into bodies: buffers and a
// compressor, kept from batch to batch so that building allocates nothing.
type Workbench struct {
	envelope capture.Envelope
	target   *scenario.Target
	limit    int // bytes of a body before compression
	start    time.Time

	plain []byte
	gzip  *gzip.Writer
	event capture.Event
	ids   []byte // backs event.DistinctID
	props []byte // backs event.Properties
	due   func(int64) time.Duration
	block *block // the plan that the last event came from

	scratch []byte // a text being masked
}

// gzipLevel is what client libraries trade: little time for most of the gain.
const gzipLevel = gzip.BestSpeed

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
	if s.Target.Compression == scenario.CompressionGzip {
		w.gzip, _ = gzip.NewWriterLevel(nil, gzipLevel)
	}
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
	w.open(b)
	empty := len(w.plain)
	for i := int64(0); i < b.Events; i++ {
		fill(b, i, w)
		before := len(w.plain)
		if before > empty {
			w.plain = append(w.plain, ',')
		}
		w.plain = capture.AppendEvent(w.plain, &w.event)
		if before > empty && len(w.plain)+len("]}") > w.limit {
			w.plain = w.plain[:before]
			b.rest = b.splitAt(i)
			break
		}
	}
	w.plain = w.envelope.AppendTail(w.plain)
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

// open begins the body of a batch.
func (w *Workbench) open(b *Batch) {
	b.Path, b.ContentType = "/batch/", contentJSON
	if !w.envelope.HistoricalMigration {
		w.envelope.SentAt = w.start.Add(b.Due)
	}
	w.plain = w.envelope.AppendHead(w.plain[:0])
}

const contentJSON = "application/json"

// wrap moves the finished body into b, compressed if the target wants it.
func (w *Workbench) wrap(b *Batch) {
	b.Plain = len(w.plain)
	if w.gzip == nil {
		b.Body, w.plain = w.plain, b.Body
		return
	}
	out := growing{b.Body[:0]}
	w.gzip.Reset(&out)
	w.gzip.Write(w.plain)
	w.gzip.Close()
	b.Body, b.ContentEncoding = out.bytes, "gzip"
}

// growing is an io.Writer onto a slice; it cannot fail.
type growing struct{ bytes []byte }

// Write appends p.
func (g *growing) Write(p []byte) (int, error) {
	g.bytes = append(g.bytes, p...)
	return len(p), nil
}
