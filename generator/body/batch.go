package body

import (
	"io"
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
)

// Request is a request as it is built, ready to travel.
type Request struct {
	Path            string // request target, after the prefix of the target's URL
	ContentType     string
	ContentEncoding string // empty: identity
	ForwardedFor    string // X-Forwarded-For, empty: none
	Body            []byte // as it goes over the wire
	Plain           int    // bytes of the body before compression

	Headers []recording.Header    // v1, recorded: more of them
	Results []capture.EventResult // v1: the uuids of the events, and what the answer says of each
}

// Batch is the events of one request: those that a source deals out together, and
// the request that they become. Its buffers are used again after Reset.
type Batch struct {
	Request

	First  int64 // index of its first event
	Events int64
	Due    time.Duration
	Lane   int   // which queue it goes to
	Shard  int   // whose it is, where all are dealt out
	Within int64 // index of the first event of the batch that it was planned in
	Unfit  int64 // events that the endpoint is expected to refuse

	Recorded Records // what a replay read for the builder
	Overflow *Batch  // what did not fit into the byte limit: sent right after
}

// Reset makes the batch empty and keeps its buffers.
func (b *Batch) Reset() {
	*b = Batch{Request: Request{Body: b.Body[:0], Results: b.Results[:0]}, Recorded: b.Recorded.Reset()}
}

// splitAt cuts b before its i-th event and returns what comes after.
func (b *Batch) splitAt(i int64) *Batch {
	rest := &Batch{
		First: b.First + i, Events: b.Events - i, Due: b.Due, Lane: b.Lane, Within: b.Within, Recorded: b.Recorded,
	}
	rest.Recorded.skip += int(i)
	b.Events = i
	return rest
}

// Stretch is a batch of n of the events of b, from the i-th on, that is yet to be
// built. What was recorded of b is copied.
func (b *Batch) Stretch(i, n int64) Batch {
	part := Batch{First: b.First + i, Events: n, Due: b.Due, Lane: b.Lane, Within: b.Within}
	part.Recorded = Records{text: slices.Clone(b.Recorded.text), items: slices.Clone(b.Recorded.items), skip: int(i)}
	return part
}

// AddTo adds what was read for the batch to a checksum: the events, or the request.
func (b *Batch) AddTo(sum io.Writer) {
	for i := range b.Recorded.items {
		sum.Write(b.Recorded.items[i].UUID[:])
	}
	sum.Write(b.Recorded.text)
	io.WriteString(sum, b.Path)
	sum.Write(b.Body)
}

// Records is a run of recorded events, their text in one buffer.
type Records struct {
	text  []byte
	items []record
	skip  int // how many of them belong to an earlier batch
}

// Record is one of them: where its parts end in the text, and what is no text.
type record struct {
	name, id, properties int

	Time time.Time
	Due  time.Duration
	UUID capture.UUID
}

// Len is how many events there are.
func (r *Records) Len() int { return len(r.items) }

// Add copies e.
func (r *Records) Add(e *event.Event, due time.Duration, uuid capture.UUID) {
	item := record{Time: e.Time, Due: due, UUID: uuid}
	r.text = append(r.text, e.Name...)
	item.name = len(r.text)
	r.text = append(r.text, e.DistinctID...)
	item.id = len(r.text)
	r.text = append(r.text, e.Properties...)
	item.properties = len(r.text)
	r.items = append(r.items, item)
}

// At returns the i-th event with its name, distinct_id and properties, which
// alias the buffer.
func (r *Records) At(i int64) (item *record, name, id, properties []byte) {
	k, start := int(i)+r.skip, 0
	if k > 0 {
		start = r.items[k-1].properties
	}
	item = &r.items[k]
	return item, r.text[start:item.name], r.text[item.name:item.id], r.text[item.id:item.properties]
}

// Reset forgets the events and keeps the buffers.
func (r Records) Reset() Records { return Records{text: r.text[:0], items: r.items[:0]} }
