package report

import (
	_ "embed"
	"fmt"
	"math"

	"rehearse/internal/plot"
	"rehearse/results"
	"rehearse/results/compare"
	"rehearse/results/rundir"
)

// spectrumChart draws every quantile of latency and of service, on the axis of
// nines: each tick is a tenth of the requests of the one before it. Where the
// two part, requests waited before they were sent.
func spectrumChart(run *rundir.Run) *chart {
	c := &chart{
		Title: "Percentile spectrum",
		Note:  "latency is what a customer felt, service what the endpoint took",
		XName: "share of the requests",
	}
	if run.Latency == nil || run.Latency.Count() == 0 || run.Service == nil {
		c.Empty = "Nothing was timed."
		return c
	}
	x, ticks := ninesAxis(run.Latency.Count())
	c.XTicks = ticks
	low := math.Min(run.Result.Latency.P50, run.Result.Service.P50)
	high := math.Max(run.Result.Latency.Max, run.Result.Service.Max)
	for _, t := range limits(run.Result) {
		if t.Stage == "" && t.Every == 0 {
			low, high = math.Min(low, t.Value), math.Max(high, t.Value)
		}
	}
	y, yticks := logAxis(low, high)
	c.YTicks = yticks
	for _, t := range limits(run.Result) {
		if t.Stage == "" && t.Every == 0 {
			c.limit(y.At(t.Value), left, right, t.Text)
		}
	}
	lx, ly := spectrum(run.Latency, x, y)
	sx, sy := spectrum(run.Service, x, y)
	c.Shapes = []shape{{"line c", plot.Line(sx, sy)}, {"line b", plot.Line(lx, ly)}}
	c.Legend = []key{{"b", "latency"}, {"c", "service"}}
	c.explain(run, x)
	return c
}

// explain adds what the quantiles are.
func (c *chart) explain(run *rundir.Run, x plot.Axis) {
	const step = 0.1
	for n := x.Low; n < x.High; n += step {
		q := 1 - math.Pow(10, -(n+step/2))
		c.hit(x, n, n+step, fmt.Sprintf("p%.5g: latency %s, service %s", q*100,
			ms(run.Latency.Quantile(q).Seconds()*1000), ms(run.Service.Quantile(q).Seconds()*1000)))
	}
}

// ninesAxis reaches as far as count requests can tell.
func ninesAxis(count int64) (plot.Axis, []tick) {
	most := math.Max(math.Ceil(math.Log10(float64(count))), 2)
	a := plot.Axis{High: most, From: left, To: right}
	ticks := []tick{{plot.Place(a.At(0)), "0"}}
	if most <= 5 {
		ticks = append(ticks, tick{plot.Place(a.At(math.Log10(2))), "50 %"})
	}
	step := math.Ceil(most / 5) // more labels would overlap
	for n := most - step*math.Floor((most-1)/step); n <= most; n += step {
		ticks = append(ticks,
			tick{plot.Place(a.At(n)), fmt.Sprintf("%.*f %%", int(math.Max(n-2, 0)), 100-100*math.Pow(10, -n))})
	}
	return a, ticks
}

// spectrum is the line of a histogram.
func spectrum(h *results.Histogram, x, y plot.Axis) (xs, ys []float64) {
	const points = 160
	for i := range points + 1 {
		n := x.Low + (x.High-x.Low)*float64(i)/points
		q := 1 - math.Pow(10, -n)
		if i == points {
			q = 1
		}
		xs, ys = append(xs, x.At(n)), append(ys, y.At(h.Quantile(q).Seconds()*1000))
	}
	return xs, ys
}

//go:embed compare.gohtml
var compareText string

// comparison is what the template of two runs shows.
type comparison struct {
	*compare.Comparison
	Charts []*chart
}

// CompareHTML is a comparison as one HTML file, the spectra of both runs laid
// over each other.
func CompareHTML(c *compare.Comparison) ([]byte, error) {
	return Render(compareText, comparison{c, drawn(
		overlaid("Latency", "from due to done", c.A.Latency, c.B.Latency),
		overlaid("Service", "from sent to done", c.A.Service, c.B.Service),
	)})
}

// overlaid draws the spectra of a and b.
func overlaid(title, note string, a, b *results.Histogram) *chart {
	c := &chart{Title: title, Note: note, XName: "share of the requests"}
	if a == nil || b == nil || a.Count() == 0 || b.Count() == 0 {
		c.Empty = "Nothing was timed."
		return c
	}
	at := func(h *results.Histogram, q float64) float64 { return h.Quantile(q).Seconds() * 1000 }
	x, ticks := ninesAxis(max(a.Count(), b.Count()))
	y, yticks := logAxis(math.Min(at(a, 0.5), at(b, 0.5)), math.Max(at(a, 1), at(b, 1)))
	c.XTicks, c.YTicks = ticks, yticks
	ax, ay := spectrum(a, x, y)
	bx, by := spectrum(b, x, y)
	c.Shapes = []shape{{"line a", plot.Line(ax, ay)}, {"line b", plot.Line(bx, by)}}
	c.Legend = []key{{"a", "A"}, {"b", "B"}}
	const step = 0.1
	for n := x.Low; n < x.High; n += step {
		q := 1 - math.Pow(10, -(n+step/2))
		c.hit(x, n, n+step, fmt.Sprintf("p%.5g: A %s, B %s", q*100, ms(at(a, q)), ms(at(b, q))))
	}
	return c
}
