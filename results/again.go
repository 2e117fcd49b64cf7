package results

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/capture"
	"rehearse/internal/text"
)

// RetryFacts say what sending again came to. They stand in a result only if
// anything was sent again.
type RetryFacts struct {
	Amplification float64        `json:"amplification"`       // requests sent, retries included, for each that was planned and left
	Settled       float64        `json:"settled_seconds"`     // when the last event was in
	Twice         int64          `json:"may_be_stored_twice"` // events that may be stored by more than one attempt
	Refused       []RejectionRow `json:"refused"`             // the answers that made the client send again
}

// maxCauses is how many causes a sentence names.
const maxCauses = 6

// Causes says in a sentence what was met on the way, the most frequent first, as
// in "100 × rate_limited 429, 82 × unavailable 503".
func (f *RetryFacts) Causes() string {
	rows := byRequests(f.Refused)
	var causes []string
	for i := range rows[:min(len(rows), maxCauses)] {
		causes = append(causes, rows[i].String())
	}
	if len(rows) > maxCauses {
		causes = append(causes, "and others")
	}
	return strings.Join(causes, ", ")
}

// byRequests are the rows, the most frequent first.
func byRequests(rows []RejectionRow) []RejectionRow {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b RejectionRow) int { return cmp.Compare(b.Requests, a.Requests) })
}

// String is the kind and how often it occurred, as in "100 × rate_limited 429".
func (row RejectionRow) String() string {
	text := text.Count(row.Requests) + " × " + text.Printable(row.Reason, 40)
	if row.Status > 0 {
		text += " " + strconv.Itoa(row.Status)
	}
	return text
}

// SaidRow counts the events of which the endpoint said the same, where it speaks
// of events.
type SaidRow struct {
	Result string `json:"result"` // the endpoint's word: ok, warning, drop, retry, limited
	Detail string `json:"detail"` // empty: it gave none
	Events int64  `json:"events"`
}

// addAnswers writes down what was said event by event, and what was sent again.
func (r *Result) addAnswers(t *Tally) {
	for said, events := range t.Said {
		r.Said = append(r.Said, SaidRow{said.Verdict.String(), said.Detail.String(), events})
	}
	slices.SortFunc(r.Said, func(a, b SaidRow) int {
		return cmp.Or(strings.Compare(a.Result, b.Result), strings.Compare(a.Detail, b.Detail))
	})
	if t.Retries == 0 {
		return
	}
	sent := t.Sent().Requests
	r.Retries = &RetryFacts{
		Amplification: ratio(sent+t.Retries, sent),
		Settled:       t.Settled.Round(time.Millisecond).Seconds(),
		Twice:         t.Twice,
		Refused:       rowsOf(t.Attempts),
	}
}

// rowsOf lists refusals in their order.
func rowsOf(refusals map[Refusal]Count) []RejectionRow {
	rows := make([]RejectionRow, 0, len(refusals))
	for _, kind := range slices.SortedFunc(maps.Keys(refusals), Refusal.compare) {
		count := refusals[kind]
		rows = append(rows, RejectionRow{
			Reason: kind.Reason.String(), Side: kind.Reason.Side().String(), Status: kind.Status,
			MayBeStored: kind.MayBeStored, Requests: count.Requests, Events: count.Events,
		})
	}
	return rows
}

// settle remembers when the last accepted event was in.
func (t *Tally) settle(o *Outcome) {
	accepted := o.Reason == capture.Accepted
	for _, p := range o.Parts {
		accepted = accepted || p.Reason == capture.Accepted
	}
	if accepted {
		t.Settled = max(t.Settled, o.Done)
	}
}
