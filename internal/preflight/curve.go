package preflight

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"rehearse/internal/plot"
	"rehearse/internal/preflight/backlog"
	"rehearse/internal/text"
	"rehearse/scenario/schedule"
)

// The measures of the curve in a terminal, in characters.
const (
	curveWidth  = 72
	curveHeight = 10
	labelWidth  = 9
)

// eighths fill a cell from the bottom.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// curveText draws the load over time, the capacity, and where ids overflow.
func (r *Report) curveText(p *page) {
	columns := columnsOf(r.curve, curveWidth)
	capacity := r.facts.Capacity
	top := max(peakOf(columns), 1)
	if capacity > 0 && capacity < 2*top {
		top = max(top, capacity)
	}
	p.line("")
	p.line("events/s")
	for row := curveHeight; row > 0; row-- {
		p.line("%s", p.curveRow(columns, row, top, capacity))
	}
	p.line("%*s %s%s", labelWidth, "0", p.either("└", "+"),
		strings.Repeat(p.either("─", "-"), curveWidth))
	p.line("%*s  %s", labelWidth, "", r.timeAxis())
	if marks := r.overflowMarks(p.either("▲", "^")); marks != "" {
		p.line("%*s  %s", labelWidth, "", marks)
	}
}

// either chooses what the terminal can show.
func (p *page) either(rich, plain string) string {
	if p.ASCII {
		return plain
	}
	return rich
}

// curveRow draws one row, counted from 1 at the bottom.
func (p *page) curveRow(columns []float64, row int, top, capacity float64) string {
	low, high := float64(row-1)/curveHeight*top, float64(row)/curveHeight*top
	label, note := "", ""
	if row == curveHeight || row == curveHeight/2 {
		label = text.Rate(high)
	}
	limited := capacity > low && capacity <= high
	if limited {
		note = " capacity " + text.Rate(capacity)
	}
	var b strings.Builder
	for _, rate := range columns {
		full := (rate - low) / (high - low)
		switch {
		case full <= 0 && limited:
			b.WriteString(p.either("┄", "-"))
		case p.ASCII:
			b.WriteString(map[bool]string{true: "#", false: " "}[full >= 0.5])
		default:
			b.WriteRune(eighths[int(min(max(full, 0), 1)*8+0.5)])
		}
	}
	return fmt.Sprintf("%*s %s%s%s", labelWidth, label, p.either("┤", "|"), b.String(), note)
}

// columnsOf is the highest rate in each of some equal parts of a curve.
func columnsOf(stages []schedule.Stage, n int) []float64 {
	var span time.Duration
	for _, s := range stages {
		span += s.Over
	}
	columns := make([]float64, n)
	at := time.Duration(0)
	for _, s := range stages {
		first := int(float64(at) / float64(span) * float64(n))
		last := min(int(float64(at+s.Over)/float64(span)*float64(n)), n-1)
		for c := first; c <= last; c++ {
			for _, edge := range [...]float64{float64(c), float64(c + 1)} {
				x := min(max((edge/float64(n)*float64(span)-float64(at))/float64(s.Over), 0), 1)
				columns[c] = max(columns[c], s.From+(s.To-s.From)*x)
			}
		}
		at += s.Over
	}
	return columns
}

// peakOf is the highest of some rates.
func peakOf(columns []float64) (peak float64) {
	for _, c := range columns {
		peak = max(peak, c)
	}
	return peak
}

// peakOfStages is the highest rate of a curve.
func peakOfStages(stages []schedule.Stage) (peak float64) {
	for _, s := range stages {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// timeAxis labels beginning, middle and end.
func (r *Report) timeAxis() string {
	middle, end := seconds(r.Plan.Seconds/2), seconds(r.Plan.Seconds)
	left := "0s" + strings.Repeat(" ", max(curveWidth/2-2-len(middle)/2, 1)) + middle
	return left + strings.Repeat(" ",
		max(curveWidth-utf8.RuneCountInString(left)-len(end), 1)) + end
}

// overflowMarks marks where ids first overflow, and says so.
func (r *Report) overflowMarks(mark string) string {
	if len(r.hot) == 0 {
		return ""
	}
	marks := []rune(strings.Repeat(" ", curveWidth))
	for _, h := range r.hot {
		at := int(*h.OverflowsS / max(r.Plan.Seconds, 1e-9) * curveWidth)
		marks[min(max(at, 0), curveWidth-1)] = []rune(mark)[0]
	}
	return strings.TrimRight(string(marks), " ") + " overflow begins"
}

// The measures of the picture, in pixels.
const (
	pictureWidth           = 900
	pictureLeft            = 30.0
	plotLeft, plotRight    = 80.0, 870.0
	plotTop, plotBottom    = 100.0, 340.0
	barsTop, barHeight     = 462.0, 24.0
	barsLeft               = 260.0
	mostBars, mostMarks    = 8, 5
	nameWidth, titleLength = 30, 90
	lagHeight              = 290.0
)

// dashes of lines that stand for no data.
const (
	limitDashes = "6 4"
	markDashes  = "2 3"
)

// WriteSVG draws the load with the capacity and the moments at which ids
// overflow, and below that the busiest ids with the limit of one id: a picture of
// its own, for light and dark paper.
func (r *Report) WriteSVG(w io.Writer) error {
	bars := min(len(r.HotIDs), mostBars)
	below := barsTop + float64(bars)*barHeight + 30
	height := below
	if r.Lag.IsLate() {
		height += lagHeight
	}
	p := plot.New(pictureWidth, height)
	p.Text(pictureLeft, 34, plot.Start, plot.Title, plot.Text,
		string(plain(r.Scenario, titleLength))+": "+r.Verdict.String())
	p.Text(pictureLeft, 56, plot.Start, plot.Small, plot.Faint,
		fmt.Sprintf("%s events in %s requests over %s, %s/s at the peak",
			text.Count(r.Plan.Events), text.Count(r.Plan.Requests), seconds(r.Plan.Seconds),
			text.Rate(r.Plan.PeakEvents)))
	r.drawCurve(p)
	r.drawBars(p, bars)
	if r.Lag.IsLate() {
		p.Text(pictureLeft, below+20, plot.Start, plot.Small, plot.Text,
			"how long events wait that come at a time of the run")
		r.Lag.Draw(p, backlog.Frame{Left: plotLeft, Right: plotRight, Top: below + 60, Bottom: height - 50},
			r.Plan.Seconds)
	}
	if _, err := p.WriteTo(w); err != nil {
		return fmt.Errorf("cannot draw the plan: %w", err)
	}
	return nil
}

// drawCurve draws the load over time.
func (r *Report) drawCurve(p *plot.Picture) {
	top, span := r.Plan.PeakEvents, max(r.Plan.Seconds, 1e-9)
	if c := r.facts.Capacity; c > top && c < 2*top {
		top = c
	}
	ticks := plot.CountTicks(top * 1.04)
	x := plot.Axis{High: span, From: plotLeft, To: plotRight}
	y := plot.Axis{High: ticks[len(ticks)-1], From: plotBottom, To: plotTop}
	for _, v := range ticks {
		p.Rule(plotLeft, y.At(v), plotRight, y.At(v), plot.Grid, "")
		p.Text(plotLeft-8, y.At(v)+4, plot.End, plot.Small, plot.Faint, text.Rate(v))
	}
	for _, s := range plot.TimeTicks(0, span) {
		p.Text(x.At(s), plotBottom+20, plot.Middle, plot.Small, plot.Faint, seconds(s))
	}
	p.Text(pictureLeft, plotTop-12, plot.Start, plot.Small, plot.Faint, "events/s")
	p.Text((plotLeft+plotRight)/2, plotBottom+42, plot.Middle, plot.Small, plot.Faint,
		"time since the start of the run")
	xs, ys := r.points(x, y)
	p.Fill(plot.Area(xs, ys, repeated(plotBottom, len(xs))), plot.Pale)
	p.Path(plot.Line(xs, ys), 2, plot.Data, "")
	if c := r.facts.Capacity; c > 0 && c <= y.High {
		p.Rule(plotLeft, y.At(c), plotRight, y.At(c), plot.Limit, limitDashes)
		p.Text(plotRight, y.At(c)-6, plot.End, plot.Small, plot.Limit,
			"capacity "+text.Rate(c)+"/s")
	}
	r.drawMarks(p, x)
}

// repeated is a number so many times.
func repeated(x float64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = x
	}
	return all
}

// points are the corners of the curve, or its columns where there are too many.
func (r *Report) points(x, y plot.Axis) (xs, ys []float64) {
	const most = 1500
	if len(r.curve) > most {
		for i, rate := range columnsOf(r.curve, int(plotRight-plotLeft)) {
			xs, ys = append(xs, plotLeft+float64(i)), append(ys, y.At(rate))
		}
		return xs, ys
	}
	at := 0.0
	for _, s := range r.curve {
		end := at + s.Over.Seconds()
		xs, ys = append(xs, x.At(at), x.At(end)), append(ys, y.At(s.From), y.At(s.To))
		at = end
	}
	return xs, ys
}

// drawMarks draws where the first ids overflow.
func (r *Report) drawMarks(p *plot.Picture, x plot.Axis) {
	for i, h := range r.hot[:min(len(r.hot), mostMarks)] {
		at := x.At(*h.OverflowsS)
		p.Rule(at, plotTop-4, at, plotBottom, plot.Alarm, markDashes)
		side, gap := plot.Start, 6.0
		if at > (plotLeft+plotRight)/2 {
			side, gap = plot.End, -6
		}
		p.Text(at+gap, plotBottom-12-float64(i)*17, side, plot.Small, plot.Alarm,
			fmt.Sprintf("%s overflows at %s", plain(h.named(), nameWidth), seconds(*h.OverflowsS)))
	}
}

// drawBars draws the busiest ids at the peak beside the limit of one id.
func (r *Report) drawBars(p *plot.Picture, n int) {
	limit := r.limit
	top := limit * 1.1
	for _, h := range r.HotIDs[:n] {
		top = math.Max(top, h.PeakPerS)
	}
	x := plot.Axis{High: math.Max(top, 1e-9), From: barsLeft, To: plotRight - 70}
	title := "events/s of the busiest ids at the peak"
	if limit == 0 {
		title += "; no limit for one id holds on the lane that they take"
	}
	p.Text(pictureLeft, barsTop-42, plot.Start, plot.Small, plot.Text, title)
	for i, h := range r.HotIDs[:n] {
		y, ink := barsTop+float64(i)*barHeight, plot.Data
		if h.Overflow > 0 {
			ink = plot.Alarm
		}
		p.Text(barsLeft-10, y+13, plot.End, plot.Small, plot.Text,
			string(plain(h.named(), nameWidth)))
		p.Fill(plot.Block(barsLeft, x.At(h.PeakPerS), y+1, y+barHeight-7), ink)
		p.Text(x.At(h.PeakPerS)+6, y+13, plot.Start, plot.Small, plot.Faint, text.Rate(h.PeakPerS))
	}
	if limit > 0 && n > 0 {
		p.Rule(x.At(limit), barsTop-8, x.At(limit), barsTop+float64(n)*barHeight, plot.Limit,
			limitDashes)
		p.Text(x.At(limit), barsTop-14, plot.Middle, plot.Small, plot.Limit,
			"limit "+text.Rate(limit)+"/s")
	}
}
