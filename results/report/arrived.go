package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/internal/verify"
	seen "rehearse/internal/verify/report"
	"rehearse/results/rundir"
)

// verified is what was found of a run at the other end.
type verified struct {
	Lines    []seen.Fact
	Outcomes []seen.Judged
	Rows     []verify.ThresholdRow
	Because  verify.Because
	Drain    *chart // how events became visible; nil: it was not watched
}

// verifiedOf reads what was found of a run; nil: not asked for. One of another run that
// was copied here is an error.
func verifiedOf(run *rundir.Run) (*verified, error) {
	data, err := readHead(run.Path, verify.File, maxBeside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r *verify.Report
	if err == nil {
		r, err = verify.Parse(data)
	}
	if err == nil && r.Run.ID != run.Result.Run.ID {
		err = fmt.Errorf("it is of the run %s", text.Printable(r.Run.ID, 100))
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not shown: %w", verify.File, err)
	}
	return &verified{seen.Summary(r), seen.Outcomes(r), r.Thresholds, r.Because, drainChart(r.Drain)}, nil
}

// drainChart draws how accepted events became visible after the run.
func drainChart(d *verify.Drain) *chart {
	if d == nil || len(d.Points) == 0 {
		return nil
	}
	c := &chart{Title: "Drain", Note: "accepted events that were visible, by the time since the first look, " +
		seen.After(d.Points[0].At) + " the end of the run"}
	from := d.Points[0].At / 1000
	x, ticks := timeAxis(0, math.Max(d.Points[len(d.Points)-1].At/1000-from, 0.1))
	c.XTicks = ticks
	y, counts := plainAxis(float64(max(d.Expected, 1)))
	c.YTicks = counts
	var xs, ys, zero []float64
	for i, p := range d.Points {
		at := p.At/1000 - from
		xs, ys, zero = append(xs, x.At(at)), append(ys, y.At(float64(p.Visible))), append(zero, y.At(0))
		c.hit(x, d.Points[max(i-1, 0)].At/1000-from, at, fmt.Sprintf("%s the end: %s of %s visible", seen.After(p.At),
			text.Count(p.Visible), text.Plural(d.Expected, "event")))
	}
	c.limit(y.At(float64(d.Expected)), left, right, "accepted: "+text.Count(d.Expected))
	c.Shapes = []shape{{"area a", plot.Area(xs, zero, ys)}, {"line a", plot.Line(xs, ys)}}
	c.Legend = []key{{"a", "visible"}}
	return c
}

// arrivals sets what was found of the run.
func (p *sheet) arrivals(run *rundir.Run) {
	v, err := verifiedOf(run)
	if err != nil {
		p.line("")
		p.paragraph("", err.Error())
	}
	if v == nil {
		return
	}
	p.line("")
	p.line("what arrived (rehearse verify)")
	for _, line := range v.Lines {
		p.fact(line.Name, "%s", line.Text)
	}
	for _, o := range v.Outcomes {
		p.line("  %s %-36s %s", o.Mark, o.Text, o.Value)
	}
}

// markdownArrivals writes what was found of the run.
func markdownArrivals(b *strings.Builder, run *rundir.Run) {
	v, err := verifiedOf(run)
	if err != nil {
		fmt.Fprintf(b, "\n%s.\n", cell(err.Error()))
	}
	if v == nil {
		return
	}
	b.WriteString("\n### What arrived\n\n| | |\n|---|---|\n")
	for _, line := range v.Lines {
		fmt.Fprintf(b, "| %s | %s |\n", line.Name, cell(line.Text))
	}
	b.WriteString("\n| threshold | actual | |\n|---|---|---|\n")
	for _, o := range v.Outcomes {
		fmt.Fprintf(b, "| %s | %s | %s |\n", cell(o.Text), cell(o.Value), o.Mark)
	}
}

// arrivals are the tests of what was found of the run.
func (s *suite) arrivals(run *rundir.Run, name string) {
	v, err := verifiedOf(run)
	if err == nil && v == nil {
		return
	}
	told := check{Name: "what arrived is known", Class: name}
	switch {
	case err != nil:
		told.Error = &remark{text.Printable(err.Error(), 2000)}
	case v.Because != "":
		told.Error = &remark{v.Lines[0].Text}
	}
	if told.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, told)
	if v == nil {
		return
	}
	for i, o := range v.Outcomes {
		c := check{Name: o.Text, Class: name, Out: o.Value}
		switch row := &v.Rows[i]; {
		case !row.Known:
			c.Error = &remark{"the source does not tell"}
			s.Errors++
		case !row.OK:
			c.Failure = &remark{o.Text + ": " + o.Value}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
}
