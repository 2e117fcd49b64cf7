package verify

import (
	"context"
	"errors"
	"fmt"

	"rehearse/scenario"
)

// Threshold is one demand on a report.
type Threshold = scenario.ArrivalThreshold

// Implied are the thresholds of a verification that is given none.
func Implied() []Threshold {
	var all []Threshold
	for _, text := range []string{"lost == 0", "duplicated < 0.01%", "altered == 0"} {
		t, _ := scenario.ParseArrival(text) // they are sound: a test parses them
		all = append(all, t)
	}
	return all
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
		row := ThresholdRow{Text: t.Text, Known: m.known, Value: format(t, &m), OK: m.known && holds(t, &m)}
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
func holds(t *Threshold, m *measured) bool {
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
func format(t *Threshold, m *measured) string {
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
