package preflight

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report as a page for a ticket.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	plan := &r.Plan
	line("# %s: %s\n", escaped(r.Scenario), r.Verdict)
	line("| plan | |\n|---|---|")
	line("| events | %s in %s requests%s |", count(plan.Events), count(plan.Requests), around(plan.Errors.Requests))
	line("| duration | %s |", seconds(plan.Seconds))
	line("| rate | %s events/s at the peak, %s on average |", rate(plan.PeakEvents), rate(plan.MeanEvents))
	line("| requests | %s/s at the peak, %s connections if one takes %s ms |", rate(plan.PeakRequests), count(plan.Connections), rate(plan.ServiceMS))
	line("| bytes | %s of bodies%s, %s on the wire%s |", size(plan.BodyBytes), around(plan.Errors.BodyBytes), size(plan.WireBytes), around(plan.Errors.WireBytes))
	line("| distinct_ids | %s |", count(plan.Persons))
	line("| merges | %s, %s at risk, %s refused |", count(r.Merges.Total), count(r.Merges.AtRisk), count(r.Merges.Refused))
	if m := &r.Merges; m.P90 >= longPause {
		line("| anonymous | p50 %s, p90 %s, from an id's first event to its merge |", seconds(m.P50), seconds(m.P90))
	}
	line("| overflow | %s events of %s ids |", count(plan.Overflow), count(plan.Overflowing))
	line("| partitions | %d, %s events on average, %s on number %d |\n", r.Partitions.Count, count(r.Partitions.Mean), count(r.Partitions.Max), r.Partitions.Hottest)
	if len(r.Findings) > 0 {
		line("## Findings\n\n| | finding | what to do | where |\n|---|---|---|---|")
	}
	for _, f := range r.Findings {
		line("| **%s** | `%s` %s | %s | %s |", f.Severity, f.ID, escaped(f.Message), escaped(f.Hint), escaped(f.Where))
	}
	r.markdownIDs(line)
	line("\n## Held to\n\n| fact | value | from |\n|---|---|---|")
	for _, a := range r.HeldTo {
		line("| `%s` | %s | %s |", a.Field, a.Value, a.Origin)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("cannot write the check: %w", err)
	}
	return nil
}

// markdownIDs writes the busiest ids.
func (r *Report) markdownIDs(line func(string, ...any)) {
	if len(r.HotIDs) == 0 {
		return
	}
	line("\n## Hottest ids\n\n| distinct_id | events | share | peak/s | overflows at | overflow |\n|---|--:|--:|--:|--:|--:|")
	for _, h := range r.HotIDs {
		at := "never"
		if h.OverflowsS != nil {
			at = seconds(*h.OverflowsS)
		}
		line("| %s | %s | %s | %s | %s | %s |", escaped(h.named()), count(h.Events), percent(h.Share), rate(h.PeakPerS), at, count(h.Overflow))
	}
}

// escaped is text of others as a cell of a table.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'", "*", `\*`, "[", `\[`, "_", `\_`).Replace(plain(text, 1000))
}
