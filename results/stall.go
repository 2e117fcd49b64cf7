package results

import (
	"fmt"
	"time"

	"rehearse/capture"
	"rehearse/internal/text"
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

// phrase says what happened, after "the generator".
func (c StallCause) phrase() string {
	switch c {
	case StallStopped:
		return "was stopped (SIGSTOP, a frozen container, or a paused machine)"
	case StallSuspended:
		return "was suspended with its machine"
	case StallStarved:
		return "could have run but got no processor"
	case StallBusy:
		return "was kept busy by its own work"
	case StallCollected:
		return "was stopped by the garbage collector"
	}
	return "stood still (stopped, suspended, or starved of CPU)"
}

// Stalls sum up when the generator stood still.
type Stalls struct {
	Count     int64      `json:"stalls"`
	Seconds   float64    `json:"stalled_s"`    // in all
	LongestMS float64    `json:"stall_max_ms"` // the longest of them,
	At        float64    `json:"stall_at_s"`   // when it began, in seconds of the run,
	Cause     StallCause `json:"stall_cause"`  // and its cause
}

// add counts a stall.
func (s *Stalls) add(stall *Stall) {
	s.Count++
	s.Seconds += stall.Lost().Seconds()
	if ms := milliseconds(stall.Lost()); ms > s.LongestMS {
		s.LongestMS, s.At, s.Cause = ms, stall.From.Seconds(), stall.Cause
	}
}

// plus sums up the stalls of two shards.
func (s Stalls) plus(other Stalls) Stalls {
	longest := s
	if other.LongestMS > s.LongestMS {
		longest = other
	}
	longest.Count, longest.Seconds = s.Count+other.Count, s.Seconds+other.Seconds
	return longest
}

// text says in half a sentence how long the generator stood still, and why.
func (s *Stalls) text() string {
	said := fmt.Sprintf("it %s for %s, %s s into the run", s.Cause.phrase(), text.Milliseconds(s.LongestMS), text.Figures(s.At))
	if s.Count > 1 {
		said += fmt.Sprintf(", and %s s in %s altogether", text.Figures(s.Seconds), text.Plural(s.Count, "stall"))
	}
	return said
}

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
	if o.Stalled > 0 && breaksByStall(o.Reason) {
		at.Reason = capture.Accepted
	}
	return at
}

// breaksByStall says whether standing still can be why a request came to an end: it
// was skipped, our time ran out, or the endpoint's, which hangs up or answers 408.
func breaksByStall(reason capture.Reason) bool {
	switch reason {
	case capture.GeneratorStalled, capture.ConnectTimeout, capture.AnswerTimeout, capture.RequestTimeout,
		capture.BrokenWhileSending, capture.ClosedBeforeAnswer, capture.BrokenWhileReading:
		return true
	}
	return false
}

// recordUnstalled counts an outcome among those without stalls, once there was one.
func (t *Tally) recordUnstalled(o *Outcome) {
	if t.Unstalled == nil && o.Stalled == 0 {
		return
	}
	at := o.unstalled()
	t.withUnstalled().record(&at)
}

// withUnstalled is the tally without stalls, which so far is no other.
func (t *Tally) withUnstalled() *Tally {
	if t.Unstalled == nil {
		if t.Unstalled = t.spare; t.Unstalled == nil {
			t.Unstalled = NewTally()
		}
		t.spare = nil
		t.Unstalled.Add(t.sameTally())
	}
	return t.Unstalled
}

// sameTally is t without what it would be without stalls.
func (t *Tally) sameTally() *Tally {
	same := *t
	same.Unstalled, same.spare = nil, nil
	return &same
}

// AtBest is what the run would have come to at best if the generator had not stood
// still: t itself if it never did.
func (t *Tally) AtBest() *Tally {
	if t.Unstalled == nil {
		return t
	}
	return t.Unstalled
}
