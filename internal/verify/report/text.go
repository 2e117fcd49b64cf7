package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// WriteText writes a report as text, without its verdict.
func WriteText(out io.Writer, r *verify.Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s, run %s\n", text.Printable(r.Run.Scenario, 200), text.Printable(r.Run.ID, 100))
	fmt.Fprintf(&b, "  source     %s (%s)\n", text.Printable(r.Source.Name, 400), text.Printable(r.Source.Kind, 40))
	read := "to its end"
	if !r.Source.Complete {
		read = progress(&r.Source)
	}
	fmt.Fprintf(&b, "  read       %s in %s: %s\n", read, text.Milliseconds(1000*r.Source.Seconds),
		text.Plural(r.Rows.All, "row"))
	if r.Run.Attempts > 1 {
		fmt.Fprintf(&b, "  attempts   %d: it resumed others\n", r.Run.Attempts)
	}
	writeRows(&b, "events", eventRows(&r.Events))
	writeRows(&b, "rows", sourceRows(&r.Rows))
	fmt.Fprintf(&b, "\n  content    %s\n", content(r))
	fmt.Fprintf(&b, "  order      %s\n", order(&r.Order))
	if r.Persons != nil {
		fmt.Fprintf(&b, "  persons    %s\n", persons(r.Persons))
	}
	fmt.Fprintf(&b, "  visible    %s\n", visible(r))
	if r.Drain != nil {
		writeDrain(&b, r.Drain)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\nnotes\n")
		for i := range r.Notes {
			fmt.Fprintf(&b, "  %s\n", note(&r.Notes[i]))
		}
	}
	if len(r.Thresholds) > 0 {
		b.WriteString("\nthresholds\n")
		for i := range r.Thresholds {
			t := &r.Thresholds[i]
			fmt.Fprintf(&b, "  %s %-36s %s\n", mark(t), text.Printable(t.Text, 100), value(t))
		}
	}
	b.WriteString("\n")
	_, err := out.Write(b.Bytes())
	return err
}

// mark is how a threshold came out in one character.
func mark(t *verify.ThresholdRow) string {
	switch {
	case !t.Known:
		return "?"
	case t.OK:
		return "✓"
	}
	return "✗"
}

// value is what a threshold came to.
func value(t *verify.ThresholdRow) string {
	if !t.Known {
		return "not known"
	}
	return text.Printable(t.Value, 100)
}

// writeRows writes a table of counts.
func writeRows(b *bytes.Buffer, title string, rows []row) {
	fmt.Fprintf(b, "\n%s\n", title)
	for _, r := range rows {
		fmt.Fprintf(b, "  %-36s %15s\n", strings.Repeat("  ", r.deep)+r.name, text.Count(r.count))
	}
}
