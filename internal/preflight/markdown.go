package preflight

import (
	"fmt"
	"io"
	"strings"

	"rehearse/internal/text"
)

// WriteMarkdown writes the report as a page for a ticket.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	plan := &r.Plan
	line("# %s: %s\n", escaped(r.Scenario), r.Verdict)
	line("| plan | |\n|---|---|")
	line("| events | %s in %s requests (%s) |", text.Count(plan.Events), text.Count(plan.Requests),
		error95(plan.Errors.Requests))
	line("| duration | %s |", seconds(plan.Seconds))
	line("| rate | %s events/s at the peak, %s on average |", text.Rate(plan.PeakEvents),
		text.Rate(plan.MeanEvents))
	if b := r.Background; b != nil {
		line("| background | %s events, %s/s at the peak; both peak at %s/s |", text.Count(b.Plan.Events),
			text.Rate(b.Plan.PeakEvents), text.Rate(b.Peak))
	}
	if r.Headroom != nil {
		line("| capacity | %s |", escaped(r.Headroom.headroomText()))
	}
	line("| requests | %s/s at the peak, %s connections if one takes %s ms |",
		text.Rate(plan.PeakRequests), text.Count(plan.Connections), text.Rate(plan.ServiceMS))
	line("| bytes | %s of bodies (%s), %s on the wire (%s) |", text.Size(plan.BodyBytes),
		error95(plan.Errors.BodyBytes), text.Size(plan.WireBytes), error95(plan.Errors.WireBytes))
	line("| distinct_ids | %s (%s) |", text.Count(plan.Persons), error95(plan.Errors.Persons))
	if m := &r.Merges; m.Total > 0 {
		line("| merges | %s (%s), %s refused, %s sent early, %s into ids that overflow |",
			text.Count(m.Total), error95(plan.Errors.Merges), text.Count(m.Refused),
			text.Count(m.Early), text.Count(m.Overflow))
	}
	if m := &r.Merges; m.P90 >= longPause {
		line("| anonymous | p50 %s, p90 %s, from an id's first event to its merge |",
			seconds(m.P50), seconds(m.P90))
	}
	line("| order | %s |", r.orderText())
	line("| overflow | %s events (%s) of %s ids |", text.Count(plan.Overflow),
		error95(plan.Errors.Overflow), text.Count(plan.Overflowing))
	s := &r.Partitions
	line("| partitions | %d, %s events on average, %s (%s) on number %d |\n", s.Count,
		text.Count(s.Mean), text.Count(s.Max), error95(s.MaxError), s.Hottest)
	r.markdownMerges(line)
	if lines := r.StorageLines(); len(lines) > 0 {
		line("## Persons and storage\n\n| | |\n|---|---|")
		for _, one := range lines {
			line("| %s | %s |", one[0], escaped(one[1]))
		}
		line("")
	}
	if len(r.Findings) > 0 {
		line("## Findings\n\n| | finding | what to do | where |\n|---|---|---|---|")
	}
	for _, f := range r.Findings {
		do := f.Hint
		if f.Tell != "" {
			do += `; tell the customer: "` + f.Tell + `"`
		}
		line("| **%s** | `%s` %s | %s | %s |", f.Severity, f.ID, escaped(f.Message), escaped(do), escaped(f.Where))
	}
	r.markdownIDs(line)
	line("\n## Assumptions and limits used\n\n| fact | value | from |\n|---|---|---|")
	for _, a := range r.HeldTo {
		line("| `%s` | %s | %s |", a.Field, a.Value, a.Origin)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("cannot write the check: %w", err)
	}
	return nil
}

// markdownMerges writes how many merges are processed too early if partitions lag.
func (r *Report) markdownMerges(line func(string, ...any)) {
	if r.Merges.Total == 0 {
		return
	}
	line("| merges processed before an event of the id that they join | partition %d behind the "+
		"others | any partitions, at most |\n|---|--:|--:|", r.Partitions.Hottest)
	for _, row := range r.Merges.ReadEarly {
		line("| by %s | %s (%s) | %s (%s) |", seconds(row.LagS), text.Count(row.OneBehind),
			error95(row.OneError), text.Count(row.AtMost), error95(row.Error))
	}
	line("")
}

// markdownIDs writes the busiest ids.
func (r *Report) markdownIDs(line func(string, ...any)) {
	if len(r.HotIDs) == 0 {
		return
	}
	line("\n## Hottest ids\n\n| distinct_id | events | share | peak/s | overflows at | overflow " +
		"|\n|---|--:|--:|--:|--:|--:|")
	for _, h := range r.HotIDs {
		at, over := "never", "0"
		if h.OverflowsS != nil {
			at, over = seconds(*h.OverflowsS)+within(h.FirstError),
				fmt.Sprintf("%s (%s)", text.Count(h.Overflow), error95(h.OverflowError))
		}
		line("| %s | %s (%s) | %s | %s | %s | %s |", escaped(h.named()), text.Count(h.Events),
			error95(h.EventsError), text.Percent(h.Share), text.Rate(h.PeakPerS), at, over)
	}
}

// escaped is text of others as a cell of a table.
func escaped(others string) string {
	marks := strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'", "*", `\*`, "[", `\[`, "_", `\_`)
	return marks.Replace(string(plain(others, 1000)))
}
