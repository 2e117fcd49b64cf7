package report

import (
	"fmt"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// besideStream is what came of the stream that was sent beside; nil: there was none. Of a
// run that goes on, or was killed, it is what its own directory says.
func besideStream(run *rundir.Run) *results.Background {
	switch {
	case run.Result.Background != nil:
		return run.Result.Background
	case run.Background != nil:
		return judge.Background(run.Background.Result)
	}
	return nil
}

// sideBySide are the rows that set the stream of a run beside its background: a name, and
// what each came to.
func sideBySide(r *results.Result, b *results.Background) [][3]string {
	row := func(name string, of func(p *results.Planned, e *results.Totals, l *results.Summary) string) [3]string {
		return [3]string{name, of(&r.Planned, &r.Events, &r.Latency), of(&b.Planned, &b.Events, &b.Latency)}
	}
	latency := func(name string, of func(*results.Summary) float64) [3]string {
		return row("latency "+name, func(_ *results.Planned, _ *results.Totals, l *results.Summary) string {
			return text.Milliseconds(of(l))
		})
	}
	return [][3]string{
		row("target peak, events/s", func(p *results.Planned, _ *results.Totals, _ *results.Summary) string {
			return text.Rate(p.PeakEvents)
		}),
		row("events sent", func(_ *results.Planned, e *results.Totals, _ *results.Summary) string {
			return text.Count(e.Sent)
		}),
		row("events accepted", func(_ *results.Planned, e *results.Totals, _ *results.Summary) string {
			return text.Count(e.Accepted)
		}),
		latency("p50", func(s *results.Summary) float64 { return s.P50 }),
		latency("p90", func(s *results.Summary) float64 { return s.P90 }),
		latency("p99", func(s *results.Summary) float64 { return s.P99 }),
		latency("max", func(s *results.Summary) float64 { return s.Max }),
	}
}

// sentInAll is how many events were sent, of the background as well.
func sentInAll(run *rundir.Run) int64 {
	if b := besideStream(run); b != nil {
		return run.Result.Events.Sent + b.Events.Sent
	}
	return run.Result.Events.Sent
}

// background sets the stream that was sent beside.
func (p *sheet) background(run *rundir.Run) {
	b := besideStream(run)
	if b == nil {
		return
	}
	p.line("")
	p.line("%-24s %16s %16s", "side by side", "run", "background")
	for _, row := range sideBySide(run.Result, b) {
		p.line("  %-22s %16s %16s", row[0], row[1], row[2])
	}
	p.paragraph("  ", fmt.Sprintf("background, %s: %s", b.Verdict, b.Because))
	for _, row := range b.Thresholds {
		p.paragraph("  "+thresholdMark(&row)+" ", judge.ThresholdName(row)+": "+row.Value)
	}
}

// markdownBackground is the same in Markdown.
func markdownBackground(out *strings.Builder, run *rundir.Run) {
	b := besideStream(run)
	if b == nil {
		return
	}
	out.WriteString("\n| side by side | run | background |\n|---|--:|--:|\n")
	for _, row := range sideBySide(run.Result, b) {
		fmt.Fprintf(out, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
	fmt.Fprintf(out, "\nBackground, **%s**: %s.\n", b.Verdict, cell(b.Because))
	out.WriteString("\n| threshold of the background | actual | |\n|---|---|---|\n")
	for _, row := range b.Thresholds {
		fmt.Fprintf(out, "| %s | %s | %s |\n", cell(judge.ThresholdName(row)), cell(row.Value), met(&row))
	}
}

// besidePage is what the page shows of the background.
type besidePage struct {
	*results.Background
	Rows   [][3]string
	Charts []*chart
	Linked bool // its own report lies in the directory
}

// newBesidePage fills it in; nil: there was no background.
func newBesidePage(run *rundir.Run) *besidePage {
	b := besideStream(run)
	if b == nil {
		return nil
	}
	p := &besidePage{Background: b, Rows: sideBySide(run.Result, b), Linked: run.Background != nil}
	if run.Background == nil {
		return p
	}
	if s, err := gather(run.Background); err == nil { // what is wrong with it is among the doubts
		p.Charts = drawn(rateChart(run.Background, s), latencyChart(run.Background, s))
	}
	return p
}
