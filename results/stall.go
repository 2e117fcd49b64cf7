package results

import (
	"time"

	"rehearse/capture"
)

// Stall is a stretch of a run in which the generator itself stood still: its
// heartbeat stayed away from From to To, offsets from the start of the run.
type Stall struct {
	From, To time.Duration
	Asleep   time.Duration // how long the machine was suspended besides: the clock of the run stands still meanwhile
	Cause    StallCause
}

// Lost is how much time it took from the generator.
func (s *Stall) Lost() time.Duration { return s.To - s.From + s.Asleep }

// StallCause says what made the generator stand still.
type StallCause string

// The causes of a stall.
const (
	StallUnknown   StallCause = ""          // the operating system does not tell
	StallStopped   StallCause = "stopped"   // it neither ran nor waited to: SIGSTOP, a frozen container, a paused machine
	StallSuspended StallCause = "suspended" // the machine slept
	StallStarved   StallCause = "starved"   // it could have run, and got no processor
	StallBusy      StallCause = "busy"      // its own work held all processors that it may use
	StallCollected StallCause = "collected" // the garbage collector stopped it
)

// unstalled is the outcome as it would have been at best if the generator had not
// stood still. It left and was answered that much sooner, and what a stall may have
// broken was accepted. What else an endpoint answered stays.
func (o *Outcome) unstalled() Outcome {
	at := *o
	at.Stalled = 0
	lag := max(o.Lag()-o.Stalled, min(o.Lag(), 0))
	service := max(o.Service()-o.Stalled, 0)
	latency := max(o.Latency()-o.Stalled, 0)
	at.Sent, at.Done = o.Due+lag, o.Due+latency
	at.Waited = at.Done - at.Sent - service
	if o.Stalled > 0 && BreaksByStall(o.Reason) {
		at.Reason = capture.Accepted
	}
	return at
}

// BreaksByStall says whether standing still can be why a request came to an end: it
// was skipped, our time ran out, or the endpoint's, which hangs up or answers 408.
func BreaksByStall(reason capture.Reason) bool {
	switch reason {
	case capture.GeneratorStalled, capture.ConnectTimeout, capture.AnswerTimeout, capture.RequestTimeout,
		capture.BrokenWhileSending, capture.ClosedBeforeAnswer, capture.BrokenWhileReading:
		return true
	}
	return false
}
