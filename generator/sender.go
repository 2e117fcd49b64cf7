package generator

import (
	"context"
	"sync/atomic"
	"time"

	"rehearse/generator/redact"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
)

// sender owns one connection and one recorder shard. It takes jobs from a queue,
// one at a time.
//
// The senders of a queue pass a pacing token: its holder takes the next job, waits
// until it is due, hands the token on and sends. So whoever wakes up at the due
// time sends at once, on the same thread, and while nobody is free nobody
// waits: that is how a lack of connections shows.
type sender struct {
	*shared
	queue <-chan *job
	token chan *lane // holds what the senders of the queue share
	free  func(*job)
	pace  *pacingThread // writes for the sender; nil: none does
	again <-chan *job   // what is to be sent again now; nil: nothing is
	alone bool          // no other sender takes from the queue

	shard    *results.SenderBuffer
	conn     *transport.Conn
	redactor *redact.Redactor // of answers that are kept
	timer    *time.Timer
	senderState
}

// shared is what all senders of a run share.
type shared struct {
	pacer   *pacer
	stalls  *stalls
	reach   *reach       // how far all senders have got
	limiter *rateLimiter // nil: nothing limits the run
	retries *retries     // nil: nothing is sent again
	clocks  *clocks      // nil: the endpoint's is of no interest
	skip    bool         // late: skip
	ordered bool         // nothing may overtake a request
	closed  bool         // a batch is due when a sender has it
}

// senderState is what a sender is doing.
type senderState struct {
	since time.Duration // when it was last done with a request, and free for the next
	trail trail         // of the job that it has
	out   results.Outcome
	parts []results.EventGroup // back out.Parts

	passed departure // what the limiter let pass and has not left yet
	let    departure // what it let go, while its first bytes are written

	handOver

	inFlight atomic.Int64 // events of the request that is in flight, 0: none
}

// run sends until the queue is closed. What falls due after ctx ended is
// recorded as unsent.
func (s *sender) run(ctx context.Context) {
	s.since = s.pacer.Now()
	for {
		select {
		case l := <-s.token:
			if !s.next(ctx, l) {
				s.drain()
				return
			}
		case b := <-s.again:
			s.repeat(b)
			s.since = s.pacer.Now()
		}
	}
}

// next sends the next job of the queue, with the pacing token, which it hands on. False:
// there is none.
func (s *sender) next(ctx context.Context, l *lane) bool {
	got := s.pacer.Now()
	b, ok := <-s.queue
	if !ok {
		s.token <- l
		return false
	}
	<-b.ready
	now := s.pacer.Now()
	if s.closed {
		b.Due = max(now, 0)
	}
	spare := s.atDue(ctx, l, b, now)
	if spare == nil {
		woke, waited := s.wait(ctx, b.Due, now)
		s.follow(l, b, got, woke)
		s.token <- l
		spare = s.handleAll(b, waited && s.reach.covers(b), woke)
	}
	s.free(spare)
	return true
}

// handleAll sends what a batch was split into, and returns a job that is free:
// b, unless it waits to be sent again.
func (s *sender) handleAll(b *job, waited bool, now time.Duration) *job {
	spare, next := b, b.Overflow // a job that waits is not ours any more
	if s.handle(b, waited, now) {
		spare = newJob()
	}
	s.goOn()
	for next != nil {
		part := &job{Batch: *next}
		next = part.Overflow
		if s.closed {
			part.Due = s.pacer.Now()
		}
		s.handle(part, waited, s.since)
		s.goOn()
	}
	return spare
}

// goOn notes that the sender is free for the next part of a batch.
func (s *sender) goOn() {
	s.since = s.pacer.Now()
	s.trail.until(s.since, results.NoConnection)
}

// handle sends one request, or says why not, and records what became of it. It
// tells whether the request waits to be sent again.
func (s *sender) handle(b *job, waited bool, now time.Duration) (waits bool) {
	s.out = b.outcome()
	switch {
	case !waited && s.closed:
		return false // it was never due
	case !waited:
		s.unsent(capture.NotStarted, now)
	case b.skipped || s.skips(b, now):
		s.unsent(reasonOf(s.trail.cause()), now)
	case !s.admitted(b.Events, s.patience(b)):
	default:
		s.exchange(b, max(now, s.out.Sent)) // the limiter may have kept it
		if s.out.Sent-b.Due > results.LateAfter {
			s.trail.until(s.out.Sent, s.kept())
			s.out.Cause = s.trail.cause()
		}
		return s.settle(b)
	}
	s.out.Stalled = s.stalls.owed(b.Due, s.out.Done)
	s.shard.Record(&s.out)
	return false
}

// kept is what keeps a sender that has a job and may send it: the limiter, or whoever
// else has the processor.
func (s *sender) kept() results.LateCause {
	if s.limiter != nil {
		return results.Held
	}
	return results.LatePace
}

// skips says whether b is not sent, though it is built: it is late because nobody was
// free, and so would be those after it. What is late by our own fault is sent, for
// the work is done; how much of that there can be, the builders see to.
func (s *sender) skips(b *job, now time.Duration) bool {
	if !s.skip || now-b.Due <= results.LateAfter {
		return false
	}
	cause := s.trail.cause()
	return cause == results.NoConnection || cause == results.Held
}

// reasonOf says why a batch is not sent that is late for a cause.
func reasonOf(c results.LateCause) capture.Reason {
	switch c {
	case results.Held:
		return capture.HeldBack
	case results.NoConnection:
		return capture.NoFreeConnection
	case results.LateBuild:
		return capture.NotBuiltInTime
	case results.LateStall:
		return capture.GeneratorStalled
	}
	return capture.NotSentInTime
}

// patience is until when b is worth sending.
func (s *sender) patience(b *job) time.Duration {
	if s.skip {
		return b.Due + results.LateAfter
	}
	return never
}

// never is later than anything.
const never = time.Duration(1<<63 - 1)

// admitted waits until a request of so many events may leave, but not longer than
// it is worth it. If it may not, the outcome says why.
func (s *sender) admitted(events int64, by time.Duration) bool {
	if s.limiter == nil {
		return true
	}
	at, why := s.limiter.Acquire(events, by, s.timer)
	if why != capture.Accepted {
		s.unsent(why, at)
		return false
	}
	s.out.Sent, s.passed = at, departure{at, events}
	return true
}

// leaves tells whether the request in flight may leave now that it is about to.
// One that has not passed the limiter does so here: nothing goes around it.
func (s *sender) leaves() bool {
	passed := s.passed
	s.passed = departure{}
	var why capture.Reason
	if s.let.events = passed.events; passed.events == 0 {
		s.let.events = s.inFlight.Load()
		s.let.at, why = s.limiter.Acquire(s.let.events, never, s.timer)
	} else {
		s.let.at, why = s.limiter.Reacquire(passed.events, passed.at, s.timer)
	}
	return why == capture.Accepted
}

// left tells the limiter that the first bytes of the request in flight are written.
func (s *sender) left() { s.limiter.MarkSent(s.let.events, s.let.at) }

// unsent marks the outcome as never sent.
func (s *sender) unsent(why capture.Reason, now time.Duration) {
	s.out.Reason, s.out.Sent, s.out.Done = why, now, now
}

// exchange sends b, at a time of which it is now or shortly after, and reads its answer.
func (s *sender) exchange(b *job, now time.Duration) {
	s.inFlight.Store(b.Events)
	attempt := transport.Attempt{First: b.First, Events: b.outstanding(), Number: b.attempt}
	s.conn.Prepare(&b.Request, attempt, now)
	if s.limiter == nil {
		s.out.Sent = s.pacer.Now() // else it is when the limiter let it pass
	}
	s.conn.Exchange(&s.out)
	s.answered(b)
}

// answered notes what came back for b.
func (s *sender) answered(b *job) {
	s.out.Done = s.pacer.Now()
	s.out.Stalled = s.stalls.owed(b.Due, s.out.Done)
	s.conn.Rest(s.out.Done)
	s.inFlight.Store(0)
	s.clocks.compare(s.conn, &s.out)
	if len(b.Results) > 0 && s.out.Reason == capture.Accepted {
		s.parts = b.tell(&s.out, s.parts[:0])
		s.out.Parts = s.parts
	}
	if s.out.Reason != capture.Accepted && s.out.Status != 0 {
		s.out.Answer = s.conn.Answer()
		if s.limiter != nil {
			s.limiter.pause(s.out.Done + s.conn.RetryAfter())
		}
	}
	if len(s.out.Answer) > 0 && s.conn.Opened() { // else it is no answer but why there was none
		s.out.Answer = s.redactor.Redact(s.out.Answer, &b.Request, s.out.Done)
	}
}
