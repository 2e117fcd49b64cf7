package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// rateChart draws what was asked for against what was answered.
func rateChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Events per second", "target and answered")
	if len(s.steps) == 0 {
		c.Empty = "The timeline is empty."
		return c
	}
	high := run.Result.Planned.PeakEvents
	for _, t := range s.steps {
		high = math.Max(high, math.Max(t.high, t.target))
	}
	y, ticks := plainAxis(high)
	c.YTicks = ticks
	var xs, target, answered, least, most []float64
	for _, t := range s.steps {
		xs = append(xs, x.At((t.from+t.to)/2))
		target, answered = append(target, y.At(t.target)), append(answered, y.At(t.answered))
		least, most = append(least, y.At(math.Min(t.low, t.answered))), append(most, y.At(math.Max(t.high, t.answered)))
		c.hit(x, t.from, t.to,
			fmt.Sprintf("%s: %s/s answered, %s/s target", clock(t.from), text.Rate(t.answered), text.Rate(t.target)))
	}
	c.Shapes = []shape{
		{"area c", plot.Area(xs, least, most)},
		{"line c", plot.Line(xs, answered)},
		{"line ink dashed", plot.Line(planned(run, x, y, xs, target))},
	}
	c.Legend = []key{{"ink dashed", "target"}, {"c", "answered"}}
	if len(run.Timeline) > len(s.steps) {
		c.Legend = append(c.Legend, key{"c faint", "min and max of any second"})
	}
	return c
}

// planned is the line of what was asked for: of the stages where they are known,
// else through what the timeline says.
func planned(run *rundir.Run, x, y plot.Axis, xs, target []float64) (px, py []float64) {
	for _, stage := range run.Result.Stages {
		from, to := math.Max(stage.From, x.Low), math.Min(stage.To, x.High)
		if from > to { // not on this chart
			continue
		}
		px = append(px, x.At(from), x.At(to))
		py = append(py, y.At(rateAt(stage, from)), y.At(rateAt(stage, to)))
	}
	if len(px) == 0 {
		return xs, target
	}
	return px, py
}

// rateAt is what a stage asks for at a time in it.
func rateAt(stage results.StageRow, t float64) float64 {
	return stage.Start + (stage.End-stage.Start)*(t-stage.From)/math.Max(stage.To-stage.From, 1e-9)
}

// stacked is how many reasons a chart tells apart by colour.
const stacked = 5

// refusalChart draws what was not accepted, by reason.
func refusalChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Not accepted, by reason", "requests per second")
	totals := map[string]int64{}
	sides := map[string]string{}
	high := 0.0
	for _, w := range s.windows {
		var sum int64
		for _, reason := range s.reasons {
			totals[reason] += w.reasons[reason]
			sum += w.reasons[reason]
		}
		high = math.Max(high, float64(sum)/length(w.from, w.to))
	}
	for _, row := range run.Result.Rejections {
		sides[row.Reason] = row.Side
	}
	if high == 0 {
		c.Empty = "Every request that was sent was accepted."
		return c
	}
	order := slices.DeleteFunc(slices.Clone(s.reasons), func(reason string) bool { return totals[reason] == 0 })
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(totals[b], totals[a]) })
	y, ticks := plainAxis(high)
	c.YTicks = ticks
	paths := make([]strings.Builder, min(len(order), stacked+1))
	for _, w := range s.windows {
		c.stack(&w, order, x, y, paths)
	}
	for i := range paths {
		class, said := fmt.Sprintf("fill s%d", i), "others"
		if i < stacked {
			said = fmt.Sprintf("%s (%s)", text.Printable(order[i], 60), sides[order[i]])
		}
		c.Shapes = append(c.Shapes, shape{class, paths[i].String()})
		c.Legend = append(c.Legend, key{class, said})
	}
	return c
}

// stack sets the reasons of a window on top of each other.
func (c *chart) stack(w *window, order []string, x, y plot.Axis, paths []strings.Builder) {
	seconds := length(w.from, w.to)
	said, sum := "", 0.0
	for i, reason := range order {
		n := w.reasons[reason]
		if n == 0 {
			continue
		}
		next := sum + float64(n)/seconds
		paths[min(i, stacked)].WriteString(plot.Block(x.At(w.from), x.At(w.to), y.At(sum), y.At(next)))
		sum = next
		said += fmt.Sprintf(", %s %s", text.Count(n), text.Printable(reason, 60))
	}
	if said == "" {
		said = ", none"
	}
	c.hit(x, w.from, w.to, clock(w.from)+": "+said[2:])
}

// flightChart draws how many requests waited for an answer at once.
func flightChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Requests in flight", "sent and unanswered (max of each second); late requests per second")
	if len(s.steps) == 0 {
		c.Empty = "The timeline is empty."
		return c
	}
	high := 1.0
	for _, t := range s.steps {
		high = math.Max(high, math.Max(float64(t.inFlight), t.late))
	}
	y, ticks := plainAxis(high)
	c.YTicks = ticks
	var xs, flight, late, zero []float64
	for _, t := range s.steps {
		xs, zero = append(xs, x.At((t.from+t.to)/2)), append(zero, y.At(0))
		flight, late = append(flight, y.At(float64(t.inFlight))), append(late, y.At(t.late))
		c.hit(x, t.from, t.to, fmt.Sprintf("%s: %d in flight, %s/s late, %s/s never sent",
			clock(t.from), t.inFlight, text.Rate(t.late), text.Rate(t.unsent)))
	}
	c.Shapes = []shape{
		{"area a", plot.Area(xs, zero, flight)},
		{"line a", plot.Line(xs, flight)},
		{"line b", plot.Line(xs, late)},
	}
	c.Legend = []key{{"a", "in flight"}, {"b", "late"}}
	return c
}

// retryChart draws what was sent again over time: the requests a second that
// came back to be sent once more, and what they did to the load. Where an
// endpoint that is in trouble gets more requests because it is in trouble, the
// amplification rises with the refusals.
func retryChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Retries", "refused requests that were sent again, per second")
	high := 0.0
	for _, t := range s.steps {
		high = math.Max(high, t.retried)
	}
	if high == 0 {
		c.Empty = "The timeline does not say when."
		return c
	}
	y, ticks := plainAxis(high)
	c.YTicks = ticks
	var bars string
	for _, t := range s.steps {
		if t.retried > 0 {
			bars += plot.Block(x.At(t.from), x.At(t.to), y.At(0), y.At(t.retried))
		}
		c.hit(x, t.from, t.to, fmt.Sprintf("%s: %s/s sent again, %s requests for one",
			clock(t.from), text.Rate(t.retried), text.Rate(t.amplification())))
	}
	c.Shapes = []shape{{"fill s1", bars}}
	c.Legend = []key{{"fill s1", "sent again"}}
	return c
}

// amplification is how many requests the endpoint got for each that came to its
// end.
func (s *step) amplification() float64 {
	if s.requests == 0 {
		return 1
	}
	return (s.requests + s.retried) / s.requests
}

// retryFacts say what sending again came to.
func retryFacts(r *results.Result) []fact {
	if r.Retries == nil {
		return nil
	}
	why := "requests"
	if causes := retryCauses(r.Retries); causes != "" {
		why += ", after " + causes
	}
	return []fact{
		{"sent again", text.Count(r.Requests.Retried), why},
		{"may be stored twice", text.Count(r.Retries.Twice),
			"events sent again after an attempt that may have been stored"},
		{"amplification", text.Figures(r.Retries.Amplification) + " ×",
			"requests at the endpoint for each one planned"},
		{"settled", clock(r.Retries.Settled), "when the last event was in"},
	}
}
