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

	inFlight atomic.Int64 // events of the request that is in flight, 0: none
}

// run sends until the queue is closed. What falls due after ctx ended is
// recorded as unsent.
func (s *sender) run(ctx context.Context) {
	for {
		free := s.pacer.Now()
		<-s.baton
		b, ok := <-s.queue
		if !ok {
			s.baton <- struct{}{}
			return
		}
		<-b.ready
		waited := s.pacer.Wait(ctx, b.Due, s.timer)
		s.baton <- struct{}{}
		for part := b; part != nil; part = part.rest {
			s.handle(part, free, waited)
		}
		s.free <- b
	}
}

// handle sends one request, or says why not, and records what became of it.
func (s *sender) handle(b *Batch, free time.Duration, waited bool) {
	s.out = results.Outcome{First: b.First, Events: b.Events, Due: b.Due, BodyBytes: int32(b.Plain)}
	now := s.pacer.Now()
	switch {
	case !waited:
		s.unsent(capture.NotStarted, now)
	case s.skip && now-b.Due > results.LateAfter && free > b.Due:
		s.out.Cause = results.NoConnection
		s.unsent(capture.NoFreeConnection, now)
	default:
		s.send(b, free, now)
	}
	s.shard.Record(&s.out)
}

// unsent marks the outcome as never sent.
func (s *sender) unsent(why capture.Reason, now time.Duration) {
	s.out.Reason, s.out.Sent, s.out.Done = why, now, now
}

// send makes the exchange.
func (s *sender) send(b *Batch, free, now time.Duration) {
	s.inFlight.Store(b.Events)
	s.wire.prepare(b, now)
	s.out.Sent = s.pacer.Now()
	s.wire.exchange(&s.out)
	s.out.Done = s.pacer.Now()
	s.wire.meter.touched = s.out.Done
	s.inFlight.Store(0)
	if s.out.Sent-b.Due > results.LateAfter {
		s.out.Cause = causeOf(b, free)
	}
}

// causeOf says why b left late: its sender, the first to be free, was not free
// in time; or it was, and had to wait for the body; or neither, which leaves the
// processor. Who was not free comes first: while all senders wait for the
// endpoint no batch comes back to be built in.
func causeOf(b *Batch, free time.Duration) results.Cause {
	switch {
	case free > b.Due:
		return results.NoConnection
	case b.built > b.Due:
		return results.LateBuild
	}
	return results.LatePace
}
