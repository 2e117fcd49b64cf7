package report

import (
	"fmt"
	"io"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// marked escapes what Markdown or HTML would take for markup.
var marked = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "~", `\~`, "!", `\!`, "@", "&#64;", "$", `\$`)

// cell is text of others on one line of a table.
func cell(t string) string { return marked.Replace(text.Printable(t, 300)) }

// WriteMarkdown writes the report of a run as GitHub's Markdown: for a pull
// request, a chat or a wiki.
func WriteMarkdown(w io.Writer, run *rundir.Run) error {
	r := run.Result
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s\n\n%s.\n\n", cell(r.Run.Scenario), r.Verdict, cell(judge.Because(r)))
	b.WriteString("| | | |\n|---|--:|---|\n")
	for _, f := range facts(r) {
		fmt.Fprintf(&b, "| %s | **%s** | %s |\n", f.Name, f.Value, cell(f.Note))
	}
	for _, f := range retryFacts(r) {
		fmt.Fprintf(&b, "| %s | **%s** | %s |\n", f.Name, f.Value, cell(f.Note))
	}
	markdownBacklog(&b, run)
	if run.Endpoint != nil {
		fmt.Fprintf(&b, "| endpoint | **%s** | %s |\n",
			text.Count(run.Endpoint.Kept), cell(endpointSentence(run.Endpoint, sentInAll(run))))
	}
	if len(r.Thresholds) > 0 {
		b.WriteString("\n| threshold | actual | |\n|---|---|---|\n")
		for _, row := range r.Thresholds {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(judge.ThresholdName(row)), cell(row.Value), met(&row))
		}
		if note := timesNote(r); note != "" {
			b.WriteString("\n" + note + ".\n")
		}
	}
	markdownBackground(&b, run)
	markdownArrivals(&b, run)
	if climbs(r) {
		b.WriteString("\n| stage | target /s | answered /s | p50 | p99 | max | rejected | late | |\n" +
			"|---|--:|--:|--:|--:|--:|--:|--:|---|\n")
		for _, row := range stages(r) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(row.Name), strings.Join(row.Cells, " | "), row.Mark)
		}
		if capacity := Capacity(r); capacity != "" {
			fmt.Fprintf(&b, "\n%s.\n", cell(capacity))
		}
	}
	b.WriteString("\n| time | mean | p50 | p90 | p99 | p99.9 | max |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range times(r) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n| | requests | events |\n|---|--:|--:|\n")
	for _, row := range books(r) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
	if len(r.Rejections) > 0 {
		b.WriteString("\n| not accepted | side | status | requests | events | first answer |\n" +
			"|---|---|--:|--:|--:|---|\n")
		for _, row := range r.Rejections {
			fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s |\n",
				cell(row.Reason+doubtMark(row)), cell(row.Side), row.Status,
				text.Count(row.Requests), text.Count(row.Events), cell(run.Answers[row.Kind()]))
		}
	}
	if r.Events.MayBeStored > 0 {
		fmt.Fprintf(&b, "\n(?) %s.\n", cell(inDoubt(r)))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "\n- %s", cell(warning))
	}
	fmt.Fprintf(&b, "\n\nrun %s, started %s, %s, %s\n",
		cell(r.Run.ID), cell(startedText(&r.Run)), clock(r.Run.Seconds), cell(string(r.Run.Ended)))
	return write(w, b.String())
}

// met says how a threshold came out.
func met(row *results.ThresholdRow) string {
	switch {
	case row.OK:
		return "met"
	case row.Doubt != "":
		return "**invalid**: " + cell(row.Doubt)
	}
	return "**not met**"
}

// write writes the text of a report.
func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("cannot write report: %w", err)
	}
	return nil
}
