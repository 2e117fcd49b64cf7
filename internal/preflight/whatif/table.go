package whatif

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
)

// WriteJSON writes the table as JSON.
func (t *Table) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

//go:embed whatif.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return slices.Clone(schema) }

// The widths of the table, in columns.
const (
	whatWidth = 32
	wrapWidth = 100
)

// legend says what the last two columns count.
const legend = "behind: events that arrive after a younger one of their distinct_id. early, worst: merges " +
	"processed before an event of the id that they join, if a partition lags behind the others by the facts' " +
	"hazard (30s by default)."

// WriteText writes the table for a terminal.
func (t *Table) WriteText(w io.Writer) error {
	var b bytes.Buffer
	line := func(format string, args ...any) {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
	line("%s\n", text.Fit(strings.Map(text.Harmless, t.Scenario), wrapWidth))
	line("%s", row("what if", "duration", "peak/s", "overflow", "lag", "behind", "early, worst"))
	line("%s", t.Before.row("as it is"))
	for i := range t.Trials {
		line("%s", t.Trials[i].row(fmt.Sprintf("%d  %s", i+1, t.Trials[i].What)))
	}
	if t.Together != nil {
		line("%s", t.Together.row("those that help, together"))
	}
	line("")
	for _, words := range text.Wrap(legend, wrapWidth) {
		line("%s", words)
	}
	if len(t.Trials) == 0 {
		line("\nno finding names a change of the scenario")
	}
	for i := range t.Trials {
		t.Trials[i].explain(line, fmt.Sprintf("%d ", i+1))
	}
	if t.Together != nil {
		t.Together.explain(line, "together: ")
	}
	if len(t.Without) > 0 {
		line("")
		words := "no change of the scenario is known for: " + strings.Join(t.Without, ", ")
		for _, words := range text.Wrap(words, wrapWidth) {
			line("%s", words)
		}
	}
	line("")
	_, err := w.Write(b.Bytes())
	return err
}

// row sets one line of the table.
func row(what, duration, peak, overflow, lag, behind, risk string) string {
	return fmt.Sprintf("%-*s %9s %9s %11s %9s %9s %14s", whatWidth, text.Fit(what, whatWidth), duration, peak, overflow,
		lag, behind, risk)
}

func (f *Figures) row(what string) string {
	return row(what, seconds(f.Seconds), text.Rate(f.Peak), text.Count(f.Overflow), seconds(f.Lag),
		text.Count(f.Behind), text.Count(f.AtRisk))
}

func (t *Trial) row(what string) string {
	if t.After == nil {
		return fmt.Sprintf("%-*s cannot be tried", whatWidth, text.Fit(what, whatWidth))
	}
	return t.After.row(what)
}

// explain says how the change is made, and which findings go with it.
func (t *Trial) explain(line func(string, ...any), mark string) {
	line("")
	for i, words := range text.Wrap(mark+t.What+": "+t.outcome(), wrapWidth) {
		line("%s%s", map[bool]string{true: "   "}[i > 0], words)
	}
	for _, set := range t.Set {
		line("   --set %s", quoted(set))
	}
}

// outcome says what comes of a trial.
func (t *Trial) outcome() string {
	if t.After == nil {
		return t.Error
	}
	words := "removes " + strings.Join(t.Gone, ", ")
	if len(t.Gone) == 0 {
		words = "removes no finding"
	}
	if len(t.New) > 0 {
		words += "; brings " + strings.Join(t.New, ", ")
	}
	words += "; verdict " + t.After.Verdict.String()
	if t.After.Late != "" {
		words += fmt.Sprintf(" (%s still up to %s late)", text.Fit(strings.Map(text.Harmless, t.After.Late), 40),
			seconds(t.After.Lag))
	}
	return words
}

// quoted is an argument as a shell takes it.
func quoted(arg string) string { return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'" }

// seconds writes a time of the run.
func seconds(s float64) string {
	d := time.Duration(min(s, units.LongestTold.Seconds()) * float64(time.Second))
	if d < time.Minute {
		return units.FormatDuration(d.Round(100 * time.Millisecond))
	}
	return units.FormatDuration(d.Round(time.Second))
}
