package backlog

import (
	"strings"
	"time"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/internal/units"
)

// Frame is where a picture of lags stands, in pixels.
type Frame struct{ Left, Right, Top, Bottom float64 }

// inks are those of the queues, in the order in which they are told.
var inks = [...]plot.Ink{plot.Alarm, plot.Data, plot.Limit, plot.Faint}

// Draw draws how long events wait, over the time of the load and until all is worked off:
// a line a queue that is late, the latest first. span is the load's length in seconds.
func (f *Forecast) Draw(p *plot.Picture, at Frame, span float64) {
	end, top := span, 0.0
	for _, q := range f.All() {
		if q.Begins != nil {
			end, top = max(end, q.Drained), max(top, q.Worst)
		}
	}
	x := plot.Axis{High: end, From: at.Left, To: at.Right}
	ticks := plot.TimeTicks(0, top*1.04)
	y := plot.Axis{High: max(top*1.04, ticks[len(ticks)-1]), From: at.Bottom, To: at.Top}
	for _, v := range ticks {
		p.Rule(at.Left, y.At(v), at.Right, y.At(v), plot.Grid, "")
		p.Text(at.Left-8, y.At(v)+4, plot.End, plot.Small, plot.Faint, seconds(v))
	}
	for _, s := range plot.TimeTicks(0, end) {
		p.Text(x.At(s), at.Bottom+20, plot.Middle, plot.Small, plot.Faint, seconds(s))
	}
	if end > span {
		p.Rule(x.At(span), at.Top, x.At(span), at.Bottom, plot.Faint, "2 3")
		p.Text(x.At(span)-6, at.Top+12, plot.End, plot.Small, plot.Faint, "the load ends")
	}
	n := 0
	for _, q := range f.All() {
		if q.Begins == nil || n == len(inks) {
			continue
		}
		q.draw(p, x, y, inks[n])
		p.Text(at.Left+float64(n)*200, at.Top-12, plot.Start, plot.Small, inks[n],
			string(text.Fit(strings.Map(text.Harmless, q.Name), 20))+" up to "+seconds(q.Worst))
		n++
	}
}

// draw draws the line of one queue; of more points than pixels every so many.
func (q *Queued) draw(p *plot.Picture, x, y plot.Axis, ink plot.Ink) {
	const most = 1500
	every := len(q.Points)/most + 1
	var xs, ys []float64
	for i := 0; i < len(q.Points); i += every {
		highest := q.Points[i]
		for _, at := range q.Points[i:min(i+every, len(q.Points))] {
			if at.Wait > highest.Wait {
				highest = at
			}
		}
		xs, ys = append(xs, x.At(highest.At)), append(ys, y.At(highest.Wait))
	}
	p.Path(plot.Line(xs, ys), 2, ink, "")
}

// seconds writes a time of the load.
func seconds(s float64) string {
	d := time.Duration(min(s, units.LongestTold.Seconds()) * float64(time.Second))
	if d < time.Minute {
		return units.FormatDuration(d.Round(100 * time.Millisecond))
	}
	return units.FormatDuration(d.Round(time.Second))
}
