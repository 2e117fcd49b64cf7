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
	baton chan struct{} // holds one token; shared by the senders of the queue
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

	clocks *clocks // nil: the endpoint's is of no interest

	since time.Duration // when it was last done with a request, and free for the next

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
		select {
		case <-s.baton:
		case b := <-s.again:
			s.repeat(b)
			continue
		}
		b, ok := <-s.queue
		if !ok {
			s.baton <- struct{}{}
			s.drain()
			return
		}
		<-b.ready
		waited := s.wait(ctx, b.Due)
		s.baton <- struct{}{}
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
		part = next
	}
	return spare
}

// handle sends one request, or says why not, and records what became of it. It
// tells whether the request waits to be sent again.
func (s *sender) handle(b *Batch, waited bool) (waits bool) {
	s.out = results.Outcome{First: b.First, Events: b.Events, Due: b.Due, BodyBytes: int32(b.Plain)}
	now := s.pacer.Now()
	switch {
	case !waited:
		s.unsent(capture.NotStarted, now)
	case s.skip && now-b.Due > results.LateAfter && s.gate.heldAfter(b.Due):
		s.unsent(capture.HeldBack, now)
	case s.skip && now-b.Due > results.LateAfter && s.since > b.Due:
		s.out.Cause = results.NoConnection
		s.unsent(capture.NoFreeConnection, now)
	case !s.admitted(b.Events, s.patience(b)):
	default:
		s.exchange(b)
		if s.out.Sent-b.Due > results.LateAfter {
			s.out.Cause = s.causeOf(b)
		}
		return s.settle(b)
	}
	s.shard.Record(&s.out)
	return false
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
}

// causeOf says why b left late: its sender, the first to be free, was not free
// in time; or it was, and had to wait for the body; or neither, which leaves the
// processor. What the gate kept back, or what waited behind that, was not free to
// go whoever was. Who was not free comes next: while all senders wait for the
// endpoint no batch comes back to be built in.
func (s *sender) causeOf(b *Batch) results.Cause {
	switch {
	case s.gate.heldAfter(b.Due):
		return results.Held
	case s.since > b.Due:
		return results.NoConnection
	case b.built > b.Due:
		return results.LateBuild
	}
	return results.LatePace
}
