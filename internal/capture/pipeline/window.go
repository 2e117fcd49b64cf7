package pipeline

import (
	"math"
	"time"
)

// window is the global limit of one id as one node of the service sees it
// (rust/common/limiters, global_rate_limiter and its README). All nodes count into
// two epochs of a minute, the present one and the one before; what a node knows of
// that is as old as its last look. Between looks it lets the level that it saw
// drain, and adds what came by itself:
//
//	level = max(0, seen − limit/60s · age) + pending
//
// An id is over the limit once level reaches it. How often a node looks depends on
// how full the window is, so that an id that grows slowly passes the limit unseen
// for some seconds.
type window struct {
	epoch         int64 // number of the minute that count counts
	count, before int64 // events in it, and in the minute before

	seen    float64 // the level at the last look
	looked  int64   // when that was, in nanoseconds since 1970; 0: never
	filled  float64 // share of the limit that it was
	pending int64   // events since
	look    int64   // when the next look is; 0: it is not due
}

// How often a node looks, by how full the window is: sync_interval is 15 s, and
// tick_interval, at which due looks are taken, 1 s.
const (
	minute     = int64(time.Minute)
	lookEvery  = int64(15 * time.Second)
	lookTick   = int64(time.Second)
	halfFull   = 0.5
	nearlyFull = 0.8
	lookFloor  = 10 // events below which an id is not looked up, but no more than 1 % of the limit
)

// take counts events of one instant, in nanoseconds since 1970, and returns how
// many of them the id is over the limit with.
func (w *window) take(events, limit, now int64) (over int64) {
	if w.look > 0 && now >= w.look {
		w.lookUp(limit)
	}
	w.turn(now)
	w.count += events
	w.pending += events
	level := w.level(limit, now)
	if w.look == 0 && w.due(limit, level, now) {
		w.look = now - now%lookTick + lookTick
	}
	return min(max(int64(math.Floor(level))-limit+1, 0), events)
}

// Minute follows one id under the global limit where only numbers of events are
// known. The zero value has seen nothing.
type Minute struct {
	Limit  int64 // events a minute
	window window
}

// Take counts so many events at a time, and returns how many of them are over the
// limit. Times must not run backwards.
func (m *Minute) Take(events int64, now time.Time) (over int64) {
	return m.window.take(events, m.Limit, now.UnixNano())
}

// level is how full the window is at a time, as far as the node knows.
func (w *window) level(limit, now int64) float64 {
	drained := float64(limit) * float64(now-w.looked) / float64(minute)
	return max(0, w.seen-drained) + float64(w.pending)
}

// due tells whether the node wants to look again.
func (w *window) due(limit int64, level float64, now int64) bool {
	full := max(level/float64(limit), w.filled)
	every := 4 * lookEvery
	switch {
	case level < min(lookFloor, float64(limit)/100):
		return false
	case w.looked == 0:
		return true
	case full >= nearlyFull:
		every = lookEvery / 2
	case full >= halfFull:
		every = lookEvery
	}
	return now-w.looked >= every
}

// lookUp takes over what all nodes counted up to the time of the look. The minute
// before counts by the share of it that still lies in the window.
func (w *window) lookUp(limit int64) {
	w.turn(w.look)
	progress := float64(w.look%minute) / float64(minute)
	w.seen = float64(w.before)*(1-progress) + float64(w.count)
	w.looked, w.pending, w.filled, w.look = w.look, 0, w.seen/float64(limit), 0
}

// turn begins a new epoch if one has begun by now.
func (w *window) turn(now int64) {
	switch epoch := now / minute; epoch - w.epoch {
	case 0:
	case 1:
		w.epoch, w.before, w.count = epoch, w.count, 0
	default:
		w.epoch, w.before, w.count = epoch, 0, 0
	}
}
