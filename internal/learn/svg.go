package learn

import (
	"fmt"
	"io"
	"math"
	"strings"

	"rehearse/internal/plot"
	"rehearse/internal/text"
)

// The drawing's measures, in pixels.
const (
	panelWidth  = 860.0
	panelHeight = 240.0
	marginLeft  = 70.0
	marginTop   = 50.0
	panelGap    = 90.0
)

// WriteSVG draws the rate over time, and the events by rank of the distinct_ids,
// both axes logarithmic: a Zipf law is a straight line there.
func (p *Profile) WriteSVG(out io.Writer) error {
	height := marginTop + panelHeight + 60
	if p.rates != nil {
		height += panelHeight + panelGap
	}
	picture := plot.New(panelWidth+marginLeft+30, height)
	top := marginTop
	if p.rates != nil {
		p.drawRate(picture, top)
		top += panelHeight + panelGap
	}
	p.drawRanks(picture, top)
	_, err := picture.WriteTo(out)
	return err
}

// frame draws the title and the axes of a panel.
func frame(picture *plot.Picture, top float64, title string) {
	picture.Text(marginLeft, top-14, plot.Start, plot.Heading, plot.Text, title)
	picture.Path(plot.Block(marginLeft, marginLeft+panelWidth, top, top+panelHeight), 1, plot.Faint, "")
}

// drawRate draws the rate over time: the mean and the peak of what falls on each
// pixel.
func (p *Profile) drawRate(picture *plot.Picture, top float64) {
	most := 0.0
	for _, n := range p.rates {
		most = max(most, rate(n, p.width))
	}
	bottom := top + panelHeight
	y := plot.Axis{High: most, From: bottom, To: top}
	columns := min(int(panelWidth), len(p.rates))
	wide := panelWidth / float64(columns)
	var means, peaks strings.Builder
	for x := range columns {
		from := x * len(p.rates) / columns
		to := max((x+1)*len(p.rates)/columns, from+1)
		mean, peak := 0.0, 0.0
		for _, n := range p.rates[from:to] {
			mean += rate(n, p.width) / float64(to-from)
			peak = max(peak, rate(n, p.width))
		}
		at := marginLeft + float64(x)*wide
		peaks.WriteString(plot.Block(at, at+wide, y.At(peak), bottom))
		means.WriteString(plot.Block(at, at+wide, y.At(mean), bottom))
	}
	picture.Fill(peaks.String(), plot.Pale)
	picture.Fill(means.String(), plot.Data)
	frame(picture, top, "events per second over time (light: peak, dark: mean)")
	label := func(x, y float64, anchor plot.Anchor, words string) {
		picture.Text(x, y, anchor, plot.Small, plot.Faint, words)
	}
	label(marginLeft-6, top+10, plot.End, text.Rate(most))
	label(marginLeft-6, bottom, plot.End, "0")
	label(marginLeft, bottom+18, plot.Start, "0")
	label(marginLeft+panelWidth, bottom+18, plot.End, span(p.Seconds))
}

// drawRanks draws the counts of the busiest ids and the law of the crowd.
func (p *Profile) drawRanks(picture *plot.Picture, top float64) {
	frame(picture, top, fmt.Sprintf("events by rank of the distinct_id (line: Zipf, skew %.3f)", p.Skew))
	bottom := top + panelHeight
	busiest := float64(max(p.Top[0], 2))
	x := plot.Axis{Low: 1, High: float64(max(p.DistinctIDs, 2)), Log: true,
		From: marginLeft, To: marginLeft + panelWidth}
	y := plot.Axis{Low: 1, High: busiest, From: bottom, To: top, Log: true}
	scale := float64(p.Events) / (crowd{p.DistinctIDs, p.Skew}).weight()
	var xs, ys []float64
	for i := range 101 {
		rank := math.Pow(x.High, float64(i)/100)
		xs, ys = append(xs, x.At(rank)), append(ys, y.At(scale*math.Pow(rank, -p.Skew)))
	}
	picture.Path(plot.Line(xs, ys), 1.5, plot.Second, "")
	for _, point := range p.curve {
		picture.Dot(x.At(float64(point.ids)), y.At(float64(point.events)), plot.Data)
	}
	for power := 1.0; power <= x.High; power *= 10 {
		picture.Text(x.At(power), bottom+18, plot.Middle, plot.Small, plot.Faint, text.Count(power))
	}
	for power := 1.0; power <= y.High; power *= 10 {
		picture.Text(marginLeft-6, y.At(power)+4, plot.End, plot.Small, plot.Faint, text.Count(power))
	}
}

// curve is the counts at about evenly spaced ranks of a logarithmic axis: of each
// run, ids is the rank.
func (r ranking) curve() (points []run) {
	rank, next := int64(0), 1.0
	for _, u := range r {
		for end := rank + u.ids; next <= float64(end); next = max(next+1, next*1.06) {
			points = append(points, run{u.events, int64(next)})
		}
		rank += u.ids
	}
	return points
}
