package generator

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/capture"
)

// gate is what every request passes before it is sent, retries included, when a
// run has a Limit: once before it takes a connection, and once right before its
// first byte is written. Requests pass one by one, in the order in which they
// came: whoever has the turn waits until the limit has room, and nobody overtakes.
// A run without a limit has no gate.
//
// The gate also keeps everything back when the endpoint asks for a pause.
type gate struct {
	limit  Limit
	pacer  *Pacer
	ending context.Context // after which nothing passes
	turn   chan struct{}   // holds one token; its holder may wait for room

	mu     sync.Mutex // guards window; never held for long
	window window

	spare    atomic.Int64 // events that may still be sent again: what Limit.Total leaves beside the plan
	withheld atomic.Int64 // requests that were not sent again for it

	closed atomic.Int64 // nobody passes before this time since the start
	held   atomic.Int64 // when somebody was last kept waiting
}

// newGate returns the gate of a run, nil if nothing limits it.
func newGate(starting context.Context, c *Config, p *Pacer) *gate {
	if c.Limit.Events <= 0 {
		return nil
	}
	g := &gate{limit: c.Limit, pacer: p, ending: starting, turn: make(chan struct{}, 1), window: newWindow(c.Limit)}
	g.spare.Store(c.Limit.Total - c.Plan.Events)
	g.held.Store(math.MinInt64)
	g.turn <- struct{}{}
	return g
}

// pass waits until n events may leave in one request and returns when that was:
// they are booked as of then. Or it says why they may not: the run has ended, or
// by has come, or so many never may.
func (g *gate) pass(n int64, by time.Duration, timer *time.Timer) (at time.Duration, why capture.Reason) {
	if n > g.limit.Events || g.limit.Batch > 0 && n > g.limit.Batch {
		return g.pacer.Now(), capture.HeldBack
	}
	select {
	case <-g.turn:
	case <-g.ending.Done():
		return g.pacer.Now(), capture.NotStarted
	}
	defer func() { g.turn <- struct{}{} }()
	for {
		now, free := g.book(n, 0, 0)
		switch {
		case g.ending.Err() != nil:
			return now, capture.NotStarted
		case free <= now:
			return now, capture.Accepted
		case free > by:
			g.held.Store(int64(now))
			return now, capture.HeldBack
		}
		g.pacer.Wait(g.ending, free, timer)
		g.held.Store(int64(g.pacer.Now()))
	}
}

// afford takes n events that are to be sent again from those that may be. What the
// plan has yet to send is never taken. False: so many are not left.
func (g *gate) afford(n int64) bool {
	if g == nil || g.limit.Total == 0 {
		return true
	}
	for {
		spare := g.spare.Load()
		if spare < n {
			g.withheld.Add(1)
			return false
		}
		if g.spare.CompareAndSwap(spare, spare-n) {
			return true
		}
	}
}

// refused is how many requests were not sent again because no events were left.
func (g *gate) refused() int64 {
	if g == nil {
		return 0
	}
	return g.withheld.Load()
}

// giveBack returns n events that afford took and that were not sent.
func (g *gate) giveBack(n int64) {
	if g != nil {
		g.spare.Add(n)
	}
}

// again lets a request of n events pass once more, that passed at a time and is
// only now about to leave: what counts is when its first byte does. There is room,
// for it had been kept, unless opening a connection took so long that others left
// instead.
func (g *gate) again(n int64, passed time.Duration, timer *time.Timer) (at time.Duration, why capture.Reason) {
	if now, free := g.book(n, n, passed); free <= now {
		return now, capture.Accepted
	}
	return g.pass(n, never, timer)
}

// left moves a request of n events, that was let go at a time, to now, when its
// first bytes have been written. Whoever writes may have been kept from it in
// between by the operating system: a second is counted from the end of the one to
// the beginning of the other, so that the cap holds on the wire as well.
func (g *gate) left(n int64, let time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.window.cancel(let, n) {
		g.window.add(g.pacer.Now(), n)
	}
}

// book cancels a request of instead events that was booked as of a time, if there
// are any, and books one of n as of now, unless it must wait until free.
func (g *gate) book(n, instead int64, passed time.Duration) (now, free time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if instead > 0 {
		g.window.cancel(passed, instead)
	}
	now = g.pacer.Now()
	free = max(g.window.room(now, n), time.Duration(g.closed.Load()))
	if free <= now {
		g.window.add(now, n)
	}
	return now, free
}

// pause keeps everything back until a time.
func (g *gate) pause(until time.Duration) {
	for {
		closed := g.closed.Load()
		if int64(until) <= closed || g.closed.CompareAndSwap(closed, int64(until)) {
			return
		}
	}
}

// heldAfter tells whether somebody was kept waiting after a time. Then whoever was
// due at that time may be late for it, whether he waited himself or behind others.
func (g *gate) heldAfter(due time.Duration) bool { return g != nil && g.held.Load() > int64(due) }
