package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// Answers is what was said. The zero value of a field means that nothing was.
type Answers struct {
	Customer, Contact string

	Committed scenario.Answer
	Starts    time.Time
	Overlap   scenario.Answer

	Historical scenario.Answer // events older than 48 hours, imported
	Period     Period          // that they are of; zero: not said
	eventAnswers
	loadAnswers

	now time.Time // where it was not said when it starts
}

// eventAnswers is what was said of the events.
type eventAnswers struct {
	Fewest, Most int    // events a request
	Hottest      *Table // the busiest distinct_ids
	Types        *Table // all events
	Merges       *Table // those that merge; without rows: none do
	Apps         scenario.Answer
}

// loadAnswers is what was said of how fast they come.
type loadAnswers struct {
	Peak     float64 // events per second
	Duration time.Duration
	Total    int64 // events
	Ramp     time.Duration
	Ramps    bool // the ramp is answered, if only with none
}

// Understand reads answers, by the keys of the questions, and holds them against
// each other. Its error is of type Mistakes and tells everything that is wrong.
func Understand(given map[string]string) (*Answers, error) {
	a := Answers{now: time.Now()}
	var wrong Mistakes
	for _, q := range Questions() {
		text := strings.TrimSpace(given[q.Key])
		if text == "" {
			continue
		}
		if err := q.read(&a, text); err != nil {
			wrong = append(wrong, Mistake{Keys: []string{q.Key}, What: err.Error(), Hint: q.How})
		}
	}
	if len(wrong) == 0 {
		wrong = a.contradictions()
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return &a, nil
}

// Mistake is an answer that cannot be read, or answers that contradict each other.
type Mistake struct {
	Keys []string // of the questions that it is about, the first being that to blame
	What string   // is wrong
	Hint string   // what to do about it
}

// Mistakes are all that is wrong with some answers.
type Mistakes []Mistake

// Error returns one line a mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = fmt.Sprintf("%s: %s (%s)", one.Keys[0], one.What, one.Hint)
	}
	return strings.Join(lines, "\n")
}

// said is an answer of yes or no.
func said(a scenario.Answer) string {
	if a == scenario.Unanswered {
		return ""
	}
	return a.String()
}

// saidTime is a time with its weekday.
func saidTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("Monday ") + t.Format(time.RFC3339)
}

func (a *Answers) saidBatch() string {
	switch a.Most {
	case 0:
		return ""
	case 1:
		return "1 event a request"
	case a.Fewest:
		return text.Count(int64(a.Most)) + " events a request"
	}
	return fmt.Sprintf("%s to %s events a request", text.Count(int64(a.Fewest)), text.Count(int64(a.Most)))
}

// saidHottest tells how many ids were listed, not which.
func (a *Answers) saidHottest() string {
	if a.Hottest == nil {
		return ""
	}
	busiest := slices.MaxFunc(a.Hottest.Rows, func(a, b Row) int { return compare(a.Value, b.Value) })
	ids := text.Count(int64(len(a.Hottest.Rows))) + " distinct_ids"
	if len(a.Hottest.Rows) == 1 {
		ids = "1 distinct_id"
	}
	return fmt.Sprintf("a table of %s, the busiest with %s", ids, a.Hottest.amount(busiest))
}

func (a *Answers) saidTypes() string {
	if a.Types == nil {
		return ""
	}
	return a.Types.said()
}

func (a *Answers) saidMerges() string {
	switch {
	case a.Merges == nil:
		return ""
	case len(a.Merges.Rows) == 0:
		return "none"
	}
	return a.Merges.said()
}

func (a *Answers) saidPeak() string {
	if a.Peak == 0 {
		return ""
	}
	return text.Number(a.Peak) + " events/s"
}

func (a *Answers) saidExtent() string {
	events := text.Count(a.Total) + " events"
	switch {
	case a.Total == 0 && a.Duration == 0:
		return ""
	case a.Total == 0:
		return units.FormatDuration(a.Duration)
	case a.Duration == 0:
		return events
	}
	return events + " in " + units.FormatDuration(a.Duration)
}

func (a *Answers) saidRamp() string {
	switch {
	case !a.Ramps:
		return ""
	case a.Ramp == 0:
		return "none"
	}
	return units.FormatDuration(a.Ramp)
}
