package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// The frame of a chart of 480 by 236 units, of which a phone shows about three
// quarters of a pixel and a desk one.
const (
	left, right = 58.0, 456.0
	top, bottom = 20.0, 206.0
)

// chart is a drawing, ready for the template.
type chart struct {
	Title, Note, Empty string
	XName              string
	Time               extentOfTime // zero: the x axis is not the time of the run
	XTicks, YTicks     []tick
	Bands              []box // stages
	Shapes             []shape
	Rules              []rule // thresholds
	Hits               []box
	Legend             []key
}

// extentOfTime is what the x axis spans of the run, in seconds. Where it moves, as on
// the live page, a chart cannot be zoomed.
type extentOfTime struct {
	From, To float64
	Moves    bool
}

// drawn leaves out the charts that have nothing to show.
func drawn(all ...*chart) []*chart {
	return slices.DeleteFunc(all, func(c *chart) bool { return c.Empty != "" })
}

// tick is a place on an axis.
type tick struct {
	At    string
	Label string
}

// Class is end for a long label at the right edge, which would be cut off.
func (t tick) Class() string {
	if t.At == plot.Place(right) && len(t.Label) > 5 {
		return "end"
	}
	return ""
}

// X is where the label stands, or ends.
func (t tick) X() string {
	if t.Class() == "end" {
		return plot.Place(right + 22)
	}
	return t.At
}

// rule is a limit, over all of the x axis or a part of it.
type rule struct {
	At, From, To, Label string
	LabelX, LabelY      string
	Class               string // start: the label begins at LabelX; else it ends there

	y float64
}

// labelHeight is how far the labels of two rules must lie apart.
const labelHeight = 14

// limit adds a rule. Its label stands over its right end, or over the left one if
// another label is there.
func (c *chart) limit(y, from, to float64, label string) {
	r := rule{At: plot.Place(y), From: plot.Place(from), To: plot.Place(to), Label: text.Printable(label, 60), y: y}
	r.LabelX, r.LabelY = plot.Place(right-2), plot.Place(math.Max(y-4, top+9))
	for _, other := range c.Rules {
		if math.Abs(other.y-y) < labelHeight && other.Class == "" {
			r.LabelX, r.Class = plot.Place(left+4), "start"
		}
	}
	c.Rules = append(c.Rules, r)
}

// box is a stretch of the x axis with words.
type box struct{ X, Width, Middle, Text, Class string }

// shape is a line or an area.
type shape struct{ Class, Path string }

// key is an entry of the legend.
type key struct{ Class, Text string }

// length is how long a stretch of the run counts for a rate: the last interval
// may be too short to have one.
func length(from, to float64) float64 { return math.Max(to-from, 0.5) }

// timeAxis is the x axis of a stretch of a run and its ticks.
func timeAxis(from, to float64) (plot.Axis, []tick) {
	a := plot.Axis{Low: from, High: to, From: left, To: right}
	return a, ticksOf(a, plot.TimeTicks(from, to), clock)
}

// ticksOf places values on an axis.
func ticksOf(a plot.Axis, values []float64, label func(float64) string) (ticks []tick) {
	for _, v := range values {
		ticks = append(ticks, tick{plot.Place(a.At(v)), label(v)})
	}
	return ticks
}

// clock writes a time of the run, as in 90 s, 5m or 1h30m.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond)
	if d < 2*time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// logAxis is a y axis over durations in milliseconds.
func logAxis(low, high float64) (plot.Axis, []tick) {
	values := plot.LogTicks(math.Max(low, 0.01), math.Max(high, 0.02))
	a := plot.Axis{Low: values[0], High: values[len(values)-1], From: bottom, To: top, Log: true}
	return a, ticksOf(a, values, text.Milliseconds)
}

// plainAxis is a y axis from 0.
func plainAxis(high float64) (plot.Axis, []tick) {
	values := plot.CountTicks(high)
	a := plot.Axis{High: values[len(values)-1], From: bottom, To: top}
	return a, ticksOf(a, values, onAxis)
}

// onAxis writes a number beside an axis as it is written everywhere else, and in few
// characters from a million on: 0.5, 20,000, 1.5 M.
func onAxis(v float64) string {
	switch {
	case v >= 1e6:
		return text.SI(v)
	case v == math.Trunc(v):
		return text.Count(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// overTime is a chart over the time of a run, its stages shaded.
func overTime(run *rundir.Run, s *series, title, note string) (*chart, plot.Axis) {
	c := &chart{Title: title, Note: note, XName: "time", Time: extentOfTime{s.from, s.to, s.moves}}
	x, ticks := timeAxis(s.from, s.to)
	c.XTicks = ticks
	for i, stage := range run.Result.Stages {
		from, to := x.At(stage.From), x.At(stage.To)
		b := box{X: plot.Place(from), Width: plot.Place(to - from), Middle: plot.Place((from + to) / 2), Class: "stage"}
		if i%2 == 1 {
			b.Class = "stage odd"
		}
		if to-from > float64(7*len(stage.Name)) && !isNumber(stage.Name) {
			b.Text = text.Printable(stage.Name, 40)
		}
		if to > from {
			c.Bands = append(c.Bands, b)
		}
	}
	return c, x
}

// isNumber says whether a stage has no name but its number.
func isNumber(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// hit adds a stretch that says text when pointed at.
func (c *chart) hit(x plot.Axis, from, to float64, text string) {
	x1, x2 := x.At(from), x.At(to)
	c.Hits = append(c.Hits, box{X: plot.Place(x1), Width: plot.Place(math.Max(x2-x1, 1)), Text: text})
}
