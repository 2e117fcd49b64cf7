package preflight

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"rehearse/internal/text"
)

// The measures of the picture, in pixels.
const (
	pictureWidth           = 900
	plotLeft, plotRight    = 80.0, 870.0
	plotTop, plotBottom    = 100.0, 340.0
	barsTop, barHeight     = 462.0, 24.0
	barsLeft               = 260.0
	mostBars, mostMarks    = 8, 5
	nameWidth, titleLength = 30, 90
)

// styles are the colours, by day and by night.
const styles = `<style>
svg { --paper: #ffffff; --ink: #1f2933; --faint: #66727f; --rule: #e3e7eb; --load: #2563a8; --area: #2563a833; --limit: #c2410c; --mark: #b91c1c; }
@media (prefers-color-scheme: dark) {
svg { --paper: #14181d; --ink: #e6eaee; --faint: #98a3af; --rule: #2b333c; --load: #6fb1f5; --area: #6fb1f533; --limit: #fb923c; --mark: #f87171; }
}
text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.title { font-size: 19px; font-weight: 600; } .faint { fill: var(--faint); } .small { font-size: 12px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.rule { stroke: var(--rule); } .load { stroke: var(--load); fill: none; stroke-width: 2; stroke-linejoin: round; }
.area { fill: var(--area); } .bar { fill: var(--load); } .hot { fill: var(--mark); }
.limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4; } .limits { fill: var(--limit); }
.mark { stroke: var(--mark); stroke-width: 1.2; stroke-dasharray: 2 3; } .marks { fill: var(--mark); }
</style>
`

// WriteSVG draws the load with the capacity and the moments at which ids
// overflow, and below that the busiest ids with the limit of one id: a picture of
// its own, for light and dark paper.
func (r *Report) WriteSVG(w io.Writer) error {
	d := &drawing{}
	bars := min(len(r.HotIDs), mostBars)
	height := barsTop + float64(bars)*barHeight + 30
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %[1]d %.0[2]f" role="img">`+"\n%s", pictureWidth, height, styles)
	fmt.Fprintf(d, `<rect width="100%%" height="100%%" style="fill: var(--paper)"/>`+"\n")
	d.text(point{plotLeft - 50, 34}, "title", "start", string(plain(r.Scenario, titleLength))+": "+r.Verdict.String())
	d.text(point{plotLeft - 50, 56}, "faint", "start", fmt.Sprintf("%s events in %s requests over %s, %s/s at the peak",
		text.Count(r.Plan.Events), text.Count(r.Plan.Requests), seconds(r.Plan.Seconds), text.Rate(r.Plan.PeakEvents)))
	r.drawCurve(d)
	r.drawBars(d, bars)
	d.WriteString("</svg>\n")
	if _, err := w.Write(d.Bytes()); err != nil {
		return fmt.Errorf("cannot draw the plan: %w", err)
	}
	return nil
}

// drawing is a picture in the making.
type drawing struct{ bytes.Buffer }

// point is a place in the picture, in pixels.
type point struct{ x, y float64 }

func (d *drawing) text(at point, class, anchor, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", at.x, at.y, class, anchor, html.EscapeString(text))
}

func (d *drawing) rule(class string, from, to point) {
	fmt.Fprintf(d, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, from.x, from.y, to.x, to.y)
}

// drawCurve draws the load over time.
func (r *Report) drawCurve(d *drawing) {
	top, span := r.Plan.PeakEvents, max(r.Plan.Seconds, 1e-9)
	if c := r.facts.Capacity; c > top && c < 2*top {
		top = c
	}
	step := roundStep(top)
	top = math.Ceil(top*1.04/step) * step
	x := func(s float64) float64 { return plotLeft + s/span*(plotRight-plotLeft) }
	y := func(rate float64) float64 { return plotBottom - rate/top*(plotBottom-plotTop) }
	for v := 0.0; v <= top+step/2; v += step {
		d.rule("rule", point{plotLeft, y(v)}, point{plotRight, y(v)})
		d.text(point{plotLeft - 8, y(v) + 4}, "small faint", "end", text.Rate(v))
	}
	for k := range 6 {
		at := span * float64(k) / 5
		d.text(point{x(at), plotBottom + 20}, "small faint", "middle", seconds(at))
	}
	d.text(point{plotLeft - 50, plotTop - 12}, "small faint", "start", "events/s")
	d.text(point{(plotLeft + plotRight) / 2, plotBottom + 42}, "small faint", "middle", "time since the start of the run")
	points := r.points(x, y)
	fmt.Fprintf(d, `<path class="area" d="M%.1f,%.1f L%s L%.1f,%.1f Z"/>`+"\n", plotLeft, plotBottom, points, plotRight, plotBottom)
	fmt.Fprintf(d, `<path class="load" d="M%s"/>`+"\n", points)
	if c := r.facts.Capacity; c > 0 && c <= top {
		d.rule("limit", point{plotLeft, y(c)}, point{plotRight, y(c)})
		d.text(point{plotRight, y(c) - 6}, "small limits", "end", "capacity "+text.Rate(c)+"/s")
	}
	r.drawMarks(d, x)
}

// points are the corners of the curve, or its columns where there are too many.
func (r *Report) points(x, y func(float64) float64) string {
	const most = 1500
	var b strings.Builder
	if len(r.curve) > most {
		columns := columnsOf(r.curve, int(plotRight-plotLeft))
		for i, rate := range columns {
			fmt.Fprintf(&b, "%.1f,%.1f ", plotLeft+float64(i), y(rate))
		}
		return b.String()
	}
	at := 0.0
	for _, s := range r.curve {
		end := at + s.Over.Seconds()
		fmt.Fprintf(&b, "%.1f,%.1f %.1f,%.1f ", x(at), y(s.From), x(end), y(s.To))
		at = end
	}
	return b.String()
}

// drawMarks draws where the first ids overflow.
func (r *Report) drawMarks(d *drawing, x func(float64) float64) {
	for i, h := range r.hot[:min(len(r.hot), mostMarks)] {
		at := x(*h.OverflowsS)
		d.rule("mark", point{at, plotTop - 4}, point{at, plotBottom})
		side, gap := "start", 6.0
		if at > (plotLeft+plotRight)/2 {
			side, gap = "end", -6
		}
		d.text(point{at + gap, plotBottom - 12 - float64(i)*17}, "small marks", side, fmt.Sprintf("%s overflows at %s", plain(h.named(), nameWidth), seconds(*h.OverflowsS)))
	}
}

// drawBars draws the busiest ids at the peak beside the limit of one id.
func (r *Report) drawBars(d *drawing, n int) {
	limit := r.limit
	top := limit * 1.1
	for _, h := range r.HotIDs[:n] {
		top = max(top, h.PeakPerS)
	}
	width := func(v float64) float64 { return v / max(top, 1e-9) * (plotRight - barsLeft - 70) }
	title := "events/s of the busiest ids at the peak"
	if limit == 0 {
		title += "; no limit for one id holds on the lane that they take"
	}
	d.text(point{plotLeft - 50, barsTop - 42}, "", "start", title)
	if limit > 0 && n > 0 {
		at := barsLeft + width(limit)
		d.rule("limit", point{at, barsTop - 8}, point{at, barsTop + float64(n)*barHeight})
		d.text(point{at, barsTop - 14}, "small limits", "middle", "limit "+text.Rate(limit)+"/s")
	}
	for i, h := range r.HotIDs[:n] {
		y, class := barsTop+float64(i)*barHeight, "bar"
		if h.Overflow > 0 {
			class = "hot"
		}
		d.text(point{barsLeft - 10, y + 13}, "small", "end", string(plain(h.named(), nameWidth)))
		fmt.Fprintf(d, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/>`+"\n", class, barsLeft, y+1, width(h.PeakPerS), barHeight-8)
		d.text(point{barsLeft + width(h.PeakPerS) + 6, y + 13}, "small faint", "start", text.Rate(h.PeakPerS))
	}
}

// roundStep is a step of 1, 2 or 5 times a power of ten that divides an axis into
// three to six parts.
func roundStep(top float64) float64 {
	if top <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top)))
	switch lead := top / power; {
	case lead > 5:
		return 2 * power
	case lead > 2.5:
		return power
	case lead > 1.2:
		return power / 2
	}
	return power / 5
}
