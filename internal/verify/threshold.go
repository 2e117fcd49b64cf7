package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rehearse/internal/units"
)

// Threshold is one demand on a report.
type Threshold struct {
	Text    string
	Measure string  // one of measures, or visible
	Of      string  // of visible: p50, p95, p99, max or drain
	Op      string  // < <= > >= == !=
	Value   float64 // milliseconds, a share of 1, or events
	Share   bool    // of the accepted events; of misordered: of those that were looked at
}

// measures are what thresholds ask for, beside visible.
var measures = []string{"lost", "duplicated", "altered", "misordered", "taken", "foreign", "split", "joined", "missing"}

// Implied are the thresholds of a verification that is given none.
func Implied() []Threshold {
	var all []Threshold
	for _, text := range []string{"lost == 0", "duplicated < 0.01%", "altered == 0"} {
		t, _ := ParseThreshold(text) // they are sound: a test parses them
		all = append(all, t)
	}
	return all
}

// ParseThreshold reads a demand:
//
//	lost == 0             accepted events that are not there; or a share of the accepted ones
//	duplicated < 0.01%    events that are there more often than they were sent
//	altered == 0          events that are not as they were sent
//	misordered < 1%       events that came behind a younger one of their distinct_id
//	taken == 0            rejected events that are there all the same
//	foreign == 0          rows of events that are not of the run
//	split == 0            persons that are several at the other end; a share is of the ids that merges name
//	joined == 0           persons at the other end that should be several
//	missing == 0          ids that merges name and that have no person
//	visible p95 < 30s     how long after it was due an event was there: p50, p95, p99, max
//	visible drain < 5m    how long after the end of the load the last one was
func ParseThreshold(text string) (t Threshold, err error) {
	t.Text = strings.TrimSpace(text)
	at := strings.IndexAny(t.Text, "<>=!")
	if at < 0 {
		return t, fmt.Errorf("cannot read %.60q as a threshold: a comparison such as < is missing", text)
	}
	end := at
	for end < len(t.Text) && strings.IndexByte("<>=!", t.Text[end]) >= 0 {
		end++
	}
	t.Op = t.Text[at:end]
	measure, value := strings.Fields(t.Text[:at]), strings.TrimSpace(t.Text[end:])
	if err = t.parseMeasure(measure); err == nil {
		err = t.parseValue(value)
	}
	if err == nil && !slices.Contains([]string{"<", "<=", ">", ">=", "==", "!="}, t.Op) {
		err = fmt.Errorf("%q is no comparison", t.Op)
	}
	if err != nil {
		return t, fmt.Errorf("cannot read %.60q as a threshold: %w", text, err)
	}
	return t, nil
}

// parseMeasure reads what is measured.
func (t *Threshold) parseMeasure(words []string) error {
	switch {
	case len(words) == 1 && slices.Contains(measures, words[0]):
		t.Measure = words[0]
		return nil
	case len(words) == 2 && words[0] == "visible" &&
		slices.Contains([]string{"p50", "p95", "p99", "max", "drain"}, words[1]):
		t.Measure, t.Of = words[0], words[1]
		return nil
	}
	return fmt.Errorf("want one of %s, or visible with p50, p95, p99, max or drain", strings.Join(measures, ", "))
}

// parseValue reads what the measure is compared with.
func (t *Threshold) parseValue(text string) error {
	if t.Measure == "visible" {
		d, err := units.ParseDuration(text)
		t.Value = milliseconds(d)
		return err
	}
	if strings.HasSuffix(text, "%") {
		t.Share = true
		var err error
		t.Value, err = units.ParseShare(text)
		return err
	}
	n, err := units.ParseCount(text)
	t.Value = float64(n)
	return err
}

// measured is what a threshold asks for, as the report has it.
type measured struct {
	value, of float64 // of how many
	known     bool
}

// measure finds what a threshold asks for.
func (r *Report) measure(t *Threshold) measured {
	accepted := float64(r.Events.Accepted.Present + r.Events.Accepted.Lost + r.Events.Accepted.Dropped)
	whole := r.Source.Complete && r.Rows.First > 0
	switch t.Measure {
	case "lost":
		return measured{float64(r.Events.Accepted.Lost), accepted, whole}
	case "duplicated":
		return measured{float64(r.Events.Duplicated), accepted, whole}
	case "altered":
		return measured{float64(r.Content.Altered), accepted,
			whole && (r.Content.Altered > 0 || len(r.Content.Compared) == int(parts))}
	case "misordered":
		return measured{float64(r.Order.Misordered), float64(r.Order.Events), whole && r.Order.Judged}
	case "taken":
		return measured{float64(r.Events.Rejected.Taken), accepted, whole}
	case "foreign":
		return measured{float64(r.Rows.Foreign), accepted, whole}
	}
	if t.Measure != "visible" {
		return r.Persons.measure(t.Measure, whole)
	}
	if r.Visible == nil {
		return measured{}
	}
	v := r.Visible
	of := map[string]float64{"p50": v.P50, "p95": v.P95, "p99": v.P99, "max": v.Max, "drain": v.Drain}
	return measured{of[t.Of], 1, whole}
}

// measure finds what a threshold asks for.
func (p *Persons) measure(what string, whole bool) measured {
	if p == nil || p.Judged == 0 { // the source may be of others
		return measured{}
	}
	of := map[string]int64{"split": p.Split, "joined": p.Joined, "missing": p.Missing}
	return measured{float64(of[what]), float64(p.IDs), whole && p.Complete}
}

// judge holds the report against thresholds.
func (r *Report) judge(run *Run, thresholds []Threshold, unread error) {
	r.Thresholds, r.Verdict = []ThresholdRow{}, Pass
	for i := range thresholds {
		t := &thresholds[i]
		m := r.measure(t)
		row := ThresholdRow{Text: t.Text, Known: m.known, Value: t.format(&m), OK: m.known && t.holds(&m)}
		r.Thresholds = append(r.Thresholds, row)
		switch {
		case row.OK || r.Verdict == Fail:
		case row.Known:
			r.Verdict, r.Because = Fail, ""
		default:
			r.Verdict, r.Because = Invalid, NotKnown
		}
	}
	if because := r.undecided(run, unread); because != "" {
		r.Verdict, r.Because = Invalid, because
	}
}

// undecided is why nothing can be said, empty if it can.
func (r *Report) undecided(run *Run, unread error) Because {
	switch {
	case errors.Is(unread, context.Canceled):
		return Interrupted
	case !r.Source.Complete:
		return Incomplete
	case run.Doubt != "":
		return Untrusted
	case r.Rows.All == 0:
		return NoRows
	case r.Rows.First == 0 && r.Events.Unread > 0:
		return NothingThere
	}
	return ""
}

// holds tells whether a threshold is met.
func (t *Threshold) holds(m *measured) bool {
	value := m.value
	if t.Share {
		value /= max(m.of, 1)
	}
	switch t.Op {
	case "<":
		return value < t.Value
	case "<=":
		return value <= t.Value
	case ">":
		return value > t.Value
	case ">=":
		return value >= t.Value
	case "==":
		return value == t.Value
	}
	return value != t.Value
}

// format writes what a measure came to: milliseconds, or events and their share.
func (t *Threshold) format(m *measured) string {
	switch {
	case !m.known:
		return ""
	case t.Measure == "visible":
		return fmt.Sprintf("%.4g ms", m.value)
	case t.Share:
		return fmt.Sprintf("%.4g %% (%.0f)", 100*m.value/max(m.of, 1), m.value)
	}
	return fmt.Sprintf("%.0f", m.value)
}
