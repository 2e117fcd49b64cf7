package results

import (
	"fmt"

	"rehearse/internal/text"
)

// EndpointSum holds what the embedded endpoint kept against what was sent: the sum
// over hashes of the events that it counted as accepted, and the same of the events
// that the ledger calls accepted, built again from the scenario after the run.
type EndpointSum struct {
	Verdict string  `json:"verdict"` // one of those below
	Because string  `json:"because"` // why it was not compared; empty: it was
	Events  int64   `json:"events"`  // that the sum is over
	Kept    string  `json:"kept"`    // of the endpoint, 16 hexadecimal digits
	Sent    string  `json:"sent"`    // of what was built again; empty: nothing was
	Seconds float64 `json:"seconds"` // that building again took
}

// The verdicts of an EndpointSum.
const (
	SumMatches     = "matches"
	SumDiffers     = "differs"
	SumNotCompared = "not compared"
)

// String says it in a sentence.
func (s *EndpointSum) String() string {
	switch s.Verdict {
	case SumMatches:
		return "endpoint checksum matches: " + text.Plural(s.Events, "event") + " as sent"
	case SumDiffers:
		return fmt.Sprintf("endpoint checksum differs: the %s that it kept are not those that were sent (%s, not %s)", text.Plural(s.Events, "event"), text.Printable(s.Kept, 16), text.Printable(s.Sent, 16))
	}
	return "endpoint checksum not compared: " + text.Printable(s.Because, 200)
}
