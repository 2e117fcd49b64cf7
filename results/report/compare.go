package report

import (
	_ "embed"
	"fmt"
	"math"

	"rehearse/internal/plot"
	"rehearse/results"
	"rehearse/results/compare"
)

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
	return render(compareText, comparison{c, []*chart{
		overlaid("Latency", "from due to done", c.A.Latency, c.B.Latency),
		overlaid("Service", "from sent to done", c.A.Service, c.B.Service),
	}})
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
