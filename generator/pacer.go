package generator

import (
	"context"
	"sync/atomic"
	"time"

	"rehearse/generator/transport"
	"rehearse/results"
)

// Pacer owns the clock of a run: it says what time it is and holds its caller
// until a batch is due. It decides nothing else. Every wait is for an absolute
// time since one start, so no lateness is ever carried over.
type pacer struct {
	start time.Time
	sleep func(time.Duration) // the finer, the better
}

// fine is how long before the due time the coarse, interruptible sleep ends and
// the fine one begins: more than the runtime's timers are usually late.
const fine = 3 * time.Millisecond

// Now is the time since the start of the run.
func (p *pacer) Now() time.Duration { return time.Since(p.start) }

// Wait returns at due, or at once when due has passed; false means that ctx
// ended first.
func (p *pacer) Wait(ctx context.Context, due time.Duration, timer *time.Timer) bool {
	if !p.near(ctx, due, timer) {
		return false
	}
	for ahead := due - p.Now(); ahead > 0; ahead = due - p.Now() {
		p.sleep(ahead)
	}
	return ctx.Err() == nil
}

// near returns shortly before due, or at once; false means that ctx ended first.
func (p *pacer) near(ctx context.Context, due time.Duration, timer *time.Timer) bool {
	ahead := due - p.Now()
	if ahead <= 2*fine {
		return true
	}
	timer.Reset(ahead - fine)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		timer.Stop()
		return false
	}
}

// clocks compares the clock of the endpoint with ours, once a run: with the Date
// of the first answer that has one (RFC 9110, section 6.6.1).
type clocks struct {
	start time.Time
	tell  func(ahead time.Duration) // by at least so much; negative: behind
	told  atomic.Bool
}

// compare looks at the answer to an attempt. A nil clocks compares nothing.
func (c *clocks) compare(w *transport.Conn, o *results.Outcome) {
	if c == nil || o.Status == 0 || c.told.Load() {
		return
	}
	date, ok := w.Date()
	if ok && c.told.CompareAndSwap(false, true) {
		c.tell(ahead(date, c.start.Add(o.Sent), c.start.Add(o.Done)))
	}
}

// ahead is by how much at least a clock is ahead of ours that said date at some
// moment between sent and done: a date has whole seconds, the rest of which was cut
// off. 0 if it may be right.
func ahead(date, sent, done time.Time) time.Duration {
	switch latest := date.Add(time.Second); {
	case date.After(done):
		return date.Sub(done.Round(0)) // by the wall clock
	case latest.Before(sent):
		return latest.Sub(sent.Round(0))
	}
	return 0
}
