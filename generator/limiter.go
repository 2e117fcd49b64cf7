package generator

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/internal/capture"
)

// rateLimiter is what every request passes before it is sent, retries included, when a
// run has a Limit: once before it takes a connection, and once right before its
// first byte is written. Requests pass one by one, in the order in which they
// came: whoever has the turn waits until the limit has room, and nobody overtakes.
// A run without a limit has none.
//
// It also keeps everything back when the endpoint asks for a pause.
type rateLimiter struct {
	limit  Limit
	pacer  *pacer
	ending context.Context // after which nothing passes
	turn   chan struct{}   // holds one token; its holder may wait for room

	mu     sync.Mutex // guards window; never held for long
	window slidingWindow

	spare    atomic.Int64 // events that may still be sent again: what Limit.Total leaves beside the plan
	withheld atomic.Int64 // requests that were not sent again for it

	closed atomic.Int64 // nobody passes before this time since the start
	held   atomic.Int64 // when somebody was last kept waiting
}

// newRateLimiter returns the limiter of a run, nil if nothing limits it.
func newRateLimiter(starting context.Context, c *Config, p *pacer) *rateLimiter {
	if c.Limit.Events <= 0 {
		return nil
	}
	l := &rateLimiter{
		limit: c.Limit, pacer: p, ending: starting, turn: make(chan struct{}, 1), window: newWindow(c.Limit),
	}
	l.spare.Store(c.Limit.Total - c.Plan.Events)
	l.held.Store(math.MinInt64)
	l.turn <- struct{}{}
	return l
}

// Acquire waits until n events may leave in one request and returns when that was:
// they are booked as of then. Or it says why they may not: the run has ended, or
// by has come, or so many never may.
func (l *rateLimiter) Acquire(n int64, by time.Duration, timer *time.Timer) (at time.Duration, why capture.Reason) {
	if n > l.limit.Events || l.limit.Batch > 0 && n > l.limit.Batch {
		return l.pacer.Now(), capture.HeldBack
	}
	select {
	case <-l.turn:
	case <-l.ending.Done():
		return l.pacer.Now(), capture.NotStarted
	}
	defer func() { l.turn <- struct{}{} }()
	for {
		now, free := l.book(n, 0, 0)
		switch {
		case l.ending.Err() != nil:
			return now, capture.NotStarted
		case free <= now:
			return now, capture.Accepted
		case free > by:
			l.held.Store(int64(now))
			return now, capture.HeldBack
		}
		l.pacer.Wait(l.ending, free, timer)
		l.held.Store(int64(l.pacer.Now()))
	}
}

// TryAcquire is Acquire without waiting. A nil limiter lets everything pass.
func (l *rateLimiter) TryAcquire(n int64) (at time.Duration, passed bool) {
	if l == nil {
		return 0, true
	}
	if n > l.limit.Events || l.limit.Batch > 0 && n > l.limit.Batch {
		return 0, false
	}
	select {
	case <-l.turn:
	default:
		return 0, false
	}
	defer func() { l.turn <- struct{}{} }()
	now, free := l.book(n, 0, 0)
	return now, free <= now && l.ending.Err() == nil
}

// afford takes n events that are to be sent again from those that may be. What the
// plan has yet to send is never taken. False: so many are not left.
func (l *rateLimiter) afford(n int64) bool {
	if l == nil || l.limit.Total == 0 {
		return true
	}
	for {
		spare := l.spare.Load()
		if spare < n {
			l.withheld.Add(1)
			return false
		}
		if l.spare.CompareAndSwap(spare, spare-n) {
			return true
		}
	}
}

// refused is how many requests were not sent again because no events were left.
func (l *rateLimiter) refused() int64 {
	if l == nil {
		return 0
	}
	return l.withheld.Load()
}

// giveBack returns n events that afford took and that were not sent.
func (l *rateLimiter) giveBack(n int64) {
	if l != nil {
		l.spare.Add(n)
	}
}

// Reacquire lets a request of n events pass once more, that passed at a time and is
// only now about to leave: what counts is when its first byte does. There is room,
// for it had been kept, unless opening a connection took so long that others left
// instead.
func (l *rateLimiter) Reacquire(n int64, passed time.Duration, timer *time.Timer) (time.Duration, capture.Reason) {
	if now, free := l.book(n, n, passed); free <= now {
		return now, capture.Accepted
	}
	return l.Acquire(n, never, timer)
}

// MarkSent moves a request of n events, that was let go at a time, to now, when its
// first bytes have been written. Whoever writes may have been kept from it in
// between by the operating system: a second is counted from the end of the one to
// the beginning of the other, so that the cap holds on the wire as well.
func (l *rateLimiter) MarkSent(n int64, let time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.window.cancel(let, n) {
		l.window.add(l.pacer.Now(), n)
	}
}

// book cancels a request of instead events that was booked as of a time, if there
// are any, and books one of n as of now, unless it must wait until free.
func (l *rateLimiter) book(n, instead int64, passed time.Duration) (now, free time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if instead > 0 {
		l.window.cancel(passed, instead)
	}
	now = l.pacer.Now()
	free = max(l.window.earliest(now, n), time.Duration(l.closed.Load()))
	if free <= now {
		l.window.add(now, n)
	}
	return now, free
}

// pause keeps everything back until a time.
func (l *rateLimiter) pause(until time.Duration) {
	for {
		closed := l.closed.Load()
		if int64(until) <= closed || l.closed.CompareAndSwap(closed, int64(until)) {
			return
		}
	}
}

// heldAfter tells whether a sender was kept waiting after a time. Then whoever was
// due at that time may be late for it, whether he waited himself or behind others.
func (l *rateLimiter) heldAfter(due time.Duration) bool {
	return l != nil && l.held.Load() > int64(due)
}

// Limit is the most that a run may send in any second, whenever that begins. It
// is no average: no stretch of a second of the run has more, at its peak or while
// it catches up after a pause. Latency is still counted from the due time.
type Limit struct {
	Events   int64 // in any second; 0: there is no limit at all
	Requests int64 // in any second; 0: no bound of its own
	Batch    int64 // events of one request; 0: no bound
	Total    int64 // events of the whole run, those that are sent again counted each time; 0: no bound
}

// mostRequests bounds the requests of a second where nothing else does, and so
// the memory that a window needs.
const mostRequests = 1 << 16

// slidingWindow knows what left in the last second, request by request. A token bucket
// would need less memory, but one that lets a burst of b and then r a second pass
// bounds a second by b + r: a cap of C would allow less than C on average, by a
// burst. This one allows everything that keeps to the cap, and nothing else.
type slidingWindow struct {
	limit  int64       // events in any second
	left   []departure // a ring
	oldest int         // its place in the ring
	count  int         // how many there are
	events int64       // of all of them
}

// departure is a request that left.
type departure struct {
	at     time.Duration
	events int64
}

// newWindow returns an empty window. It never grows.
func newWindow(most Limit) slidingWindow {
	requests := min(most.Events, mostRequests)
	if most.Requests > 0 {
		requests = min(requests, most.Requests)
	}
	return slidingWindow{limit: most.Events, left: make([]departure, requests)}
}

// earliest returns the earliest time, not before now, at which a request of n events
// may leave so that no second has too much; n is within the limit. A second has
// both its ends: of two requests exactly a second apart the second waits on.
func (w *slidingWindow) earliest(now time.Duration, n int64) time.Duration {
	for w.count > 0 && now-w.left[w.oldest].at > time.Second {
		w.events -= w.left[w.oldest].events
		w.oldest = (w.oldest + 1) % len(w.left)
		w.count--
	}
	free, events, count := now, w.events, w.count
	for i := w.oldest; events+n > w.limit || count == len(w.left); i = (i + 1) % len(w.left) {
		free = w.left[i].at + time.Second + 1
		events -= w.left[i].events
		count--
	}
	return free
}

// add books a request of n events that leaves now, for which there is room.
func (w *slidingWindow) add(now time.Duration, n int64) {
	w.left[(w.oldest+w.count)%len(w.left)] = departure{now, n}
	w.count++
	w.events += n
}

// cancel takes back a request of n events that was to leave at a time and did not.
// It tells whether the window had it: what is forgotten already is not missed.
func (w *slidingWindow) cancel(at time.Duration, n int64) bool {
	place := func(i int) int { return (w.oldest + i) % len(w.left) }
	for i := w.count - 1; i >= 0; i-- {
		if w.left[place(i)] != (departure{at, n}) {
			continue
		}
		for ; i < w.count-1; i++ {
			w.left[place(i)] = w.left[place(i+1)]
		}
		w.count--
		w.events -= n
		return true
	}
	return false
}
