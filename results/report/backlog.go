package report

import (
	"fmt"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// backlogFacts say what piled up and how long it took to be worked off, beside what was
// predicted where a capacity is known.
func backlogFacts(run *rundir.Run, b *beside) (all []fact) {
	r := run.Result
	if l := r.Backlog; l != nil {
		f := fact{"backlog", text.Plural(l.Most, "event"), fmt.Sprintf("due and not answered, at most; %s when the "+
			"load ended, and the last answer %s later", text.Count(l.AtEnd), text.Milliseconds(l.Drained*1000))}
		if b.Check != nil && b.Check.Plan.Backlog > 0 {
			f.Note += fmt.Sprintf("; predicted: %s, worked off after %s", text.Count(b.Check.Plan.Backlog),
				text.Milliseconds(b.Check.Plan.Drain*1000))
		}
		all = append(all, f)
		if q := l.Queue; q != nil {
			all = append(all, fact{"queue", text.Rate(q.Most), queueText(q)})
		}
	}
	for i := range r.Metrics {
		all = append(all, metricFact(&r.Metrics[i]))
	}
	return all
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
