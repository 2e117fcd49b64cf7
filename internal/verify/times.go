package verify

import (
	"time"

	"rehearse/scenario/schedule"
)

// times knows when events were due, and what became of them when.
type times struct {
	origins []time.Time // by attempt: from which on events were due
	ended   time.Time   // the last attempt
	fates   fates
	at      int // the stretch of fates that was asked for last
	total   int64
	cursor  *schedule.Cursor
	random  bool // finding out when an event was due is expensive unless they come in order
	jumps   int64
	last    int64
	arrival bool

	spread  spread
	latest  time.Time
	sampled bool
}

// newTimes prepares to time the events of a run.
func newTimes(p *pass) times {
	t := times{
		fates: p.fates, total: p.total, cursor: p.schedule.Cursor(), arrival: p.source.Arrival,
		random: p.run.Scenario.Load.Arrivals == schedule.Poisson,
	}
	for n := range p.run.Attempts {
		a := &p.run.Attempts[n]
		t.origins, t.ended = append(t.origins, a.start()), a.end()
	}
	return t
}

// How far clocks may be apart that a row is still taken to be of the run: it came
// before its event was due, or to the endpoint after the run had ended.
const (
	beforeDue  = 5 * time.Second
	afterwards = time.Minute
)

// origin is the time from which on event i was due.
func (t *times) origin(i int64) time.Time {
	if len(t.origins) == 1 {
		return t.origins[0]
	}
	if t.fates[t.at].first > i || t.at+1 < len(t.fates) && t.fates[t.at+1].first <= i {
		t.at = t.fates.at(i)
	}
	return t.origins[t.fates[t.at].attempt]
}

// elsewhen tells whether a row of event i cannot be of this run, by when it came.
func (t *times) elsewhen(i int64, came time.Time) bool {
	if came.IsZero() {
		return false
	}
	if t.arrival && came.After(t.ended.Add(afterwards)) {
		return true
	}
	due := time.Duration(0)
	if !t.random {
		due = t.cursor.Due(i)
	}
	return came.Before(t.origins[0].Add(due - beforeDue))
}

// jumpsTimed is of how many events one is timed where it is expensive.
const jumpsTimed = 64

// note times the first sighting of event i.
func (t *times) note(i int64, came time.Time) {
	if came.IsZero() {
		return
	}
	if came.After(t.latest) {
		t.latest = came
	}
	const together = 1024 // events whose times a cursor draws at once
	if jump := i/together != t.last/together; t.random && jump {
		t.jumps++
		if t.jumps%jumpsTimed != 0 && i/together != t.last/together+1 {
			t.sampled = true
			return
		}
	}
	t.last = i
	t.spread.add(came.Sub(t.origin(i).Add(t.cursor.Due(i))))
}
