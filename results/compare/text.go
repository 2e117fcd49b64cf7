package compare

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// Format writes a value of a measure.
func (u Unit) Format(v float64) string {
	switch u {
	case Milliseconds:
		return text.Milliseconds(v)
	case Share:
		return text.Percent(v)
	}
	return text.Rate(v) + "/s"
}

// Text writes the median of a side and its bounds.
func (r *Row) Text(s Side) string {
	return fmt.Sprintf("%s (%s)", r.Unit.Format(s.Median), r.Bounds(s))
}

// Bounds writes what holds the median of a side in 95 of 100 cases.
func (r *Row) Bounds(s Side) string {
	return fmt.Sprintf("%s to %s", r.Unit.Format(s.Low), r.Unit.Format(s.High))
}

// Delta writes the change, as in +12.3 %.
func (r *Row) Delta() string {
	if r.Found == NoDifference {
		return "~"
	}
	switch {
	case r.Unit == Share:
		return fmt.Sprintf("%+.1f %% points", r.Change*100)
	case math.IsInf(r.Change, 1):
		return "from 0"
	}
	return fmt.Sprintf("%+.1f %%", r.Change*100)
}

// From writes the smallest change that would have been found.
func (r *Row) From() string {
	switch {
	case math.IsInf(r.Sees, 1):
		return "none"
	case r.Unit == Share:
		return twoFigures(r.Sees*100) + " % points"
	}
	return twoFigures(r.Sees*100) + " %"
}

// twoFigures writes a number, to two figures if it is small.
func twoFigures(v float64) string {
	if v >= 10 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// sight says in a sentence what changes the comparison is good for; nothing if it
// is good for none.
func (c *Comparison) sight() string {
	var names []string
	for i := range c.Rows {
		if r := &c.Rows[i]; !math.IsInf(r.Sees, 1) {
			names = append(names, r.Name+" "+r.From())
		}
	}
	if names == nil {
		return ""
	}
	return "smallest changes that would have been found: " + strings.Join(names, ", ") +
		" (longer runs show smaller ones)"
}

// textWidth is how many columns the table takes.
const textWidth = 112

// WriteText writes the comparison as plain text: a table of 112 columns, or where
// there are fewer a paragraph for each row.
func WriteText(w io.Writer, c *Comparison, width int) error {
	width = min(max(width, text.MinColumns), textWidth)
	var b strings.Builder
	for _, run := range []struct {
		name string
		*rundir.Run
	}{{"A", c.A}, {"B", c.B}} {
		text := fmt.Sprintf("%s  %s, run %s (%s)", run.name, text.Printable(run.Result.Run.Scenario, 40),
			text.Printable(run.Result.Run.ID, 40), run.Result.Verdict)
		paragraph(&b, text, width)
	}
	c.writeRows(&b, width)
	for _, warning := range c.Warnings {
		b.WriteByte('\n')
		paragraph(&b, "warning: "+text.Printable(warning, 500), width)
	}
	b.WriteByte('\n')
	paragraph(&b, c.sight(), width)
	paragraph(&b, c.Because(), width)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("cannot write comparison: %w", err)
	}
	return nil
}

// paragraph sets text in as many lines as it needs.
func paragraph(b *strings.Builder, message string, width int) {
	for _, line := range text.Wrap(message, width) {
		b.WriteString(line + "\n")
	}
}

// writeRows sets the measures.
func (c *Comparison) writeRows(b *strings.Builder, width int) {
	if width == textWidth {
		fmt.Fprintf(b, "\n%-12s %-31s %-31s %-15s %s\n", "medians", "A", "B", "change", "p")
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		if width == textWidth {
			fmt.Fprintf(b, "%-12s %-31s %-31s %-15s %-6s %s\n",
				r.Name, r.Text(r.A), r.Text(r.B), r.Delta(), r.Chance(), r.Found)
			continue
		}
		fmt.Fprintf(b, "\n%s: %s\n  A %s\n  B %s\n", r.Name, r.Found, r.Text(r.A), r.Text(r.B))
		fmt.Fprintf(b, "  change %s, p %s\n", r.Delta(), r.Chance())
	}
}

// Verdict says in a word or two what the comparison comes to.
func (c *Comparison) Verdict() string {
	switch {
	case c.Doubtful:
		return "doubtful"
	case len(c.Regressions()) > 0:
		return "worse"
	}
	return "not worse"
}

// Because says in a sentence what the comparison comes to.
func (c *Comparison) Because() string {
	if c.Doubtful {
		return "an invalid run cannot be compared: what differs may be the generator"
	}
	if worse := c.Regressions(); len(worse) > 0 {
		return fmt.Sprintf("B is worse than A by more than %s: %s",
			text.Percent(c.Tolerance), strings.Join(worse, ", "))
	}
	return fmt.Sprintf("B is not worse than A: nothing is off by more than %s and more than chance explains (%v in "+
		"100 for all rows together)", text.Percent(c.Tolerance), alpha*100)
}

// WriteBenchmarks writes both runs in the text format of Go benchmarks, a line
// a window, for benchstat: the runs are told apart by the key "run".
func WriteBenchmarks(w io.Writer, c *Comparison) error {
	var b strings.Builder
	for _, run := range []struct {
		name string
		of   func(*Row) Side
	}{{"A", func(r *Row) Side { return r.A }}, {"B", func(r *Row) Side { return r.B }}} {
		fmt.Fprintf(&b, "run: %s\n", run.name)
		for i := range c.Rows {
			r := &c.Rows[i]
			name := strings.ReplaceAll(r.Name, " ", "-")
			for _, v := range run.of(r).Samples {
				if r.Unit == Milliseconds {
					fmt.Fprintf(&b, "BenchmarkRehearsal/%s 1 %.0f ns/op\n", name, math.Round(v*1e6))
					continue
				}
				fmt.Fprintf(&b, "BenchmarkRehearsal/%s 1 %g %s\n", name, v, name)
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("cannot write benchmarks: %w", err)
	}
	return nil
}

// Chance is P in three decimals, which nothing is so sure to be 0 in.
func (r *Row) Chance() string {
	if r.P < 0.0005 {
		return "<0.001"
	}
	return strconv.FormatFloat(r.P, 'f', 3, 64)
}
