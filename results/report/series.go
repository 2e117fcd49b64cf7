package report

import (
	"maps"
	"math"
	"slices"

	"rehearse/results"
	"rehearse/results/rundir"
)

// columns is how many points a chart over time has at most.
const columns = 120

// series is a run over time, in few enough columns to be drawn.
type series struct {
	from    float64 // seconds
	to      float64
	moves   bool     // it goes on
	windows []window // from the histograms
	steps   []step   // from the timeline
	reasons []string // that occurred, accepted left out, in order of their names
}

// window is a column of what was timed. Times are in milliseconds.
type window struct {
	from, to           float64
	requests           int64
	p50, p90, p99, max float64
	service50, service float64 // median and 99th percentile
	lag99, lagMax      float64
	heat               map[int]int64 // requests by band of latency
	reasons            map[string]int64
}

// step is a column of what was counted. low and high are the least and the most
// events a second that any interval of the column came to.
type step struct {
	from, to     float64
	target       float64
	answered     float64
	low, high    float64
	inFlight     int64   // the most
	unsent, late float64 // requests a second
	retried      float64
	requests     float64 // that came to their end, a second
}

// gather reads the run.
func gather(run *rundir.Run) (*series, error) {
	s := &series{to: math.Max(run.Result.Run.Seconds, 0.001)}
	width := s.to / columns
	seen := map[string]bool{}
	err := run.EachWindow(width, func(w *rundir.Window) error {
		s.windows = append(s.windows, newWindow(w))
		for reason := range w.Reasons {
			seen[reason] = true
		}
		return nil
	})
	delete(seen, "accepted")
	s.reasons = slices.Sorted(maps.Keys(seen))
	s.steps = steps(run.Timeline, width)
	return s, err
}

// newWindow sums a window up.
func newWindow(w *rundir.Window) window {
	quantile := func(h *results.Histogram, q float64) float64 { return h.Quantile(q).Seconds() * 1000 }
	c := window{
		from: w.From, to: w.To, requests: w.Latency.Count(), heat: map[int]int64{}, reasons: w.Reasons,
		p50:       quantile(w.Latency, 0.5),
		p90:       quantile(w.Latency, 0.9),
		p99:       quantile(w.Latency, 0.99),
		max:       quantile(w.Latency, 1),
		service50: quantile(w.Service, 0.5), service: quantile(w.Service, 0.99),
		lag99: quantile(w.Lag, 0.99), lagMax: quantile(w.Lag, 1),
	}
	for _, b := range w.Latency.Buckets() {
		c.heat[band(b.Below.Seconds()*1000)] += b.Count
	}
	return c
}

// steps sums the timeline up, at least width seconds to a step.
func steps(rows []results.Row, width float64) (all []step) {
	var open *step
	var events, target float64
	flush := func() {
		if open == nil {
			return
		}
		seconds := length(open.from, open.to)
		open.answered, open.target = events/seconds, target/math.Max(open.to-open.from, 1e-9)
		for _, n := range []*float64{&open.unsent, &open.late, &open.retried, &open.requests} {
			*n /= seconds
		}
		all = append(all, *open)
		open, events, target = nil, 0, 0
	}
	for i := range rows {
		row := &rows[i]
		if open != nil && row.From+0.0005 >= open.from+width {
			flush()
		}
		if open == nil {
			open = &step{from: row.From, low: math.Inf(1)}
		}
		n, seconds := open.add(row)
		events, target = events+n, target+row.Target*seconds
	}
	flush()
	return all
}

// add takes a row in, and returns its events and its length.
func (s *step) add(row *results.Row) (events, seconds float64) {
	seconds = math.Max(row.To-row.From, 1e-9)
	events = float64(row.Accepted.Events + row.Rejected.Events + row.Ambiguous.Events)
	s.to = row.To
	if seconds >= 0.5 { // the last interval may be too short for a rate
		s.low, s.high = math.Min(s.low, events/seconds), math.Max(s.high, events/seconds)
	}
	s.inFlight = max(s.inFlight, row.InFlight.Requests)
	s.unsent += float64(row.Unsent.Requests)
	s.retried += float64(row.Retried)
	s.requests += float64(row.Accepted.Requests + row.Rejected.Requests + row.Ambiguous.Requests)
	s.late += float64(row.LateBuild + row.LatePace + row.NoConnection + row.Held + row.LateStall)
	return events, seconds
}

// bandsPerDecade is how many rows the heat map gives to a tenfold latency.
const bandsPerDecade = 8

// band is the row of a latency in milliseconds; everything under 10 µs is one.
func band(ms float64) int {
	return int(math.Floor(math.Log10(math.Max(ms, 0.01)) * bandsPerDecade))
}
