package pipeline

import (
	"cmp"
	"math"
	"time"
)

// window is the global limit of one id as one node of the service sees it
// (rust/common/limiters, global_rate_limiter and its README). All nodes count into
// two epochs of a window, the present one and the one before; what a node knows of
// that is as old as its last look. Between looks it lets the level that it saw
// drain, and adds what came by itself:
//
//	level = max(0, seen − limit/window · age) + pending
//
// An id is over the limit once level reaches it. How often a node looks depends on
// how full the window is, so that an id that grows slowly passes the limit unseen
// for some seconds.
type window struct {
	epoch         int64 // number of the window that count counts
	count, before int64 // events in it, and in the window before

	seen    float64 // the level at the last look
	looked  int64   // when that was, in nanoseconds since 1970; 0: never
	filled  float64 // share of the limit that it was
	pending int64   // events since
	look    int64   // when the next look is; 0: it is not due
}

// How often a node looks, by how full the window is: sync_interval is 15 s unless the
// facts say otherwise, and tick_interval, at which due looks are taken, 1 s.
const (
	lookEvery  = 15 * time.Second
	lookTick   = int64(time.Second)
	halfFull   = 0.5
	nearlyFull = 0.8
	lookFloor  = 10 // events below which an id is not looked up, but no more than 1 % of the limit
)

// rule is a limit as a window applies it.
type rule struct {
	limit        int64 // events in a window
	window, sync int64 // nanoseconds
}

// rule is the limit that an id has under g, with so many events in a window.
func (g *GlobalLimit) rule(limit int64) rule {
	return rule{limit, int64(cmp.Or(g.Window, time.Minute)), int64(cmp.Or(g.Sync, lookEvery))}
}

// take counts events of one instant, in nanoseconds since 1970, and returns how
// many of them the id is over the limit with.
func (w *window) take(events int64, r rule, now int64) (over int64) {
	limit := r.limit
	if w.look > 0 && now >= w.look {
		w.lookUp(r)
	}
	w.turn(r, now)
	w.count += events
	w.pending += events
	level := w.level(r, now)
	if w.look == 0 && w.due(r, level, now) {
		w.look = now - now%lookTick + lookTick
	}
	return min(max(int64(math.Floor(level))-limit+1, 0), events)
}

// Minute follows one id under the global limit where only numbers of events are
// known. The zero value has seen nothing.
type Minute struct {
	Limit  GlobalLimit
	window window
}

// Take counts so many events at a time, and returns how many of them are over the
// limit. Times must not run backwards.
func (m *Minute) Take(events int64, now time.Time) (over int64) {
	return m.window.take(events, m.Limit.rule(m.Limit.Events), now.UnixNano())
}

// level is how full the window is at a time, as far as the node knows.
func (w *window) level(r rule, now int64) float64 {
	drained := float64(r.limit) * float64(now-w.looked) / float64(r.window)
	return max(0, w.seen-drained) + float64(w.pending)
}

// due tells whether the node wants to look again.
func (w *window) due(r rule, level float64, now int64) bool {
	full := max(level/float64(r.limit), w.filled)
	every := 4 * r.sync
	switch {
	case level < min(lookFloor, float64(r.limit)/100):
		return false
	case w.looked == 0:
		return true
	case full >= nearlyFull:
		every = r.sync / 2
	case full >= halfFull:
		every = r.sync
	}
	return now-w.looked >= every
}

// lookUp takes over what all nodes counted up to the time of the look. The window
// before counts by the share of it that still lies in the present one.
func (w *window) lookUp(r rule) {
	w.turn(r, w.look)
	progress := float64(w.look%r.window) / float64(r.window)
	w.seen = float64(w.before)*(1-progress) + float64(w.count)
	w.looked, w.pending, w.filled, w.look = w.look, 0, w.seen/float64(r.limit), 0
}

// turn begins a new epoch if one has begun by now.
func (w *window) turn(r rule, now int64) {
	switch epoch := now / r.window; epoch - w.epoch {
	case 0:
	case 1:
		w.epoch, w.before, w.count = epoch, w.count, 0
	default:
		w.epoch, w.before, w.count = epoch, 0, 0
	}
}
