package generator

import (
	"time"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/results"
)

// Batch is the events of one request on its way from the source to a sender.
// Batches are pooled: the feeder takes a free one, a builder fills in the body,
// a sender gives it back. Whoever holds it owns it.
type Batch struct {
	First  int64 // index of its first event
	Events int64
	Due    time.Duration
	Lane   int // which queue it goes to

	shard   int   // whose it is, where all are dealt out
	planned int64 // index of the first event of the batch that it was planned in

	Path            string // request target, after the prefix of the target's URL
	ContentType     string
	ContentEncoding string // empty: identity
	ForwardedFor    string // X-Forwarded-For, empty: none
	Body            []byte // as it goes over the wire
	Plain           int    // bytes of the body before compression

	headers []recording.Header    // v1, recorded: more of them
	results []capture.EventResult // v1: the uuids of the events that are left, and what was said of each
	left    []int64               // which events are left, by index; nil: all
	parts   []results.Part        // what became of the others
	attempt int                   // how often it was sent again
	last    results.Outcome       // of the attempt before
	unsure  *results.Outcome      // of the first attempt that may have arrived; nil: none
	stored  int                   // attempts before that may have stored events that are left
	twice   int64                 // events that came to their end and may be stored twice
	unfit   int64                 // events that the endpoint is expected to refuse
	sent    time.Duration         // when the first attempt left
	cause   results.Cause         // and why so late

	dealt results.Reach // how far the run has got when all of it has left

	recorded records       // what a replay read for the builder
	rest     *Batch        // what did not fit into the byte limit: sent right after
	blocked  time.Duration // until when it could not be dealt out, because the senders had all batches
	built    time.Duration // when the body was ready, or not worth building any more
	skipped  bool          // it was not: too late, and late: skip
	ready    chan struct{} // tells the sender that the builder is done
}

// newBatch returns an empty batch.
func newBatch() *Batch { return &Batch{ready: make(chan struct{}, 1)} }

// reset makes the batch empty and keeps its buffers.
func (b *Batch) reset() {
	*b = Batch{Body: b.Body[:0], results: b.results[:0], recorded: b.recorded.reset(), ready: b.ready}
}

// outcome begins the outcome of an attempt to send b.
func (b *Batch) outcome() results.Outcome {
	return results.Outcome{First: b.First, Events: b.Events, Due: b.Due, BodyBytes: int32(b.Plain), ExpectRefused: b.unfit}
}

// splitAt cuts b before its i-th event and returns what comes after.
func (b *Batch) splitAt(i int64) *Batch {
	rest := newBatch()
	rest.First, rest.Events, rest.Due, rest.Lane, rest.planned = b.First+i, b.Events-i, b.Due, b.Lane, b.planned
	rest.recorded = b.recorded
	rest.recorded.skip += int(i)
	b.Events = i
	return rest
}
