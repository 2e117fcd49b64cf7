package results

import (
	_ "embed"
	"errors"
	"fmt"
	"time"
)

// Retries say what sending again came to. They stand in a result only if
// anything was sent again.
type Retries struct {
	// requests sent, retries included, for each that was planned and left
	Amplification float64        `json:"amplification"`
	Settled       float64        `json:"settled_seconds"`     // when the last event was in
	Twice         int64          `json:"may_be_stored_twice"` // events that may be stored by more than one attempt
	Refused       []RejectionRow `json:"refused"`             // the answers that made the client send again
}

// EventAnswerRow counts the events of which the endpoint said the same, where it speaks
// of events.
type EventAnswerRow struct {
	Result string `json:"result"` // the endpoint's word: ok, warning, drop, retry, limited
	Detail string `json:"detail"` // empty: it gave none
	Events int64  `json:"events"`
}

// ToMilliseconds is d in milliseconds.
func ToMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// FromSeconds is a time in seconds as a duration.
func FromSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// RoundedMilliseconds is d in milliseconds, to the microsecond.
func RoundedMilliseconds(d time.Duration) float64 { return ToMilliseconds(d.Round(time.Microsecond)) }

// RequestTotals say what became of the requests.
type RequestTotals struct {
	Totals
	Retried int64 `json:"retried"` // how often one was sent again
}

// Totals say what became of the requests or events. Sent is what left: accepted,
// rejected and ambiguous together. MayBeStored is those of the rejected whose refusal
// is not a no to each event of its request.
type Totals struct {
	Sent        int64 `json:"sent"`
	Accepted    int64 `json:"accepted"`
	Rejected    int64 `json:"rejected"`
	MayBeStored int64 `json:"may_be_stored"`
	Ambiguous   int64 `json:"ambiguous"`
	Unsent      int64 `json:"unsent"`

	// ExpectedRefused is how many events were not accepted as was expected of them:
	// they were wrong on purpose, or recorded and known to be refused.
	ExpectedRefused int64 `json:"expected_refused,omitempty"`
}

// Bytes are those of all sent requests.
type Bytes struct {
	Body int64 `json:"body"` // before compression
	Wire int64 `json:"wire"` // heads and compressed bodies
}

// RejectionRow counts the requests that one reason kept from being accepted.
type RejectionRow struct {
	Reason   string `json:"reason"`
	Side     string `json:"side"`
	Status   int    `json:"status"`
	Requests int64  `json:"requests"`
	Events   int64  `json:"events"`

	MayBeStored bool `json:"may_be_stored,omitempty"` // rejected, though some of the events may be stored
}

// Summary is a histogram in a few numbers, in milliseconds.
type Summary struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	Max   float64 `json:"max"`
}

// Summarize returns the few numbers of h.
func Summarize(h *Histogram) Summary {
	return Summary{
		Count: h.Count(),
		Mean:  RoundedMilliseconds(h.Mean()),
		P50:   ToMilliseconds(h.Quantile(0.50)),
		P90:   ToMilliseconds(h.Quantile(0.90)),
		P95:   ToMilliseconds(h.Quantile(0.95)),
		P99:   ToMilliseconds(h.Quantile(0.99)),
		P999:  ToMilliseconds(h.Quantile(0.999)),
		Max:   ToMilliseconds(h.Max()),
	}
}

// Balance is an error unless the books balance, for requests and for events:
//
//	planned = sent + unsent
//	sent    = accepted + rejected + ambiguous
//
// and, once a run was closed, unless the rejections explain every request that
// was not accepted.
func (r *Result) Balance() error {
	err := errors.Join(
		r.Requests.balance("requests", r.Planned.Requests),
		r.Events.balance("events", r.Planned.Events))
	if err != nil || r.Run.Ended == Running || r.Run.Ended == Killed {
		return err
	}
	var explained Count
	for _, row := range r.Rejections {
		explained = explained.Plus(Count{row.Requests, row.Events})
	}
	if open := (Count{r.Requests.NotAccepted(), r.Events.NotAccepted()}); open != explained {
		return fmt.Errorf("the books do not balance: %d requests (%d events) not accepted, rejections explain %d (%d)",
			open.Requests, open.Events, explained.Requests, explained.Events)
	}
	return nil
}

// balance checks one side of the books.
func (b *Totals) balance(what string, planned int64) error {
	switch {
	case planned != b.Sent+b.Unsent:
		return fmt.Errorf("the books do not balance: %d %s planned, but %d sent + %d unsent",
			planned, what, b.Sent, b.Unsent)
	case b.Sent != b.Accepted+b.Rejected+b.Ambiguous:
		return fmt.Errorf("the books do not balance: %d %s sent, but %d accepted + %d rejected + %d ambiguous",
			b.Sent, what, b.Accepted, b.Rejected, b.Ambiguous)
	}
	return nil
}

// NotAccepted is everything that was not accepted.
func (b *Totals) NotAccepted() int64 { return b.Rejected + b.Ambiguous + b.Unsent }

// Kind is the row without its counts.
func (row RejectionRow) Kind() RejectionRow {
	row.Requests, row.Events = 0, 0
	return row
}

// ShortestRate is how long a rate must have been measured to be told: what is
// answered in less depends on when the clock ticks.
const ShortestRate = time.Second / 4
