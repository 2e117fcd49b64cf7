package intake

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// Period is the time that historical events are of. The zero value is not known.
type Period struct{ From, To time.Time }

const (
	// historicalAge is from when on events are historical: what customers are told
	// (the PostHog docs, "Migrate": events older than 48 hours).
	historicalAge = 48 * time.Hour
	// importRate is how many events a second the service's own importer sends at most
	// (PostHog/posthog#74303).
	importRate = 5000.0
)

// until separates the ends of a period.
var until = expression(`(?i)\s+(?:to|until|till|-|–|—)\s+|\.\.+`)

// periodLayouts are the forms of an end of a period, each with what ends it.
var periodLayouts = []struct {
	layout string
	end    func(time.Time) time.Time
}{
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

// readHistorical reads yes or no, a period, or both. A day, a month or a year alone is
// the whole of it.
func readHistorical(text string) (scenario.Answer, Period, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	answer, err := readAnswer(strings.TrimRight(word, ",:;"))
	if err != nil {
		answer, rest = scenario.Yes, text
	}
	rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(rest, " ,:;"), "from "))
	switch {
	case rest == "":
		return answer, Period{}, nil
	case answer == scenario.No:
		return answer, Period{}, errors.New("says no, and a period")
	}
	ends := until().Split(rest, 2)
	first, last := ends[0], ends[len(ends)-1]
	var p Period
	if p.From, _, err = readEnd(first); err == nil {
		_, p.To, err = readEnd(last)
	}
	switch {
	case err != nil:
		return answer, p, err
	case !p.From.Before(p.To):
		return answer, p, fmt.Errorf("%s is not before %s", strings.TrimSpace(first), strings.TrimSpace(last))
	}
	return answer, p, nil
}

// readEnd reads an end of a period, and returns when what it names begins and ends.
func readEnd(text string) (from, to time.Time, err error) {
	text = strings.TrimSpace(text)
	for _, l := range periodLayouts {
		if t, err := time.Parse(l.layout, text); err == nil {
			return t, l.end(t), nil
		}
	}
	t, err := readStart(text)
	if err != nil {
		return t, t, fmt.Errorf("cannot read %q as yes, no or a period", clip(text))
	}
	return t, t, nil
}

// saidHistorical is the answer in few words.
func (a *Answers) saidHistorical() string {
	if p := a.Period; !p.From.IsZero() {
		return "yes, " + p.From.Format(time.DateOnly) + " to " + p.last().Format(time.DateOnly)
	}
	return said(a.Historical)
}

// last is the last moment of the period.
func (p Period) last() time.Time { return p.To.Add(-time.Nanosecond) }

// period is that of historical events: the year that ended when they became historical,
// by default.
func (a *Answers) period() Period {
	if !a.Period.From.IsZero() {
		return a.Period
	}
	to := a.start().UTC().Add(-historicalAge).Truncate(24 * time.Hour)
	return Period{to.AddDate(-1, 0, 0), to}
}

// start is when the load starts, as far as it is known.
func (a *Answers) start() time.Time {
	if a.Starts.IsZero() {
		return a.now
	}
	return a.Starts
}

// historicalMistakes compares the period with the start.
func (a *Answers) historicalMistakes() Mistakes {
	p, start := a.Period, a.start()
	keys := []string{keyHistorical, string(scenario.AskStarts)}
	when := "now"
	if !a.Starts.IsZero() {
		when = "at the start, " + a.Starts.Format(time.RFC3339)
	}
	switch {
	case p.From.IsZero():
		return nil
	case p.From.After(start.Add(-historicalAge)):
		return Mistakes{{keys, fmt.Sprintf("no event of %s is older than 48 hours %s",
			a.saidHistorical()[len("yes, "):],
			when), "answer no, or give the period that the events are of"}}
	case p.last().After(start):
		return Mistakes{{keys, fmt.Sprintf("the period ends on %s, which is still to come %s",
			p.last().Format(time.DateOnly),
			when), "give the period up to the start, or start later"}}
	}
	return nil
}

// rateAdvice says at which rate historical events are to come; empty: they are not
// historical.
func (a *Answers) rateAdvice() string {
	if a.Historical != scenario.Yes {
		return ""
	}
	c := a.course()
	advice := fmt.Sprintf("historical events travel on a lane of their own, without a limit for one distinct_id: %s "+
		"events at %s/s take %s",
		amount(c.total()), amount(c.peak), rounded(c.ramp+c.hold+c.rest))
	if c.peak > importRate {
		return advice + fmt.Sprintf("; the service's own importer sends %s/s at most: agree on a higher rate with the "+
			"pipeline team", text.Number(importRate))
	}
	return advice + fmt.Sprintf("; the service's own importer sends %s/s at most", text.Number(importRate))
}
