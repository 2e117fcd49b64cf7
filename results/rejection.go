package results

import (
	"time"

	"rehearse/capture"
	"rehearse/internal/text"
)

// The limits on what is kept of refused requests, so that an endpoint that
// refuses everything costs no more memory than one that takes everything. What
// exceeds them is counted, and a warning in the result says how much it was.
const (
	maxAnswer     = 256     // bytes of one answer
	maxRejections = 10_000  // details an interval
	maxAnswers    = 1 << 20 // bytes of answers an interval
)

// Rejection is what is written down about one rejected or ambiguous request.
// Times are offsets from the start of the run.
type Rejection struct {
	First, Events   int64 // the request's events are First to First+Events-1
	Due, Sent, Done time.Duration
	Status          int
	Reason          capture.Reason
	Again           bool   // it was sent again after this
	MayBeStored     bool   // some of its events may be stored
	Answer          string // the beginning of the answer, safe to print
}

// rejection copies what is kept of a refused request. The answer may use at
// most room bytes.
func rejection(o *Outcome, room int) Rejection {
	return Rejection{
		First: o.First, Events: o.Events,
		Due: o.Due, Sent: o.Sent, Done: o.Done,
		Status: o.Status, Reason: o.Reason, Again: o.Again, MayBeStored: o.MayBeStored,
		Answer: text.Printable(o.Answer, min(maxAnswer, room)),
	}
}
