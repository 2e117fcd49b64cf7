package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// outcomes sets the books.
func (p *sheet) outcomes(r *rundir.Run) {
	requests, events := &r.Result.Requests, &r.Result.Events
	table := "%-13s %13s %16s"
	if p.width < 44 {
		table = "%-13s %10s %14s"
	}
	p.line("")
	p.line(table, "outcomes", "requests", "events")
	for _, row := range []struct {
		name             string
		requests, events int64
	}{
		{"planned", r.Result.Planned.Requests, r.Result.Planned.Events},
		{"sent", requests.Sent, events.Sent},
		{"  accepted", requests.Accepted, events.Accepted},
		{"  rejected", requests.Rejected, events.Rejected},
		{"  ambiguous", requests.Ambiguous, events.Ambiguous},
		{"unsent", requests.Unsent, events.Unsent},
	} {
		p.line(table, "  "+row.name, text.Count(row.requests), text.Count(row.events))
	}
	if events.MayBeStored > 0 {
		p.fact("in doubt", "%s", inDoubt(r.Result))
	}
	if requests.Retried > 0 {
		p.line(table, "  retried", text.Count(requests.Retried), "")
	}
	if again := r.Result.Retries; again != nil {
		if again.Twice > 0 {
			p.fact("twice", "%s may be stored twice", text.Plural(again.Twice, "event"))
		}
		p.fact("amplified", "%s requests for each one, the last event in after %s s",
			text.Figures(again.Amplification), text.Figures(again.Settled))
		if causes := retryCauses(again); causes != "" {
			p.fact("after", "%s", causes)
		}
	}
	if r.Endpoint != nil {
		p.fact("endpoint", "%s", endpointSentence(r.Endpoint, sentInAll(r)))
	}
	if sum := r.Result.EndpointSum; sum != nil {
		p.fact("", "%s", judge.ChecksumText(sum))
	}
}

// InDoubt says how many of the rejected events may be stored.
func inDoubt(r *results.Result) string {
	return text.Plural(r.Events.MayBeStored, "rejected event") +
		" may be stored: the answer is no certain no to each event of its request"
}

// rejections sets what was refused, the most frequent first, each kind with the
// time that it took at the median and the first answer of its kind.
func (p *sheet) rejections(r *rundir.Run) {
	rows := slices.Clone(r.Result.Rejections)
	if len(rows) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b results.RejectionRow) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Status, b.Status))
	})
	p.line("")
	if p.width < text.Columns {
		p.narrowRejections(r, rows)
		return
	}
	p.line("%-22s %-8s %3s %10s %12s %10s  %s", "not accepted", "side", "", "requests", "events", "p50", "answer")
	for _, row := range rows {
		status, median := "", ""
		if row.Status > 0 {
			status = strconv.Itoa(row.Status)
		}
		if h := r.ByReason[row.Reason]; h != nil {
			median = text.Duration(h.Quantile(0.5))
		}
		p.line("%-22s %-8s %3s %10s %12s %10s  %s", text.Fit("  "+row.Reason+doubtMark(row), 22), row.Side, status,
			text.Count(row.Requests), text.Count(row.Events), median, text.Fit(r.Answers[row.Kind()], 26))
	}
}

// Doubt marks a kind of refusal that is no certain no to each event.
func doubtMark(row results.RejectionRow) string {
	if row.MayBeStored {
		return " (?)"
	}
	return ""
}

// narrowRejections sets the same as a paragraph each.
func (p *sheet) narrowRejections(r *rundir.Run, rows []results.RejectionRow) {
	p.line("not accepted")
	for _, row := range rows {
		said := row.Reason + doubtMark(row)
		if row.Status > 0 {
			said += " " + strconv.Itoa(row.Status)
		}
		said += fmt.Sprintf(" (%s): %s, %s",
			row.Side, text.Plural(row.Requests, "request"), text.Plural(row.Events, "event"))
		if h := r.ByReason[row.Reason]; h != nil {
			said += ", p50 " + text.Duration(h.Quantile(0.5))
		}
		if answer := r.Answers[row.Kind()]; answer != "" {
			said += fmt.Sprintf(", %q", text.Fit(answer, 60))
		}
		p.paragraph("  - ", said)
	}
}

// generator sets how the generator itself fared.
func (p *sheet) generator(r *rundir.Run) {
	g := r.Result.Generator
	p.line("")
	p.line("generator")
	p.fact("cpu", "%s s, %s of one core",
		text.Figures(g.CPUSeconds), text.Percent(share64(g.CPUSeconds, r.Result.Run.Seconds)))
	p.fact("memory", "%s at most", text.Size(g.RSSBytes))
	p.fact("bottleneck", "%s", cmp.Or(string(g.Bottleneck), "none"))
}

// share64 is part of all, 0 of nothing.
func share64(part, all float64) float64 {
	if all == 0 {
		return 0
	}
	return part / all
}

// thresholds sets what was demanded and what came of it.
func (p *sheet) thresholds(r *rundir.Run) {
	if len(r.Result.Thresholds) == 0 {
		return
	}
	p.line("")
	p.line("thresholds")
	for _, row := range r.Result.Thresholds {
		mark := thresholdMark(&row)
		if p.width < text.Columns {
			p.paragraph("  "+mark+" ", judge.ThresholdName(row)+": "+row.Value)
			continue
		}
		p.line("  %s %-36s %s", mark, text.Fit(judge.ThresholdName(row), 36), text.Fit(row.Value, 58))
	}
	if note := timesNote(r.Result); note != "" {
		p.paragraph("    ", note)
	}
}

// TimesNote says what thresholds on latency and service measure, if there are any and
// not everything was accepted.
func timesNote(r *results.Result) string {
	onTimes := func(row results.ThresholdRow) bool {
		t, err := scenario.ParseThreshold(row.Text)
		return err == nil && (t.Metric.Name == "latency" || t.Metric.Name == "service")
	}
	if !partlyAccepted(r) || !slices.ContainsFunc(r.Thresholds, onTimes) {
		return ""
	}
	return "latency and service are those of accepted requests; a refusal counts where it took longer"
}

// mark says in one character how a threshold came out.
func thresholdMark(row *results.ThresholdRow) string {
	switch {
	case row.OK:
		return "✓"
	case row.Doubt != "":
		return "?"
	}
	return "✗"
}

// warnings sets the doubts, but for the one that the report ends with.
func (p *sheet) warnings(r *rundir.Run) {
	warnings := r.Result.Warnings
	if len(warnings) > 0 && warnings[0] == judge.Because(r.Result) {
		warnings = warnings[1:]
	}
	if len(warnings) == 0 {
		return
	}
	p.line("")
	p.line("warnings")
	for _, warning := range warnings {
		p.paragraph("  - ", warning)
	}
}

// Causes says in a sentence what was met on the way, the most frequent first, as
// in "100 × rate_limited 429, 82 × unavailable 503".
func retryCauses(f *results.Retries) string {
	const most = 6
	rows := slices.SortedStableFunc(slices.Values(f.Refused), func(a, b results.RejectionRow) int {
		return cmp.Compare(b.Requests, a.Requests)
	})
	var causes []string
	for i := range rows[:min(len(rows), most)] {
		causes = append(causes, judge.RejectionText(rows[i]))
	}
	if len(rows) > most {
		causes = append(causes, "and others")
	}
	return strings.Join(causes, ", ")
}

// Against says it in a sentence, against the events that were sent.
func endpointSentence(f *results.EndpointCounts, sent int64) string {
	said := "counted " + text.Plural(f.Kept, "event")
	if f.Kept > sent {
		said += ", some of them more than once, as they were sent again"
	}
	if f.Lost > 0 {
		said += "; accepted (200) but lost " + text.Count(f.Lost)
	}
	if f.OverQuota > 0 {
		said += "; accepted (200) but dropped " + text.Count(f.OverQuota) + " over quota"
	}
	if f.Dropped > 0 {
		said += "; accepted (200) but dropped " + text.Count(f.Dropped) + " by a rule"
	}
	if f.Refused > 0 {
		said += "; refused but stored " + text.Plural(f.Refused, "event")
	}
	return said
}

// Started is when the run began as reports show it, to the millisecond.
func startedText(r *results.RunInfo) string {
	start, err := r.Start()
	if err != nil {
		return text.Printable(r.StartedAt, 40)
	}
	return start.Format("2006-01-02T15:04:05.000Z07:00")
}
