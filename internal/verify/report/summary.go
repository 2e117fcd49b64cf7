package report

import (
	"fmt"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// Fact is a fact of a report, with its name.
type Fact struct{ Name, Text string }

// Summary is a report in a few lines, for the report of the run.
func Summary(r *verify.Report) []Fact {
	verdict := string(r.Verdict)
	if r.Because != "" {
		verdict += ": " + because(r)
	}
	a := &r.Events.Accepted
	lines := []Fact{
		{"verdict", verdict},
		{"source", fmt.Sprintf("%s (%s)", text.Printable(r.Source.Name, 400), text.Printable(r.Source.Kind, 40))},
		{"accepted", fmt.Sprintf("%s present, %s lost, %s duplicated", text.Plural(a.Present, "event"),
			text.Count(a.Lost), text.Count(r.Events.Duplicated))},
		{"content", content(r)}, {"order", order(&r.Order)}, {"visible", visible(r)},
	}
	if a.Dropped > 0 {
		lines = append(lines, Fact{"dropped", text.Plural(a.Dropped, "event") + " as predicted"})
	}
	if r.Drain != nil {
		lines = append(lines, Fact{"drain", drain(r.Drain)})
	}
	if r.Persons != nil {
		lines = append(lines, Fact{"persons", persons(r.Persons)})
	}
	return lines
}

// Judged is a threshold of a report and how it came out.
type Judged struct{ Mark, Text, Value string }

// Outcomes are the thresholds of a report.
func Outcomes(r *verify.Report) (all []Judged) {
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		all = append(all, Judged{mark(t), text.Printable(t.Text, 200), value(t)})
	}
	return all
}
