package generator

import (
	"context"
	"time"

	"rehearse/internal/capture"
)

// settle records what came of an attempt to send b, and sees to the next one if
// the client would make one. It tells whether b waits for that: then it is not
// the sender's any more.
func (s *sender) settle(b *job) (waits bool) {
	for s.retries != nil {
		wait, again := s.retries.wants(b, &s.out, s.conn.RetryAfter())
		if !again || !s.ordered && !s.retries.hasRoom(b) || !s.retries.prepare(b, &s.out) {
			break
		}
		if !s.ordered {
			s.retries.schedule(b, wait)
			return true
		}
		if !s.sleep(wait) || !s.resend(b) {
			s.out = b.last
			break
		}
	}
	s.conclude(b)
	return false
}

// repeat takes up a request whose time has come to be sent again. After the end
// of the run it stays with what it came to.
func (s *sender) repeat(b *job) {
	defer s.retries.work.Done()
	s.retries.count(b, -1)
	if s.retries.ending.Err() == nil && s.resend(b) {
		s.settle(b)
		return
	}
	s.out = b.last
	s.conclude(b)
}

// resend makes the next attempt, and records the one that was refused. False: the
// next may not be made.
//
// The first attempt of which it is not known whether it arrived is not recorded
// yet: that depends on what the others come to.
func (s *sender) resend(b *job) bool {
	if !s.admit(b) {
		return false
	}
	b.attempt++
	if !s.leave(b) {
		b.attempt--
		return false
	}
	b.last.WillRetry = true
	if b.last.MayBeStored || b.last.Reason.Fate() == capture.FateAmbiguous {
		b.stored++
	}
	if b.unsure == nil && b.last.Reason.Fate() == capture.FateAmbiguous {
		unsure := b.last
		b.unsure = &unsure
	} else {
		s.shard.Record(&b.last)
	}
	b.doubt(&s.out)
	return true
}

// leave makes an attempt that has been admitted. False: it never left, because the
// run ended before its first byte.
func (s *sender) leave(b *job) bool {
	s.exchange(b, s.pacer.Now())
	if s.conn.Written() == 0 {
		s.limiter.giveBack(b.outstanding())
	}
	return s.out.Reason != capture.NotStarted
}

// conclude records what a request has come to in the end. If an attempt may have
// arrived, a later one that was refused does not make it certain that nothing did:
// then the request is ambiguous, and the refusal is what was met on the way. If one
// was refused in such a way that events of it may be stored, they still may.
func (s *sender) conclude(b *job) {
	b.countTwice(&s.out)
	s.out.MayBeStored = s.out.MayBeStored || b.stored > 0 && s.out.Reason.Fate() == capture.FateRejected
	if was := b.unsure; was != nil {
		switch o := &s.out; {
		case len(o.Parts) > 0 && o.Reason == was.Reason: // as doubt made it
			o.Status, o.Answer = was.Status, was.Answer
		case len(o.Parts) == 0 && o.Reason.Fate() == capture.FateRejected:
			o.MayBeStored, was.MayBeStored = false, o.MayBeStored
			o.Reason, was.Reason = was.Reason, o.Reason
			o.Status, was.Status = was.Status, o.Status
			o.Answer, was.Answer = was.Answer, o.Answer
		}
		s.shard.Record(was)
		b.unsure = nil
	}
	b.conclude(&s.out)
	s.shard.Record(&s.out)
}

// admit begins the outcome of another attempt to send b, as soon as the limiter lets
// it pass. False: it never does.
func (s *sender) admit(b *job) bool {
	n := b.outstanding()
	s.out = b.outcome()
	if !s.limiter.afford(n) {
		s.unsent(capture.HeldBack, s.pacer.Now())
		return false
	}
	if !s.admitted(n, never) {
		s.limiter.giveBack(n)
		return false
	}
	return true
}

// sleep waits, unless the run ends before.
func (s *sender) sleep(wait time.Duration) bool {
	s.timer.Reset(wait)
	select {
	case <-s.timer.C:
		return true
	case <-s.retries.ending.Done():
		s.timer.Stop()
		return false
	}
}

// wait holds the sender from now until due.
func (s *sender) wait(ctx context.Context, due, now time.Duration) (woke time.Duration, reached bool) {
	if due <= now {
		return now, ctx.Err() == nil
	}
	reached = s.nearDue(ctx, due) && s.pacer.Wait(ctx, due, s.timer)
	return s.pacer.Now(), reached
}

// nearDue holds the sender until shortly before due; false: ctx ended first. One that
// shares its queue with no other sends meanwhile what is to be sent again: no other would.
func (s *sender) nearDue(ctx context.Context, due time.Duration) bool {
	for s.alone && s.again != nil && due-s.pacer.Now() > 2*fine {
		s.timer.Reset(due - s.pacer.Now() - fine)
		select {
		case <-s.timer.C:
		case b := <-s.again:
			s.timer.Stop()
			s.repeat(b)
			s.since = s.pacer.Now()
		case <-ctx.Done():
			s.timer.Stop()
			return false
		}
	}
	return s.pacer.near(ctx, due, s.timer)
}

// drain sends again what is left when the queue has ended, until nothing is.
func (s *sender) drain() {
	if s.retries == nil {
		return
	}
	s.retries.work.Done()
	for {
		select {
		case b := <-s.again:
			s.repeat(b)
		case <-s.retries.over:
			return
		}
	}
}
