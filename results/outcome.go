package results

import (
	"time"

	"rehearse/capture"
)

// Outcome is what became of one request. All times are offsets from the start
// of the run, on its monotonic clock.
type Outcome struct {
	First  int64 // index of the request's first event
	Events int32 // how many events it carried, from First on

	Due  time.Duration // when it should have left
	Sent time.Duration // when it was handed to the network; meaningless when unsent
	Done time.Duration // when its answer was fully read or given up

	Reason capture.Reason
	Cause  Cause // why it left late, if it did
	Status int   // HTTP status, 0 if there was no answer

	BodyBytes int32 // the body before compression
	WireBytes int32 // what was written to the connection: head and compressed body

	// Answer is the beginning of a refused request's answer. The sender owns
	// it: Record copies what it keeps.
	Answer []byte
}

// Latency is what a customer would have felt: from due to done.
func (o *Outcome) Latency() time.Duration { return o.Done - o.Due }

// Service is what the endpoint took: from sent to done.
func (o *Outcome) Service() time.Duration { return o.Done - o.Sent }

// Lag is what the generator did wrong: from due to sent.
func (o *Outcome) Lag() time.Duration { return o.Sent - o.Due }

// Cause says why a request left later than LateAfter past its due time.
type Cause uint8

// The causes of lateness.
const (
	OnTime       Cause = iota
	LateBuild          // its body was not ready at the due time: the generator lacked CPU
	LatePace           // it was ready and a connection was free, and still it left late
	NoConnection       // every connection was waiting for the endpoint
)

// LateAfter is how long after its due time a request may leave and still count
// as on time.
const LateAfter = 10 * time.Millisecond
