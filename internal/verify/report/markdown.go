package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// WriteMarkdown writes a report as Markdown.
func WriteMarkdown(out io.Writer, r *verify.Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## Verification of %s, run %s: %s\n\n", escaped(r.Run.Scenario), escaped(r.Run.ID), r.Verdict)
	if r.Because != "" {
		fmt.Fprintf(&b, "%s\n\n", escaped(because(r)))
	}
	fmt.Fprintf(&b, "Source: %s (%s), %s.\n\n", escaped(r.Source.Name), escaped(r.Source.Kind),
		text.Plural(r.Rows.All, "row"))
	b.WriteString("| threshold | value | |\n|---|---|---|\n")
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		fmt.Fprintf(&b, "| %s | %s | %s |\n", escaped(t.Text), escaped(value(t)), mark(t))
	}
	for _, table := range []struct {
		name string
		rows []row
	}{{"events", eventRows(&r.Events)}, {"rows", sourceRows(&r.Rows)}} {
		fmt.Fprintf(&b, "\n| %s | count |\n|---|---:|\n", table.name)
		for _, row := range table.rows {
			fmt.Fprintf(&b, "| %s%s | %s |\n", strings.Repeat("&nbsp;&nbsp;", row.deep), escaped(row.name),
				text.Count(row.count))
		}
	}
	fmt.Fprintf(&b, "\n* content: %s\n* order: %s\n* visible: %s\n", escaped(content(r)), escaped(order(&r.Order)),
		escaped(visible(r)))
	if r.Persons != nil {
		fmt.Fprintf(&b, "* persons: %s\n", escaped(persons(r.Persons)))
	}
	if r.Drain != nil {
		fmt.Fprintf(&b, "* drain: %s\n", escaped(drain(r.Drain)))
	}
	for i := range r.Notes {
		fmt.Fprintf(&b, "* note: %s\n", escaped(note(&r.Notes[i])))
	}
	_, err := out.Write(b.Bytes())
	return err
}

// escaped is a text without what Markdown or HTML would take for their own.
func escaped(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
		"`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "\n", " ").Replace(text.Printable(s, 500))
}
