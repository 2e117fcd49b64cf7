package preflight

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

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
	p.line("%*s %s%s", labelWidth, "0", p.either("└", "+"), strings.Repeat(p.either("─", "-"), curveWidth))
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

// timeAxis labels beginning, middle and end.
func (r *Report) timeAxis() string {
	middle, end := seconds(r.Plan.Seconds/2), seconds(r.Plan.Seconds)
	left := "0s" + strings.Repeat(" ", max(curveWidth/2-2-len(middle)/2, 1)) + middle
	return left + strings.Repeat(" ", max(curveWidth-utf8.RuneCountInString(left)-len(end), 1)) + end
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
