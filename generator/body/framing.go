package body

import (
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"rehearse/internal/capture"
	"rehearse/internal/deflate"
	"rehearse/scenario"
)

// ContentJSON is the content type of bodies that no client gives another.
const contentJSON = "application/json"

// framing is how a finished body travels: where to, how it is compressed, and how
// the endpoint learns of that.
type framing struct {
	path     string // with the hint, if that is in the query
	kind     string // Content-Type
	encoding string // Content-Encoding, empty: not said
	engages  bool   // $identify events leave out their name

	zip    compressor // nil: none
	coding capture.Coding
	packed []byte // a body as it is packed

	encoder *deflate.Encoder // by what is known of the body; nil: nothing is
	known   *Structure
}

// newFraming returns how bodies travel to t.
func newFraming(t *scenario.Target) framing {
	f := framing{path: string(t.Route()), kind: contentJSON, engages: t.Route() == scenario.PathEngage}
	if t.Endpoint == scenario.EndpointV1 {
		f.path = capture.PathV1
	}
	f.zip, f.coding = newCompressor(t.Compression)
	if f.zip == nil {
		return f
	}
	h, known := t.Client.Habits()
	if known {
		f.kind = h.ContentType
	}
	word := string(t.Compression)
	if t.Client == scenario.ClientJS && t.Hinted() == scenario.HintQuery {
		word = "gzip-js" // as browsers call it
	}
	switch t.Hinted() {
	case scenario.HintQuery:
		f.path = JoinQuery(f.path, "compression="+word)
	case scenario.HintHeader:
		f.encoding = word
		if h.HintsTwice && t.Hint == "" && t.Endpoint != scenario.EndpointV1 {
			f.path = JoinQuery(f.path, "compression="+word)
		}
	}
	return f
}

// JoinQuery adds a parameter to a path.
func JoinQuery(path, parameter string) string {
	if strings.Contains(path, "?") {
		return path + "&" + parameter
	}
	return path + "?" + parameter
}

// put moves the finished body plain into r, and returns what may be written over
// in its place. Packing grows its buffer step by step, so that there is one; those
// of the batches, of which there are hundreds, are no larger than what they hold.
func (f *framing) put(r *Request, plain []byte, events int64, hints []deflate.Hint) (spare []byte) {
	r.Path, r.ContentType, r.ContentEncoding, r.Plain = f.path, f.kind, f.encoding, len(plain)
	if f.zip == nil {
		spare, r.Body = r.Body, plain
		return spare
	}
	f.packed = f.pack(f.packed[:0], plain, events, hints)
	r.Body = append(r.Body[:0], f.packed...)
	return plain
}

// compressor is a content coding at work. All of them can be set to work again.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// level is what client libraries trade: little time for most of the gain.
const level = gzip.BestSpeed

// newCompressor returns the compressor for c and what it is called in
// Content-Encoding; nil if bodies are not compressed. "deflate" is zlib, as HTTP
// has it.
func newCompressor(c scenario.Compression) (compressor, capture.Coding) {
	switch c {
	case scenario.CompressionGzip:
		z, _ := gzip.NewWriterLevel(nil, level) // fails on unknown levels only
		return z, capture.Gzip
	case scenario.CompressionDeflate:
		z, _ := zlib.NewWriterLevel(nil, level)
		return z, capture.Deflate
	case scenario.CompressionBrotli:
		return brotli.NewWriterLevel(nil, brotli.BestSpeed), capture.Brotli
	case scenario.CompressionZstd:
		z, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithLowerEncoderMem(true))
		return z, capture.Zstd
	}
	return nil, capture.Identity
}

// compress appends plain to dst, compressed by z.
func compress(z compressor, dst, plain []byte) []byte {
	out := growingBuffer{dst}
	z.Reset(&out)
	z.Write(plain)
	z.Close()
	return out.bytes
}

// growingBuffer is an io.Writer onto a slice; it cannot fail, and so nothing that
// writes to it can.
type growingBuffer struct{ bytes []byte }

// Write appends p.
func (g *growingBuffer) Write(p []byte) (int, error) {
	g.bytes = append(g.bytes, p...)
	return len(p), nil
}

// Trimmer takes events out of bodies that are built: those that need not be sent
// again. It is safe for many goroutines.
type Trimmer struct {
	mu       sync.Mutex // guards the rest
	inflater capture.Inflater
	plain    []byte
	zip      compressor
	coding   capture.Coding
}

// NewTrimmer returns what trims bodies of v1 that are compressed by c.
func NewTrimmer(c scenario.Compression) *Trimmer {
	t := &Trimmer{}
	t.zip, t.coding = newCompressor(c)
	return t
}

// Keep makes the body of r carry only the events that keep names by their place.
// False: the body is of a form that cannot be cut, and is as it was.
func (t *Trimmer) Keep(r *Request, keep func(i int) bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	plain, err := t.inflater.Inflate(t.coding, r.Body, capture.MaxPlainV1)
	if err != nil {
		return false
	}
	if t.plain = capture.CutBatch(t.plain[:0], plain, keep); len(t.plain) == len(plain) {
		return false
	}
	if r.Plain = len(t.plain); t.zip == nil {
		r.Body = append(r.Body[:0], t.plain...)
	} else {
		r.Body = compress(t.zip, r.Body[:0], t.plain)
	}
	return true
}
