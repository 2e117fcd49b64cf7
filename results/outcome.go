package results

import (
	"time"

	"rehearse/internal/capture"
)

// Outcome is what became of one request, or of a stretch of requests that never
// left: an unsent Outcome may stand for everything from First on. All times are offsets from the start
// of the run, on its monotonic clock.
type Outcome struct {
	First  int64 // index of the request's first event; less than 0: many requests, of events here and there
	Events int64 // how many events it carried, from First on

	// Requests is how many requests this stands for; 0 is one. Only a stretch
	// that never left, counted at the end of a run, stands for more.
	Requests int64

	Due  time.Duration // when it should have left
	Sent time.Duration // when it was handed to the network; meaningless when unsent
	Done time.Duration // when its answer was fully read or given up

	// Stalled is how much of its latency the generator's own stalls may be, at most.
	Stalled time.Duration

	Reason capture.Reason
	Cause  LateCause // why it left late, if it did

	// MayBeStored says of a refusal that it is not a no to each event: some of the
	// request's may be stored.
	MayBeStored bool
	Twice       int64 // events that may be stored twice: by this attempt and by one before

	// ExpectRefused is how many of its events the endpoint is expected to refuse:
	// they are wrong on purpose, or recorded and known to be refused.
	ExpectRefused int64
	Status        int // HTTP status, 0 if there was no answer

	// Waited is what lay between the first attempt's Sent and that of the last.
	Waited time.Duration

	Retries int32 // how many times it was sent again before it came to this

	// WillRetry says that this is not what became of the request but an attempt
	// that was refused and will be made again. Its Events are those concerned.
	WillRetry bool

	// Parts is what became of its events, where the endpoint told them apart;
	// the worst of it is Reason. Empty: Reason holds for all. The sender owns
	// it: Record copies it.
	Parts []EventGroup

	Connect ConnectAttempt // of the connection it went on

	BodyBytes int32 // the body before compression
	WireBytes int32 // what was written to the connection: head and compressed body

	// Answer is the beginning of a refused request's answer, or why there was no
	// connection to send it on. The sender owns it: Record copies what it keeps.
	Answer []byte
}

// accepted is how many of its events the endpoint took.
func (o *Outcome) accepted() (n int64) {
	if len(o.Parts) == 0 && o.Reason == capture.Accepted {
		return o.Events
	}
	for _, p := range o.Parts {
		if p.Reason == capture.Accepted {
			n += p.Events
		}
	}
	return n
}

// fateOf is the fate of events that stand in the ledger.
func fateOf(reason capture.Reason, mayBeStored bool) capture.Fate {
	fate := reason.Fate()
	if mayBeStored && fate == capture.FateRejected {
		return capture.FateMayBeStored
	}
	return fate
}

// Latency is what a customer would have felt: from due to done.
func (o *Outcome) Latency() time.Duration { return o.Done - o.Due }

// Service is what the endpoint took: from sent to done, of the last attempt. If
// it took a new connection, opening that is in it: Opening says how much.
func (o *Outcome) Service() time.Duration { return o.Done - o.Sent - o.Waited }

// Lag is what the generator did wrong: from due to sent.
func (o *Outcome) Lag() time.Duration { return o.Sent - o.Due }

// LateCause says why a request left later than LateAfter past its due time.
type LateCause uint8

// The causes of lateness. A request that left in time counts as OnTime whatever
// its Cause says, and a late one without a Cause counts as LatePace: lateness
// that nobody can explain is our own.
const (
	OnTime       LateCause = iota
	LateBuild              // its body was not ready at the due time: the generator lacked CPU
	LatePace               // it was ready and a connection was free, and still it left late
	NoConnection           // every connection was waiting for the endpoint
	Held                   // the permit's cap had no room, or the endpoint had asked for a pause
	LateStall              // the generator stood still, as its heartbeat saw

	LateCauses // how many there are
)

// LateAfter is how long after its due time a request may leave and still count
// as on time. It is what a busy machine does to anyone now and then, and too
// little to change the shape of a load; the lag histogram has the rest.
const LateAfter = 50 * time.Millisecond

// requests is how many requests the outcome stands for.
func (o *Outcome) requests() int64 { return max(o.Requests, 1) }

// lateness is the Cause that the books count the request under.
func (o *Outcome) lateness() LateCause {
	switch {
	case o.Lag() <= LateAfter:
		return OnTime
	case o.Cause == OnTime || o.Cause >= LateCauses:
		return LatePace
	}
	return o.Cause
}

// ConnectAttempt is the connection that had to be opened to send a request, or could
// not be. The time it takes is part of the request's latency and service: who
// waits for an answer waits for that, too, and it is no fault of the generator's.
type ConnectAttempt struct {
	Tried       bool          // the request found no connection open
	Open        bool          // and got one
	Unsolicited int64         // how often the endpoint sent what no request had asked for
	Encrypted   bool          // by TLS
	Established time.Duration // until a connection stood, through a proxy's tunnel if there is one
	TLS         time.Duration // from then until it was encrypted
}

// EventGroup is what the endpoint said of a stretch of a request's events. The parts
// of an Outcome stand in the order of the events and cover all of them.
type EventGroup struct {
	First, Events int64
	Reason        capture.Reason
	MayBeStored   bool // they were rejected, but may be stored by an attempt before
	Said          EventAnswer
}

// EventAnswer is the endpoint's word for one event, in its own terms. The zero value:
// it said nothing of this event in particular.
type EventAnswer struct {
	Verdict capture.Verdict
	Detail  capture.Detail
}

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
	StallUnknown StallCause = "" // the operating system does not tell
	// it neither ran nor waited to: SIGSTOP, a frozen container, a paused machine
	StallStopped   StallCause = "stopped"
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
