package generator

import (
	"context"
	"sync/atomic"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// sender owns one connection and one recorder shard. It takes batches from a
// queue, one at a time.
//
// The senders of a queue pass a baton: its holder takes the next batch, waits
// until it is due, hands the baton on and sends. So whoever wakes up at the due
// time sends at once, on the same thread, and while nobody is free nobody
// waits: that is how a lack of connections shows.
type sender struct {
	pacer *Pacer
	queue <-chan *Batch
	baton chan *lane // holds what the senders of the queue share
	free  chan<- *Batch
	skip  bool // late: skip
	shard *results.Shard
	wire  *wire
	timer *time.Timer
	out   results.Outcome
	parts []results.Part // back out.Parts

	retries *retries      // nil: nothing is sent again
	again   <-chan *Batch // what is to be sent again now
	ordered bool          // nothing may overtake a request
	alone   bool          // no other sender takes from the queue

	reach *reach // how far all senders have got

	striker *striker // of answers that are kept
	clocks  *clocks  // nil: the endpoint's is of no interest

	since  time.Duration // when it was last done with a request, and free for the next
	trail  trail         // of the batch that it has
	stalls *stalls

	gate   *gate     // nil: nothing limits the run
	passed departure // what the gate let pass and has not left yet
	let    departure // what it let go, while its first bytes are written

	inFlight atomic.Int64 // events of the request that is in flight, 0: none
}

// run sends until the queue is closed. What falls due after ctx ended is
// recorded as unsent.
func (s *sender) run(ctx context.Context) {
	for {
		s.since = s.pacer.Now()
		var l *lane
		select {
		case l = <-s.baton:
		case b := <-s.again:
			s.repeat(b)
			continue
		}
		got := s.pacer.Now()
		b, ok := <-s.queue
		if !ok {
			s.baton <- l
			s.drain()
			return
		}
		<-b.ready
		waited := s.wait(ctx, b.Due)
		s.follow(l, b, got, s.pacer.Now())
		s.baton <- l
		waited = waited && s.reach.covers(b)
		s.free <- s.handleAll(b, waited)
	}
}

// handleAll sends what a batch was split into, and returns a batch that is free:
// b, unless it waits to be sent again.
func (s *sender) handleAll(b *Batch, waited bool) *Batch {
	spare := b
	for part := b; part != nil; {
		next := part.rest // a part that waits is not ours any more
		if s.handle(part, waited) && part == b {
			spare = newBatch()
		}
		s.since = s.pacer.Now()
		s.trail.until(s.since, results.NoConnection) // of the next part
		part = next
	}
	return spare
}

// handle sends one request, or says why not, and records what became of it. It
// tells whether the request waits to be sent again.
func (s *sender) handle(b *Batch, waited bool) (waits bool) {
	s.out = b.outcome()
	now := s.pacer.Now()
	switch {
	case !waited:
		s.unsent(capture.NotStarted, now)
	case b.skipped || s.skips(b, now):
		s.unsent(reasonOf(s.trail.cause()), now)
	case !s.admitted(b.Events, s.patience(b)):
	default:
		s.exchange(b)
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

// kept is what keeps a sender that has a batch and may send it: the gate, or whoever
// else has the processor.
func (s *sender) kept() results.Cause {
	if s.gate != nil {
		return results.Held
	}
	return results.LatePace
}

// skips says whether b is not sent, though it is built: it is late because nobody was
// free, and so would be those after it. What is late by our own fault is sent, for
// the work is done; how much of that there can be, the builders see to.
func (s *sender) skips(b *Batch, now time.Duration) bool {
	if !s.skip || now-b.Due <= results.LateAfter {
		return false
	}
	cause := s.trail.cause()
	return cause == results.NoConnection || cause == results.Held
}

// reasonOf says why a batch is not sent that is late for a cause.
func reasonOf(c results.Cause) capture.Reason {
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
func (s *sender) patience(b *Batch) time.Duration {
	if s.skip {
		return b.Due + results.LateAfter
	}
	return never
}

// admitted waits until a request of so many events may leave, but not longer than
// it is worth it. If it may not, the outcome says why.
func (s *sender) admitted(events int64, by time.Duration) bool {
	if s.gate == nil {
		return true
	}
	at, why := s.gate.pass(events, by, s.timer)
	if why != capture.Accepted {
		s.unsent(why, at)
		return false
	}
	s.out.Sent, s.passed = at, departure{at, events}
	return true
}

// leaves tells whether the request in flight may leave now that it is about to.
// One that has not passed the gate does so here: nothing goes around it.
func (s *sender) leaves() bool {
	passed := s.passed
	s.passed = departure{}
	var why capture.Reason
	if s.let.events = passed.events; passed.events == 0 {
		s.let.events = s.inFlight.Load()
		s.let.at, why = s.gate.pass(s.let.events, never, s.timer)
	} else {
		s.let.at, why = s.gate.again(passed.events, passed.at, s.timer)
	}
	return why == capture.Accepted
}

// left tells the gate that the first bytes of the request in flight are written.
func (s *sender) left() { s.gate.left(s.let.events, s.let.at) }

// unsent marks the outcome as never sent.
func (s *sender) unsent(why capture.Reason, now time.Duration) {
	s.out.Reason, s.out.Sent, s.out.Done = why, now, now
}

// exchange sends b and reads its answer.
func (s *sender) exchange(b *Batch) {
	s.inFlight.Store(b.Events)
	s.wire.prepare(b, s.pacer.Now())
	if s.gate == nil {
		s.out.Sent = s.pacer.Now() // else it is when the gate let it pass
	}
	s.wire.exchange(&s.out)
	s.out.Done = s.pacer.Now()
	s.out.Stalled = s.stalls.owed(b.Due, s.out.Done)
	s.wire.meter.touched = s.out.Done
	s.inFlight.Store(0)
	s.clocks.compare(s.wire, &s.out)
	if len(b.results) > 0 && s.out.Reason == capture.Accepted {
		s.parts = b.tell(&s.out, s.parts[:0])
		s.out.Parts = s.parts
	}
	if s.out.Reason != capture.Accepted && s.out.Status != 0 {
		s.out.Answer = s.wire.said
		if s.gate != nil {
			s.gate.pause(s.out.Done + s.wire.retryAfter())
		}
	}
	if len(s.out.Answer) > 0 && s.wire.meter.dialed == nil { // else it is no answer but why there was none
		s.out.Answer = s.striker.strike(s.out.Answer, b, s.out.Done)
	}
}
