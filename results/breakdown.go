package results

import "rehearse/internal/capture"

// Breakdown says what became of synthesized events by their names, and by the projects
// that they were sent to. It is counted after the run from the ledger: event i has the
// name and the token that the scenario gives it, whatever was answered.
type Breakdown struct {
	Names  []NamedTotals `json:"names"`
	Tokens []NamedTotals `json:"tokens,omitempty"` // "token 1" is the first of traffic.tokens
}

// NamedTotals are the events of one name or project.
type NamedTotals struct {
	Name string `json:"name"`
	Totals
}

// Count counts n events of a fate.
func (t *Totals) Count(fate capture.Fate, n int64) {
	switch fate {
	case capture.FateAccepted:
		t.Accepted += n
	case capture.FateMayBeStored:
		t.Rejected, t.MayBeStored = t.Rejected+n, t.MayBeStored+n
	case capture.FateRejected:
		t.Rejected += n
	case capture.FateAmbiguous:
		t.Ambiguous += n
	default:
		t.Unsent += n
		return
	}
	t.Sent += n
}

// Add counts everything that another breakdown does.
func (b *Breakdown) Add(other *Breakdown) {
	b.Names, b.Tokens = addNamed(b.Names, other.Names), addNamed(b.Tokens, other.Tokens)
}

// addNamed adds rows to those of the same name.
func addNamed(all, more []NamedTotals) []NamedTotals {
	at := map[string]int{}
	for i := range all {
		at[all[i].Name] = i
	}
	for _, row := range more {
		i, known := at[row.Name]
		if !known {
			all = append(all, NamedTotals{Name: row.Name})
			i = len(all) - 1
			at[row.Name] = i
		}
		t := &all[i].Totals
		t.Sent, t.Accepted, t.Rejected = t.Sent+row.Sent, t.Accepted+row.Accepted, t.Rejected+row.Rejected
		t.MayBeStored, t.Ambiguous = t.MayBeStored+row.MayBeStored, t.Ambiguous+row.Ambiguous
		t.Unsent += row.Unsent
		t.ExpectedRefused += row.ExpectedRefused
	}
	return all
}
