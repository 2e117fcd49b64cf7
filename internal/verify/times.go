package verify

import (
	"math"
	"math/bits"
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
	due     func(i int64) time.Duration // nil: events had no due times
	random  bool                        // finding out when an event was due is expensive unless they come in order
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
		fates: p.fates, total: p.total, arrival: p.source.Arrival,
		random: p.replay == nil && p.run.Scenario.Load.Arrivals == schedule.Poisson,
	}
	switch {
	case p.run.Closed:
	case p.replay != nil:
		t.due = func(i int64) time.Duration { return p.replay.window.at(i).Due }
	default:
		t.due = p.schedule.Cursor().Due
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
	if !t.random && t.due != nil {
		due = t.due(i)
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
	if t.due == nil {
		return
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
	t.spread.add(came.Sub(t.origin(i).Add(t.due(i))))
}

// spread is a histogram of durations in milliseconds, exact below 64 ms and to a
// 32nd above.
type spread struct {
	counts [32 * 42]int64
	events int64
	most   time.Duration
}

// stepsAnOctave is into how many steps a doubling is divided.
const stepsAnOctave = 32

// add counts a duration. One below zero, by clocks that differ, counts as none.
func (s *spread) add(d time.Duration) {
	d = max(d, 0)
	s.counts[min(stepOf(uint64(d/time.Millisecond)), len(s.counts)-1)]++
	s.events++
	s.most = max(s.most, d)
}

// stepOf is the step in which a number of milliseconds lies.
func stepOf(ms uint64) int {
	if ms < 2*stepsAnOctave {
		return int(ms)
	}
	octave := bits.Len64(ms) - 6
	return octave*stepsAnOctave + int(ms>>octave)
}

// endOf is the first number of milliseconds behind a step.
func endOf(step int) float64 {
	if step < 2*stepsAnOctave {
		return float64(step + 1)
	}
	octave := step/stepsAnOctave - 1
	return math.Ldexp(float64(step-octave*stepsAnOctave+1), octave)
}

// quantile is what a share q of the durations did not exceed, in milliseconds,
// rounded up to the end of its step.
func (s *spread) quantile(q float64) float64 {
	rank, seen := int64(math.Ceil(q*float64(s.events))), int64(0)
	for step, n := range s.counts {
		seen += n
		if seen >= rank && n > 0 {
			return min(endOf(step), milliseconds(s.most))
		}
	}
	return milliseconds(s.most)
}

func milliseconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e6 }

// rows are the counts by doublings.
func (s *spread) rows() (rows []VisibleRow) {
	for step, n := range s.counts {
		if n == 0 {
			continue
		}
		upTo := math.Exp2(math.Ceil(math.Log2(endOf(step))))
		if k := len(rows); k > 0 && rows[k-1].UpTo == upTo {
			rows[k-1].Events += n
			continue
		}
		rows = append(rows, VisibleRow{upTo, n})
	}
	return rows
}

// report is the histogram in numbers; nil: nothing was timed. The load ended at a
// time, and the last event was there at another.
func (s *spread) report(ended, last time.Time) *Visible {
	if s.events == 0 {
		return nil
	}
	return &Visible{
		Events: s.events, P50: s.quantile(0.5), P95: s.quantile(0.95), P99: s.quantile(0.99), Max: milliseconds(s.most),
		Drain: milliseconds(max(last.Sub(ended), 0)), Last: last.UTC().Format(time.RFC3339Nano), Buckets: s.rows(),
	}
}
