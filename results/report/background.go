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

// backlogFacts say what piled up and how long it took to be worked off, beside what was
// predicted where a capacity is known.
func backlogFacts(run *rundir.Run, b *beside) (all []fact) {
	r := run.Result
	if l := r.Backlog; l != nil {
		f := fact{"backlog", text.Plural(l.Most, "event"), fmt.Sprintf("due and not answered, at most; %s when the "+
			"load ended, and the last answer %s later", text.Count(l.AtEnd), text.Milliseconds(l.Drained*1000))}
		if b.Check != nil && b.Check.Plan.Backlog > 0 {
			f.Note += fmt.Sprintf("; predicted: %s, drained after %s", text.Count(b.Check.Plan.Backlog),
				text.Milliseconds(b.Check.Plan.Drain*1000))
		}
		all = append(all, f)
		if q := l.Queue; q != nil {
			all = append(all, fact{"queue", text.Rate(q.Most), queueText(q) + predictedDrain(b)})
		}
	}
	for i := range r.Metrics {
		all = append(all, metricFact(&r.Metrics[i]))
	}
	return all
}

// predictedDrain says when the check expected what lies behind the endpoint to be worked off;
// empty: it knows of nothing that takes time there.
func predictedDrain(b *beside) string {
	if b.Check == nil {
		return ""
	}
	known, last := false, 0.0
	lag := &b.Check.Lag
	if lag.Partition != nil {
		known, last = true, lag.Partition.Drained
	}
	for i := range lag.Stages {
		known, last = true, max(last, lag.Stages[i].Drained)
	}
	if !known {
		return ""
	}
	return "; predicted: " + text.Milliseconds(max(last-b.Check.Plan.Seconds, 0)*1000) + " after the end of the load"
}

// queueText says how a queue behind the endpoint was worked off.
func queueText(q *results.Queue) string {
	name := text.Printable(q.Metric, 60)
	switch {
	case q.Drained != nil:
		return fmt.Sprintf("%s at most; %s after the last answer it was back at %s", name,
			text.Milliseconds(*q.Drained*1000), text.Rate(q.Before))
	case q.Because != "" && q.Most == 0:
		return name + " is not known: " + text.Printable(q.Because, 300)
	}
	return fmt.Sprintf("%s at most; it was not back at %s when it was asked for last, but at %s", name,
		text.Rate(q.Before), text.Rate(q.Last))
}

// metricFact is a metric of the target.
func metricFact(m *results.TargetMetric) fact {
	f := fact{text.Printable(m.Name, 60), "not known", text.Printable(m.Query, 200)}
	if m.Samples > 0 {
		f.Value = text.Rate(m.Max)
		f.Note = fmt.Sprintf("at most; %s at least, %s on average, %s at the end: %s", text.Rate(m.Min),
			text.Rate(m.Mean), text.Rate(m.Last), f.Note)
	}
	if m.Failed > 0 {
		f.Note += fmt.Sprintf("; %s not answered: %s", text.Plural(m.Failed, "question"),
			text.Printable(m.Because, 300))
	}
	return f
}

// backlog sets what piled up, and the metrics of the target.
func (p *sheet) backlog(run *rundir.Run) {
	b := readBeside(run.Path)
	facts := backlogFacts(run, &b)
	if len(facts) == 0 {
		return
	}
	p.line("")
	p.line("backlog")
	for _, f := range facts {
		p.fact(f.Name, "%s %s", f.Value, f.Note)
	}
}

// markdownBacklog is the same in rows of a table.
func markdownBacklog(out *strings.Builder, run *rundir.Run) {
	b := readBeside(run.Path)
	for _, f := range backlogFacts(run, &b) {
		fmt.Fprintf(out, "| %s | **%s** | %s |\n", cell(f.Name), f.Value, cell(f.Note))
	}
}
