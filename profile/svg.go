package profile

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// The drawing's measures, in pixels.
const (
	panelWidth  = 860
	panelHeight = 240
	marginLeft  = 70
	marginTop   = 50
	panelGap    = 90
)

// WriteSVG draws the rate over time, and the events by rank of the distinct_ids,
// both axes logarithmic: a Zipf law is a straight line there.
func (p *Profile) WriteSVG(out io.Writer) error {
	var b bytes.Buffer
	height := marginTop + panelHeight + 60
	if p.rates != nil {
		height += panelHeight + panelGap
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<rect width="100%%" height="100%%" fill="white"/>
`, panelWidth+marginLeft+30, height, panelWidth+marginLeft+30, height)
	top := marginTop
	if p.rates != nil {
		p.drawRate(&b, top)
		top += panelHeight + panelGap
	}
	p.drawRanks(&b, top)
	b.WriteString("</svg>\n")
	_, err := out.Write(b.Bytes())
	return err
}

// axes draws the frame of a panel with its title.
func axes(b *bytes.Buffer, top int, title string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="15">%s</text>
<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#999"/>
`, marginLeft, top-14, title, marginLeft, top, panelWidth, panelHeight)
}

// label writes a number beside an axis.
func label(b *bytes.Buffer, x, y float64, anchor, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#444">%s</text>`+"\n", x, y, anchor, text)
}

// drawRate draws the rate over time: the mean and the peak of what falls on each
// pixel.
func (p *Profile) drawRate(b *bytes.Buffer, top int) {
	axes(b, top, "events per second over time (light: peak, dark: mean)")
	most := 0.0
	for _, n := range p.rates {
		most = max(most, rate(n, p.width))
	}
	bottom := float64(top + panelHeight)
	columns := min(panelWidth, len(p.rates))
	wide := float64(panelWidth) / float64(columns)
	for x := range columns {
		from := x * len(p.rates) / columns
		to := max((x+1)*len(p.rates)/columns, from+1)
		mean, peak := 0.0, 0.0
		for _, n := range p.rates[from:to] {
			mean += rate(n, p.width) / float64(to-from)
			peak = max(peak, rate(n, p.width))
		}
		at := float64(marginLeft) + float64(x)*wide
		for _, bar := range []struct {
			height float64
			colour string
		}{{peak, "#bcd4ee"}, {mean, "#2b6cb0"}} {
			h := bar.height / most * panelHeight
			fmt.Fprintf(b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", at, bottom-h, wide+0.2, h, bar.colour)
		}
	}
	label(b, marginLeft-6, float64(top)+10, "end", fmt.Sprintf("%.4g", most))
	label(b, marginLeft-6, bottom, "end", "0")
	label(b, marginLeft, bottom+18, "start", "0")
	label(b, marginLeft+panelWidth, bottom+18, "end", span(p.Seconds))
}

// drawRanks draws the counts of the busiest ids and the law of the crowd.
func (p *Profile) drawRanks(b *bytes.Buffer, top int) {
	axes(b, top, fmt.Sprintf("events by rank of the distinct_id (line: Zipf, skew %.3f)", p.Skew))
	ranks, most := math.Log(float64(max(p.DistinctIDs, 2))), math.Log(float64(max(p.Top[0], 2)))
	bottom := float64(top + panelHeight)
	place := func(rank, events float64) (x, y float64) {
		return marginLeft + math.Log(rank)/ranks*panelWidth, bottom - max(math.Log(max(events, 1)), 0)/most*panelHeight
	}
	scale := float64(p.Events) / (crowd{p.DistinctIDs, p.Skew}).weight()
	fmt.Fprintf(b, `<polyline fill="none" stroke="#c05621" stroke-width="1.5" points="`)
	for i := range 101 {
		rank := math.Exp(ranks * float64(i) / 100)
		x, y := place(rank, min(scale*math.Pow(rank, -p.Skew), float64(max(p.Top[0], 2))))
		fmt.Fprintf(b, "%.1f,%.1f ", x, y)
	}
	b.WriteString(`"/>` + "\n")
	for _, point := range p.curve {
		x, y := place(float64(point.ids), float64(point.events))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="#2b6cb0"/>`+"\n", x, y)
	}
	for power := 0.0; power <= ranks/math.Ln10; power++ {
		x, _ := place(math.Pow(10, power), 1)
		label(b, x, bottom+18, "middle", fmt.Sprintf("%g", math.Pow(10, power)))
	}
	for power := 0.0; power <= most/math.Ln10; power++ {
		_, y := place(1, math.Pow(10, power))
		label(b, marginLeft-6, y+4, "end", fmt.Sprintf("%g", math.Pow(10, power)))
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
