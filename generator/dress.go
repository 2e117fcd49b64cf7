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

	zip  compressor                     // nil: none
	form func(dst, plain []byte) []byte // nil: bodies are no forms
	more string                         // fields of the form behind its data

	packed []byte // a body as it is packed
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
	word := string(t.Compression)
	var forms capture.FormEncoder
	switch t.Compression {
	case scenario.CompressionNone:
		return d
	case scenario.CompressionBase64:
		d.form, d.kind = forms.AppendBase64, capture.ContentForm
	case scenario.CompressionLZ64:
		d.form, d.kind = forms.AppendLZ64, capture.ContentForm
	case scenario.CompressionGzip:
		if t.Client == scenario.ClientJS && t.Hinted() == scenario.HintQuery {
			word = "gzip-js" // as browsers call it
		}
	}
	switch t.Hinted() {
	case scenario.HintQuery:
		d.path = joinQuery(d.path, "compression="+word)
	case scenario.HintForm:
		d.more = "&compression=" + word
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
	switch {
	case d.form != nil:
		d.packed = append(d.form(d.packed[:0], plain), d.more...)
	case d.zip != nil:
		d.packed = compress(d.zip, d.packed[:0], plain)
	default:
		spare, b.Body = b.Body, plain
		return spare
	}
	b.Body = append(b.Body[:0], d.packed...)
	return plain
}

// list is what stands around events that have no envelope.
type list struct{}

// AppendHead begins the list.
func (list) AppendHead(dst []byte) []byte { return append(dst, '[') }

// AppendTail ends it.
func (list) AppendTail(dst []byte) []byte { return append(dst, ']') }
