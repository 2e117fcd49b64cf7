package report

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"time"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// drain says how what was accepted became visible.
func drain(d *verify.Drain) string {
	if len(d.Points) == 0 {
		return "not known: the source answered no look"
	}
	last := d.Points[len(d.Points)-1]
	looks := ", in " + text.Plural(d.Looks, "look")
	if d.Reached {
		return fmt.Sprintf("all %s were visible %s the end of the run%s", text.Plural(d.Expected, "accepted event"),
			After(last.At), looks)
	}
	return fmt.Sprintf("%s of %s were visible %s the end of the run, when the watch ended%s", text.Count(last.Visible),
		text.Plural(d.Expected, "accepted event"), After(last.At), looks)
}

// After says how long after or before something else it was.
func After(ms float64) string {
	if ms < 0 {
		return text.Milliseconds(-ms) + " before"
	}
	return text.Milliseconds(ms) + " after"
}

// drainLine is a look in a table.
type drainLine struct{ At, Visible, Share string }

// mostDrainLines is how many looks a table shows.
const mostDrainLines = 12

// drainLines are some of the looks, the first and the last one among them.
func drainLines(d *verify.Drain) (lines []drainLine) {
	n := len(d.Points)
	shown := min(n, mostDrainLines)
	for k := range shown {
		at := 0
		if shown > 1 {
			at = k * (n - 1) / (shown - 1)
		}
		p := d.Points[at]
		lines = append(lines, drainLine{After(p.At), text.Count(p.Visible),
			text.Percent(float64(p.Visible) / float64(max(d.Expected, 1)))})
	}
	return lines
}

// writeDrain writes the table of looks as text.
func writeDrain(b *bytes.Buffer, d *verify.Drain) {
	fmt.Fprintf(b, "\ndrain\n  %s\n", drain(d))
	for _, l := range drainLines(d) {
		fmt.Fprintf(b, "  %22s the end %15s  %7s\n", l.At, l.Visible, l.Share)
	}
}

// drainPicture draws the looks as SVG.
func drainPicture(d *verify.Drain) template.HTML {
	if d == nil || len(d.Points) == 0 {
		return ""
	}
	const left, right, top, bottom = 90.0, 680.0, 30.0, 220.0
	first := d.Points[0].At
	since := func(p verify.Point) float64 { return (p.At - first) / 1000 }
	x := plot.Axis{High: math.Max(since(d.Points[len(d.Points)-1]), 0.1), From: left, To: right}
	ticks := plot.CountTicks(float64(max(d.Expected, 1)))
	y := plot.Axis{Low: 0, High: ticks[len(ticks)-1], From: bottom, To: top}
	p := plot.New(700, 260)
	for _, t := range ticks {
		p.Rule(left, y.At(t), right, y.At(t), plot.Grid, "")
		p.Text(left-8, y.At(t)+4, plot.End, plot.Small, plot.Faint, text.Count(int64(t)))
	}
	for _, t := range plot.TimeTicks(x.Low, x.High) {
		p.Text(x.At(t), bottom+18, plot.Middle, plot.Small, plot.Faint, seconds(t))
	}
	p.Text((left+right)/2, bottom+36, plot.Middle, plot.Small, plot.Faint,
		"since the first look, "+After(first)+" the end of the run")
	var xs, ys, zero []float64
	for _, point := range d.Points {
		xs, ys, zero = append(xs, x.At(since(point))), append(ys, y.At(float64(point.Visible))), append(zero, bottom)
	}
	expected := y.At(float64(d.Expected))
	p.Fill(plot.Area(xs, zero, ys), plot.Pale)
	p.Rule(left, expected, right, expected, plot.Limit, "5 4")
	p.Text(left+6, expected-5, plot.Start, plot.Small, plot.Limit, "accepted: "+text.Count(d.Expected))
	p.Path(plot.Line(xs, ys), 2, plot.Data, "")
	p.Dot(xs[len(xs)-1], ys[len(ys)-1], plot.Data)
	var b bytes.Buffer
	_, _ = p.WriteTo(&b) // into memory
	return template.HTML(b.String())
}

// seconds writes a number of seconds.
func seconds(s float64) string {
	return (time.Duration(math.Round(s*10)) * 100 * time.Millisecond).String()
}
