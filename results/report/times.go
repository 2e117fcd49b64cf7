package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// stretches are windows without a pause between them: nothing is drawn over one.
func stretches(windows []window) (all [][]window) {
	from := 0
	for i := range windows {
		if i+1 == len(windows) || windows[i+1].from > windows[i].to+0.0005 {
			all = append(all, windows[from:i+1])
			from = i + 1
		}
	}
	return all
}

// points are the places of windows on the x axis, and of a number of each on the
// other. A single window is drawn from its beginning to its end.
func points(windows []window, x, y plot.Axis, of func(*window) float64) (xs, ys []float64) {
	if len(windows) == 1 {
		w := &windows[0]
		return []float64{x.At(w.from), x.At(w.to)}, []float64{y.At(of(w)), y.At(of(w))}
	}
	for i := range windows {
		w := &windows[i]
		xs, ys = append(xs, x.At((w.from+w.to)/2)), append(ys, y.At(of(w)))
	}
	return xs, ys
}

// lines is a line through a number of each window, broken where nothing was timed.
func lines(windows []window, x, y plot.Axis, of func(*window) float64) (path string) {
	for _, some := range stretches(windows) {
		path += plot.Line(points(some, x, y, of))
	}
	return path
}

// areas is what lies between two numbers of each window, broken likewise.
func areas(windows []window, x, y plot.Axis, low, high func(*window) float64) (path string) {
	for _, some := range stretches(windows) {
		xs, from := points(some, x, y, low)
		_, to := points(some, x, y, high)
		path += plot.Area(xs, from, to)
	}
	return path
}

// timed leaves out the windows in which nothing was timed.
func timed(windows []window) (some []window) {
	for _, w := range windows {
		if w.requests > 0 {
			some = append(some, w)
		}
	}
	return some
}

// latencyChart draws the quantiles of latency over time, and the limits set to
// them.
func latencyChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Latency over time", "from due to done; each point sums up "+pointWidth(s))
	windows := timed(s.windows)
	if len(windows) == 0 {
		c.Empty = "Nothing was timed."
		return c
	}
	low, high := math.Inf(1), 0.0
	for _, w := range windows {
		low, high = math.Min(low, w.p50), math.Max(high, w.max)
	}
	limits := limits(run.Result)
	for _, l := range limits {
		low, high = math.Min(low, l.Value), math.Max(high, l.Value)
	}
	y, ticks := logAxis(low, high)
	c.YTicks = ticks
	for _, l := range limits {
		from, to := extent(run.Result, l, s.to)
		c.limit(y.At(l.Value), x.At(from), x.At(to), l.Text)
	}
	p50 := func(w *window) float64 { return w.p50 }
	p90 := func(w *window) float64 { return w.p90 }
	p99 := func(w *window) float64 { return w.p99 }
	most := func(w *window) float64 { return w.max }
	c.Shapes = []shape{
		{"area a", areas(windows, x, y, p50, p99)}, {"line gray thin", lines(windows, x, y, most)},
		{"line a thin", lines(windows, x, y, p90)}, {"line b", lines(windows, x, y, p99)},
		{"line a", lines(windows, x, y, p50)},
	}
	c.Legend = []key{{"a", "p50"}, {"a thin", "p90"}, {"b", "p99"}, {"gray", "max"}}
	for _, w := range windows {
		c.hit(x, w.from, w.to, fmt.Sprintf("%s: p50 %s, p90 %s, p99 %s, max %s",
			clock(w.from), ms(w.p50), ms(w.p90), ms(w.p99), ms(w.max)))
	}
	return c
}

// ms is short for the way durations are written.
func ms(v float64) string { return text.Milliseconds(v) }

// limits are the thresholds that set an upper limit to latency.
func limits(r *results.Result) (some []scenario.Threshold) {
	for _, row := range r.Thresholds {
		t, err := scenario.ParseThreshold(row.Text)
		if err == nil && t.Metric.Name == "latency" && (t.Op == "<" || t.Op == "<=") && t.Value > 0 {
			some = append(some, t)
		}
	}
	return some
}

// extent is where in the run a threshold holds, in seconds.
func extent(r *results.Result, t scenario.Threshold, end float64) (from, to float64) {
	name := strings.TrimPrefix(t.Stage, "stage ")
	for _, stage := range r.Stages {
		if t.Stage != "" && stage.Name == name {
			return stage.From, stage.To
		}
	}
	return 0, end
}

// pointWidth says how much one point of a chart stands for.
func pointWidth(s *series) string {
	widest := 1.0
	for _, w := range s.windows {
		widest = math.Max(widest, math.Round(w.to-w.from))
	}
	return clock(widest)
}

// serviceChart draws what the endpoint took, once it had a request.
func serviceChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Service over time", "from sent to done: the endpoint alone")
	windows := timed(s.windows)
	if len(windows) == 0 {
		c.Empty = "Nothing was timed."
		return c
	}
	low, high := math.Inf(1), 0.0
	for _, w := range windows {
		low, high = math.Min(low, w.service50), math.Max(high, w.service)
		c.hit(x, w.from, w.to, fmt.Sprintf("%s: service p50 %s, p99 %s", clock(w.from), ms(w.service50), ms(w.service)))
	}
	y, ticks := logAxis(low, high)
	c.YTicks = ticks
	p50 := func(w *window) float64 { return w.service50 }
	p99 := func(w *window) float64 { return w.service }
	c.Shapes = []shape{
		{"area c", areas(windows, x, y, p50, p99)},
		{"line c thin", lines(windows, x, y, p99)},
		{"line c", lines(windows, x, y, p50)},
	}
	c.Legend = []key{{"c", "p50"}, {"c thin", "p99"}}
	return c
}

// lagChart draws how late requests left.
func lagChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Lag", "from due to sent: we were slow, or no connection was free")
	windows := timed(s.windows)
	if len(windows) == 0 {
		c.Empty = "Nothing was sent."
		return c
	}
	late := float64(results.LateAfter) / float64(time.Millisecond)
	high := late
	for _, w := range windows {
		high = math.Max(high, w.lagMax)
	}
	y, ticks := logAxis(0.01, high)
	c.YTicks = ticks
	c.limit(y.At(late), left, right, "late")
	c.Shapes = []shape{
		{"line gray thin", lines(windows, x, y, func(w *window) float64 { return w.lagMax })},
		{"line b", lines(windows, x, y, func(w *window) float64 { return w.lag99 })},
	}
	c.Legend = []key{{"b", "p99"}, {"gray", "max"}}
	for _, w := range windows {
		c.hit(x, w.from, w.to, fmt.Sprintf("%s: lag p99 %s, max %s", clock(w.from), ms(w.lag99), ms(w.lagMax)))
	}
	return c
}

// heatLevels is how many shades the heat map has.
const heatLevels = 8

// heatChart draws how many requests took how long over time: two groups of
// requests, fast ones and slow ones, show as two stripes where a quantile shows
// one line.
func heatChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Latency heat map", "darker: more of the requests of that moment")
	c.Bands = nil
	windows := timed(s.windows)
	if len(windows) == 0 {
		c.Empty = "Nothing was timed."
		return c
	}
	low, high := math.MaxInt, math.MinInt
	for _, w := range windows {
		for b := range w.heat {
			low, high = min(low, b), max(high, b)
		}
	}
	y, ticks := logAxis(edge(low), edge(high+1))
	c.YTicks = ticks
	var levels [heatLevels]string
	for _, w := range windows {
		for b := low; b <= high; b++ {
			if n := w.heat[b]; n > 0 {
				// The square root lets single slow requests be seen.
				level := int(math.Min(math.Sqrt(float64(n)/float64(w.requests))*heatLevels, heatLevels-1))
				levels[level] += plot.Block(x.At(w.from), x.At(w.to), y.At(edge(b)), y.At(edge(b+1)))
			}
		}
		c.hit(x, w.from, w.to, fmt.Sprintf("%s: %s requests, half under %s, 1 %% over %s",
			clock(w.from), text.Count(w.requests), ms(w.p50), ms(w.p99)))
	}
	for level, path := range levels {
		c.Shapes = append(c.Shapes, shape{fmt.Sprintf("heat h%d", level), path})
	}
	return c
}

// edge is where a band of the heat map begins, in milliseconds.
func edge(band int) float64 { return math.Pow(10, float64(band)/bandsPerDecade) }
