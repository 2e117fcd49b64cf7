package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/results"
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
	XTicks, YTicks     []tick
	Bands              []box // stages
	Shapes             []shape
	Rules              []rule // thresholds
	Hits               []box
	Legend             []key
}

// tick is a place on an axis.
type tick struct {
	At    string
	Label string
}

// Class is end for a long label at the right edge, which would be cut off.
func (t tick) Class() string {
	if t.At == place(right) && len(t.Label) > 5 {
		return "end"
	}
	return ""
}

// X is where the label stands, or ends.
func (t tick) X() string {
	if t.Class() == "end" {
		return place(right + 22)
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
	r := rule{At: place(y), From: place(from), To: place(to), Label: text.Printable(label, 60), y: y}
	r.LabelX, r.LabelY = place(right-2), place(math.Max(y-4, top+9))
	for _, other := range c.Rules {
		if math.Abs(other.y-y) < labelHeight && other.Class == "" {
			r.LabelX, r.Class = place(left+4), "start"
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

// axis maps values to places.
type axis struct {
	low, high float64
	from, to  float64 // places of low and high
	log       bool
}

// at is the place of a value; values outside lie on the edge.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(math.Max(v, low)), math.Log10(low), math.Log10(high)
	}
	share := 0.0
	if high > low {
		share = math.Min(math.Max((v-low)/(high-low), 0), 1)
	}
	return a.from + share*(a.to-a.from)
}

// length is how long a stretch of the run counts for a rate: the last interval
// may be too short to have one.
func length(from, to float64) float64 { return math.Max(to-from, 0.5) }

// place writes a coordinate.
func place(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// timeAxis is the x axis of a stretch of a run and its ticks.
func timeAxis(from, to float64) (axis, []tick) {
	a, span := axis{from, to, left, right, false}, to-from
	step := 0.1
	for _, s := range []float64{0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
		if span/step > 6 {
			step = s
		}
	}
	for span/step > 6 {
		step *= 2
	}
	var ticks []tick
	for t := math.Ceil(from/step) * step; t <= to; t += step {
		ticks = append(ticks, tick{place(a.at(t)), clock(t)})
	}
	return a, ticks
}

// clock writes a time of the run, as in 90 s, 5 m or 1 h 30 m.
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

// logAxis is a y axis over durations in milliseconds, with a tick a decade, or
// three where there are few.
func logAxis(low, high float64) (axis, []tick) {
	low, high = math.Max(low, 0.01), math.Max(high, 0.02)
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high)+1e-9)
	a := axis{math.Pow(10, first), math.Pow(10, last), bottom, top, true}
	steps := []float64{1}
	if last-first <= 2 {
		steps = []float64{1, 2, 5}
	}
	var ticks []tick
	for e := first; e <= last; e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v <= a.high*1.001 {
				ticks = append(ticks, tick{place(a.at(v)), text.Milliseconds(v)})
			}
		}
	}
	return a, ticks
}

// plainAxis is a y axis from 0. What it counts is whole, and so are its ticks
// from 1 on; rates below that are not.
func plainAxis(high float64) (axis, []tick) {
	step := math.Pow(10, math.Floor(math.Log10(math.Max(high, 1e-3))))
	for _, s := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if high >= 1 && step*s != math.Trunc(step*s) {
			continue
		}
		if high/(step*s) <= 5 {
			step *= s
			break
		}
	}
	a := axis{0, math.Max(step*math.Ceil(high/step), step), bottom, top, false}
	var ticks []tick
	for v := 0.0; v <= a.high*1.001; v += step {
		ticks = append(ticks, tick{place(a.at(v)), short(v)})
	}
	return a, ticks
}

// short writes a number in few characters: 1.5k, 20k, 3M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// line is a path through points.
func line(xs, ys []float64) string {
	var b strings.Builder
	for i := range xs {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%s %s", command, place(xs[i]), place(ys[i]))
	}
	return b.String()
}

// area is what lies between two lines over the same points.
func area(xs, low, high []float64) string {
	if len(xs) == 0 {
		return ""
	}
	var back strings.Builder
	for i := len(xs) - 1; i >= 0; i-- {
		fmt.Fprintf(&back, "L%s %s", place(xs[i]), place(high[i]))
	}
	return line(xs, low) + back.String() + "Z"
}

// block is a rectangle as a part of a path.
func block(x1, x2, y1, y2 float64) string {
	return fmt.Sprintf("M%s %sH%sV%sH%sZ", place(x1), place(y1), place(x2), place(y2), place(x1))
}

// overTime is a chart over the time of a run, its stages shaded.
func overTime(run *results.Run, s *series, title, note string) (*chart, axis) {
	c := &chart{Title: title, Note: note, XName: "time"}
	x, ticks := timeAxis(s.from, s.to)
	c.XTicks = ticks
	for i, stage := range run.Result.Stages {
		from, to := x.at(stage.From), x.at(stage.To)
		b := box{X: place(from), Width: place(to - from), Middle: place((from + to) / 2), Class: "stage"}
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
func (c *chart) hit(x axis, from, to float64, text string) {
	x1, x2 := x.at(from), x.at(to)
	c.Hits = append(c.Hits, box{X: place(x1), Width: place(math.Max(x2-x1, 1)), Text: text})
}
