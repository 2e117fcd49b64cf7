package capacity

import (
	"fmt"
	"io"
	"math"

	"rehearse/internal/plot"
	"rehearse/internal/text"
)

// The measures of the picture, in pixels.
const (
	pictureWidth, pictureHeight = 760, 420
	plotLeft, plotRight         = 80.0, 730.0
	plotTop, plotBottom         = 80.0, 360.0
)

// WriteSVG draws latency against load: the median and the 99th percentile of each rate,
// the interval of the capacity as an area, and the knee.
func (d *Document) WriteSVG(w io.Writer) error {
	p := plot.New(pictureWidth, pictureHeight)
	p.Text(30, 30, plot.Start, plot.Title, plot.Text, text.Printable(d.Conditions.Scenario, 80))
	p.Text(30, 50, plot.Start, plot.Small, plot.Faint, text.Printable(d.Answer.Sentence(&d.Asked), 140))
	if points := d.Curve.Points; len(points) > 0 {
		d.draw(p, points)
	}
	if _, err := p.WriteTo(w); err != nil {
		return fmt.Errorf("cannot draw the capacity: %w", err)
	}
	return nil
}

// draw draws the points.
func (d *Document) draw(p *plot.Picture, points []Point) {
	low, high := math.Inf(1), 1.0
	for _, one := range points {
		low, high = min(low, one.Latency.P50), max(high, one.Latency.P99, one.Beside)
		if one.Beside > 0 {
			low = min(low, one.Beside)
		}
	}
	xs := plot.CountTicks(max(points[len(points)-1].Rate, d.Answer.High))
	ys := plot.LogTicks(max(low, 0.01), max(high, 0.02))
	x := plot.Axis{High: xs[len(xs)-1], From: plotLeft, To: plotRight}
	y := plot.Axis{Low: ys[0], High: ys[len(ys)-1], From: plotBottom, To: plotTop, Log: true}
	for _, v := range ys {
		p.Rule(plotLeft, y.At(v), plotRight, y.At(v), plot.Grid, "")
		p.Text(plotLeft-8, y.At(v)+4, plot.End, plot.Small, plot.Faint, text.Milliseconds(v))
	}
	for _, v := range xs {
		p.Text(x.At(v), plotBottom+20, plot.Middle, plot.Small, plot.Faint, text.SI(v))
	}
	p.Text((plotLeft+plotRight)/2, plotBottom+42, plot.Middle, plot.Small, plot.Faint, "events/s sent")
	d.drawInterval(p, x)
	for _, line := range d.lines() {
		var px, py []float64
		for i := range points {
			px, py = append(px, x.At(points[i].Rate)), append(py, y.At(line.of(&points[i])))
			ink := line.ink
			if points[i].Broke == points[i].Trials {
				ink = plot.Alarm
			}
			p.Dot(px[i], py[i], ink)
		}
		p.Path(plot.Line(px, py), 2, line.ink, line.dashes)
		at := 0
		if line.anchor == plot.End {
			at = len(px) - 1
		}
		p.Text(px[at], py[at]+line.shift, line.anchor, plot.Small, line.ink, line.name)
	}
	if knee := d.Curve.Knee; knee > 0 {
		p.Rule(x.At(knee), plotTop, x.At(knee), plotBottom, plot.Faint, "2 3")
		p.Text(x.At(knee)-4, plotTop+12, plot.End, plot.Small, plot.Faint, "knee "+text.Rate(knee))
	}
}

// drawnLine is a line over the points.
type drawnLine struct {
	of     func(*Point) float64
	name   string
	ink    plot.Ink
	dashes string

	anchor plot.Anchor // the end at which its name stands
	shift  float64     // of the name from the line, downwards in pixels
}

// lines are those that are drawn.
func (d *Document) lines() []drawnLine {
	lines := []drawnLine{
		{func(p *Point) float64 { return p.Latency.P99 }, "p99", plot.Data, "", plot.Start, -8},
		{func(p *Point) float64 { return p.Latency.P50 }, "p50", plot.Faint, "4 3", plot.Start, 18},
	}
	if d.Conditions.Beside > 0 {
		lines = append(lines, drawnLine{func(p *Point) float64 { return max(p.Beside, 0.01) }, "background p99",
			plot.Text, "1 3", plot.End, -8})
	}
	return lines
}

// drawInterval marks where the capacity lies.
func (d *Document) drawInterval(p *plot.Picture, x plot.Axis) {
	a := &d.Answer
	if !a.Interval() {
		return
	}
	p.Fill(plot.Block(x.At(a.Low), x.At(a.High), plotTop, plotBottom), plot.Pale)
	p.Rule(x.At(a.Low), plotTop, x.At(a.Low), plotBottom, plot.Limit, "")
	p.Rule(x.At(a.High), plotTop, x.At(a.High), plotBottom, plot.Limit, "")
	p.Text((x.At(a.Low)+x.At(a.High))/2, plotTop-8, plot.Middle, plot.Small, plot.Limit, "capacity "+a.Range())
}

// writeScalability draws throughput against requests in flight: the trials, the universal
// scalability law with two standard errors to both sides, and what would be in proportion.
func (d *Document) writeScalability(w io.Writer) error {
	s := d.Curve.Scalability
	points := keptUp(d.Curve.Points)
	p := plot.New(pictureWidth, pictureHeight)
	p.Text(30, 30, plot.Start, plot.Title, plot.Text, "Throughput against requests in flight")
	p.Text(30, 50, plot.Start, plot.Small, plot.Faint, fmt.Sprintf("universal scalability law: misses %d rates by %s "+
		"on average", s.Points, text.Percent(s.Error)))
	const steps = 100
	var ns, low, middle, high []float64
	most := 0.0
	for i := 1; i <= steps; i++ {
		n := s.to * 1.1 * float64(i) / steps
		rate, uncertain := s.At(n)
		ns, middle = append(ns, n), append(middle, rate)
		low, high = append(low, max(rate-2*uncertain, 0)), append(high, rate+2*uncertain)
	}
	for _, one := range points {
		most = max(most, one.Answered*1.1)
	}
	xs, ys := plot.CountTicks(ns[steps-1]), plot.CountTicks(max(most, middle[steps-1]))
	x := plot.Axis{High: xs[len(xs)-1], From: plotLeft, To: plotRight}
	y := plot.Axis{High: ys[len(ys)-1], From: plotBottom, To: plotTop}
	for _, v := range ys {
		p.Rule(plotLeft, y.At(v), plotRight, y.At(v), plot.Grid, "")
		p.Text(plotLeft-8, y.At(v)+4, plot.End, plot.Small, plot.Faint, text.SI(v))
	}
	for _, v := range xs {
		p.Text(x.At(v), plotBottom+20, plot.Middle, plot.Small, plot.Faint, text.SI(v))
	}
	p.Text((plotLeft+plotRight)/2, plotBottom+42, plot.Middle, plot.Small, plot.Faint, "requests in flight")
	p.Text(plotLeft, plotTop-10, plot.Middle, plot.Small, plot.Faint, "events/s")
	end := min(x.High, y.High/s.Alone)
	p.Rule(x.At(0), y.At(0), x.At(end), y.At(end*s.Alone), plot.Faint, "2 3")
	p.Fill(plot.Area(allAt(x, ns), allAt(y, low), allAt(y, high)), plot.Pale)
	p.Path(plot.Line(allAt(x, ns), allAt(y, middle)), 2, plot.Data, "")
	for _, one := range points {
		p.Dot(x.At(one.InFlight), y.At(one.Answered), plot.Text)
	}
	if _, err := p.WriteTo(w); err != nil {
		return fmt.Errorf("cannot draw the scalability: %w", err)
	}
	return nil
}

// allAt is where values lie on an axis.
func allAt(a plot.Axis, values []float64) (at []float64) {
	for _, v := range values {
		at = append(at, a.At(v))
	}
	return at
}
