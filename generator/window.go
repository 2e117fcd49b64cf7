package generator

import "time"

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

// window knows what left in the last second, request by request. A token bucket
// would need less memory, but one that lets a burst of b and then r a second pass
// bounds a second by b + r: a cap of C would allow less than C on average, by a
// burst. This one allows everything that keeps to the cap, and nothing else.
type window struct {
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
func newWindow(l Limit) window {
	requests := min(l.Events, mostRequests)
	if l.Requests > 0 {
		requests = min(requests, l.Requests)
	}
	return window{limit: l.Events, left: make([]departure, requests)}
}

// room returns the earliest time, not before now, at which a request of n events
// may leave so that no second has too much; n is within the limit. A second has
// both its ends: of two requests exactly a second apart the second waits on.
func (w *window) room(now time.Duration, n int64) time.Duration {
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
func (w *window) add(now time.Duration, n int64) {
	w.left[(w.oldest+w.count)%len(w.left)] = departure{now, n}
	w.count++
	w.events += n
}

// cancel takes back a request of n events that was to leave at a time and did not.
// It tells whether the window had it: what is forgotten already is not missed.
func (w *window) cancel(at time.Duration, n int64) bool {
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
