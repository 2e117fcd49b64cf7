package generator

import (
	"rehearse/capture"
	"rehearse/scenario"
)

// dress is how a finished body travels: where to, what it is put into, and how
// the endpoint learns of that.
type dress struct {
	path     string // with the hint, if that is in the query
	kind     string // Content-Type
	encoding string // Content-Encoding, empty: not said

	zip    compressor // nil: none
	packed []byte     // a body as it is packed
}

// newDress returns how bodies travel to t.
func newDress(t *scenario.Target) dress {
	d := dress{path: string(t.Route()), kind: contentJSON}
	if t.Endpoint == scenario.EndpointV1 {
		d.path = capture.PathV1
	}
	d.zip, _ = newCompressor(t.Compression)
	h, known := t.Client.Habits()
	if known && d.zip != nil {
		d.kind = h.ContentType
	}
	if d.zip == nil {
		return d
	}
	word := string(t.Compression)
	if t.Client == scenario.ClientJS && t.Hinted() == scenario.HintQuery {
		word = "gzip-js" // as browsers call it
	}
	switch t.Hinted() {
	case scenario.HintQuery:
		d.path = joinQuery(d.path, "compression="+word)
	case scenario.HintHeader:
		d.encoding = word
		if h.HintsTwice && t.Hint == "" && t.Endpoint != scenario.EndpointV1 {
			d.path = joinQuery(d.path, "compression="+word)
		}
	}
	return d
}

// put moves the finished body plain into b, dressed, and returns what may be
// written over in its place. Packing grows its buffer step by step, so that
// there is one; those of the batches, of which there are hundreds, are no larger
// than what they hold.
func (d *dress) put(b *Batch, plain []byte) (spare []byte) {
	b.Path, b.ContentType, b.ContentEncoding, b.Plain = d.path, d.kind, d.encoding, len(plain)
	if d.zip == nil {
		spare, b.Body = b.Body, plain
		return spare
	}
	d.packed = compress(d.zip, d.packed[:0], plain)
	b.Body = append(b.Body[:0], d.packed...)
	return plain
}

// list is what stands around events that have no envelope.
type list struct{}

// AppendHead begins the list.
func (list) AppendHead(dst []byte) []byte { return append(dst, '[') }

// AppendTail ends it.
func (list) AppendTail(dst []byte) []byte { return append(dst, ']') }
