package capacity

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// Demands are what a trial was held to.
type Demands struct {
	Thresholds []scenario.Threshold
	Ramp       time.Duration // how long the run took to come to its rate
	Timeout    time.Duration // how long a request may take at all
	Random     bool          // requests come at random, and not at even steps

	Beside  *Demands // on the background; nil: there is none
	Besides float64  // the rate of the background, events a second
}

// Measure says what came of a trial, from its run. Beside a background the rate is that
// of the stream alone, and what the endpoint takes is what the background leaves.
func Measure(run *rundir.Run, t Trial, d Demands) Observation {
	r := run.Result
	hold := d.holdOf(run, &t)
	o := Observation{
		Accepted: results.Share(r.Events.Accepted, r.Events.Sent), Answered: answered(hold), Latency: latencyOf(r),
	}
	if r.Backlog != nil {
		o.Queue = r.Backlog.Queue
	}
	o.InFlight = inFlight(hold, o.Latency.Mean)
	together, all := hold, t.Rate
	climb := Climb(medians(hold))
	if b := run.Background; b != nil && d.Beside != nil {
		beside := d.holdOf(b, &t)
		together, all = addRows(hold, beside), t.Rate+d.Besides
		climb = max(climb, Climb(medians(beside)))
		latency := latencyOf(b.Result)
		o.Beside = &latency
		d.Random = d.Random || d.Beside.Random
	}
	climb = cmp.Or(climb, d.fallingBehind(all, together))
	figures, later := d.figures(run, climb)
	o.Margin = Worst(append(figures, later...))
	switch {
	case r.Verdict == results.Pass && Worst(later).Log >= 0 && len(later) > 0:
		o.Response, o.Climb = Broke, climb
		o.Why = willNotHold(climb, Worst(later).Threshold)
	case r.Verdict == results.Pass:
		o.Response = Held
	case r.Verdict == results.Fail:
		o.Response, o.Climb, o.Why = Broke, climb, judge.Because(r)
	default:
		o.Response, o.Why, o.Unknown = Invalid, judge.Because(r), d.untold(r)
		o.Disturbed = !o.Unknown && machineBusy(&r.Generator)
	}
	if o.Response == Broke {
		o.Saturated = max(d.saturatedAt(all, together, climb)-d.Besides, 0)
	}
	return o
}

// figures are what the thresholds of both streams came to, and will.
func (d *Demands) figures(run *rundir.Run, climb float64) (figures, later []Figure) {
	figures, later = figuresOf(run, *d, climb)
	if d.Beside == nil || run.Background == nil {
		return figures, later
	}
	more, muchLater := figuresOf(run.Background, *d.Beside, climb)
	for i := range more {
		more[i].Threshold = "background: " + more[i].Threshold
	}
	for i := range muchLater {
		muchLater[i].Threshold = "background: " + muchLater[i].Threshold
	}
	return append(figures, more...), append(later, muchLater...)
}

// latencyOf is the latency of the hold, which is the last stage; of the whole run where that
// is not known.
func latencyOf(r *results.Result) Latency {
	l := r.Latency
	if n := len(r.Stages); n > 0 && r.Stages[n-1].Stats != nil {
		l = r.Stages[n-1].Stats.Latency
	}
	return Latency{l.P50, l.P90, l.P99, l.Mean}
}

// inFlight is how many requests were due and not answered at a time, on average: by Little's
// law as many as came in the time that one took.
func inFlight(hold []results.Row, meanMS float64) float64 {
	requests, seconds := int64(0), 0.0
	for _, row := range hold {
		requests += row.Accepted.Requests
		seconds += row.To - row.From
	}
	if seconds == 0 {
		return 0
	}
	return float64(requests) / seconds * meanMS / 1000
}

// holdOf are the seconds of a stream in which the rate was held.
func (d *Demands) holdOf(run *rundir.Run, t *Trial) []results.Row {
	return holdOf(run.Timeline, d.Ramp.Seconds(), (d.Ramp + t.Length).Seconds())
}

// addRows adds what came to its end in each second of another stream; the latency is the
// higher one. Seconds that the other lacks stay.
func addRows(rows, others []results.Row) []results.Row {
	sum := slices.Clone(rows)
	for i := range sum {
		at := slices.IndexFunc(others, func(o results.Row) bool { return math.Abs(o.From-sum[i].From) < 0.3 })
		if at < 0 {
			continue
		}
		row, other := &sum[i], &others[at]
		row.Accepted, row.Rejected = row.Accepted.Plus(other.Accepted), row.Rejected.Plus(other.Rejected)
		row.Ambiguous, row.Unsent = row.Ambiguous.Plus(other.Ambiguous), row.Unsent.Plus(other.Unsent)
		row.LatencyP50 = max(row.LatencyP50, other.LatencyP50)
	}
	return sum
}

// untold says whether a metric that a threshold is on was asked for and not told.
func (d *Demands) untold(r *results.Result) bool {
	for _, t := range d.Thresholds {
		for i := range r.Metrics {
			if m := &r.Metrics[i]; t.Metric.Name == scenario.MetricOfTarget && t.Metric.Of == m.Name && m.Failed > 0 {
				return true
			}
		}
	}
	return false
}

// machineBusy says whether what made a run invalid may be others that used the machine, and
// so not be there the next time. Too few connections will be too few again.
func machineBusy(g *results.Generator) bool {
	const much = 0.5
	if g.Bottleneck == results.ConnectionBottleneck {
		return false
	}
	return g.Stolen >= much || g.Bottleneck == results.NoBottleneck || g.Bottleneck == results.StallBottleneck
}

// holdOf are the seconds of the timeline in which the rate was held, whole ones.
func holdOf(rows []results.Row, from, to float64) (hold []results.Row) {
	const slack = 0.05 // of the clock that cuts intervals
	for _, row := range rows {
		if row.From >= from-slack && row.To <= to+slack && row.To-row.From > 0.5 {
			hold = append(hold, row)
		}
	}
	return hold
}

// medians are the median latencies of what was answered in each second.
func medians(hold []results.Row) (seconds []Second) {
	for _, row := range hold {
		if !math.IsNaN(row.LatencyP50) {
			seconds = append(seconds, Second{row.To, row.LatencyP50})
		}
	}
	return seconds
}

// answered is how many events a second were accepted while the rate was held.
func answered(hold []results.Row) float64 {
	events, seconds := int64(0), 0.0
	for _, row := range hold {
		events += row.Accepted.Events
		seconds += row.To - row.From
	}
	if seconds == 0 {
		return 0
	}
	return float64(events) / seconds
}

// fallingBehind is how fast latency has to grow, in milliseconds each second, where less
// came to an end than was sent throughout the second half of the hold. Of a short trial
// that tells more than a trend, which takes ten seconds to be one.
func (d *Demands) fallingBehind(rate float64, hold []results.Row) float64 {
	later := hold[len(hold)/2:]
	slowest, seconds := 0.0, 0.0
	for _, row := range later {
		slowest = max(slowest, row.LatencyP50)
		seconds += row.To - row.From
	}
	ended := func(row *results.Row) results.Count {
		return row.Accepted.Plus(row.Rejected).Plus(row.Ambiguous).Plus(row.Unsent)
	}
	took, clearly := d.rateOf(rate, later, ended)
	if !clearly || slowest/1000 > seconds/2 {
		return 0
	}
	return 1000 * (1 - took/rate)
}

// saturatedAt is the rate at which the endpoint accepted events in the second half of the
// hold, if that is clearly less than what was sent: the first half may have used up a
// burst. Closer to what was sent, the climb of latency is the finer measure.
func (d *Demands) saturatedAt(rate float64, hold []results.Row, climb float64) float64 {
	later := hold[len(hold)/2:]
	took, clearly := d.rateOf(rate, later, func(row *results.Row) results.Count { return row.Accepted })
	if clearly {
		return took
	}
	var accepted, all int64
	for _, row := range later {
		accepted += row.Accepted.Events
		all += row.Accepted.Events + row.Rejected.Events + row.Ambiguous.Events + row.Unsent.Events
	}
	if all == 0 {
		return 0
	}
	return SaturatedAt(rate, results.Share(accepted, all), climb)
}

// rateOf is how many events a second are counted, and whether that is clearly less than
// were sent: by more than a few requests at both ends, and than chance where there is any.
func (d *Demands) rateOf(sent float64, rows []results.Row, of func(*results.Row) results.Count) (rate float64,
	clearly bool) {
	var sum results.Count
	seconds := 0.0
	for i := range rows {
		sum = sum.Plus(of(&rows[i]))
		seconds += rows[i].To - rows[i].From
	}
	if seconds == 0 || sum.Requests == 0 {
		return 0, false
	}
	batch := float64(sum.Events) / float64(sum.Requests)
	asked := sent * seconds / batch // requests
	chance := 3.0
	if d.Random {
		chance += 2.5 * math.Sqrt(asked)
	}
	return float64(sum.Events) / seconds, asked-float64(sum.Requests) > max(0.03*asked, chance)
}

// figuresOf are what the thresholds of a run came to that have a margin, and what those
// on a time would come to later, if latency climbs. What has no threshold on a time
// has the timeout: a request that takes longer is not accepted.
func figuresOf(run *rundir.Run, d Demands, climb float64) (figures, later []Figure) {
	timed := false
	for i := range d.Thresholds {
		one := &d.Thresholds[i]
		f, ok := figureOf(run, one)
		if !ok {
			continue
		}
		figures = append(figures, f)
		if isTime(one) {
			timed = true
			later = append(later, Ahead(f, climb))
		}
	}
	if !timed && d.Timeout > 0 {
		bound := float64(d.Timeout) / float64(time.Millisecond)
		later = append(later, Ahead(quantileOf(run.Latency, "timeout "+d.Timeout.String(), 0.99, bound), climb))
	}
	return figures, later
}

// isTime says whether a threshold bounds the time that requests take.
func isTime(t *scenario.Threshold) bool {
	return (t.Metric.Name == "latency" || t.Metric.Name == "service") && t.Bounds()
}

// figureOf is what a threshold came to; false for those whose figure has no margin, such
// as those that want something to be rejected.
func figureOf(run *rundir.Run, t *scenario.Threshold) (Figure, bool) {
	r := run.Result
	name := strings.TrimSuffix(t.Text, " in "+t.Stage)
	share := func(part, all int64) (Figure, bool) {
		return OfShare(name, part, all, t.Value, !t.Bounds()), t.Share || t.Value == 0 && t.Bounds()
	}
	switch t.Metric.Name {
	case "latency", "service":
		h, summary := run.Latency, &r.Latency
		if t.Metric.Name == "service" {
			h, summary = run.Service, &r.Service
		}
		if t.Metric.Mean {
			return Figure{name, summary.Mean, t.Value, summary.Mean, summary.Mean, false}, t.Bounds()
		}
		return quantileOf(h, name, t.Metric.Quantile, t.Value), t.Bounds() && h != nil
	case "accepted":
		if !t.Share || t.Bounds() {
			return Figure{}, false
		}
		return share(r.Events.Accepted, max(r.Planned.Events-r.Events.ExpectedRefused, r.Events.Accepted))
	case "rejected":
		if t.Metric.Status == "" && t.Bounds() {
			return share(r.Requests.Rejected, r.Requests.Sent)
		}
	case "ambiguous":
		if t.Bounds() {
			return share(r.Requests.Ambiguous, r.Requests.Sent)
		}
	case "dropped":
		if t.Bounds() {
			return share(r.Requests.Rejected+r.Requests.Ambiguous+r.Requests.Unsent, r.Planned.Requests)
		}
	}
	return Figure{}, false
}

// quantileOf is the figure of a quantile of a histogram, in milliseconds.
func quantileOf(h *results.Histogram, name string, q, bound float64) Figure {
	if h == nil {
		return Figure{Threshold: name, Bound: bound}
	}
	return OfQuantile(name, q, bound, h.Count(), func(q float64) float64 {
		return float64(h.Quantile(q)) / float64(time.Millisecond)
	})
}
