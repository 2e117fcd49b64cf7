// Package whatif tries the changes of a scenario that the findings of a check name, each by
// itself and those that help together, and says what comes of them.
//
// Reading order: whatif.go has the trials, table.go the forms in which they are printed.
package whatif

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/internal/preflight"
	"rehearse/internal/preflight/cure"
)

// Format is the version of the table as JSON.
const Format = "rehearse/what-if/v1"

// Table is what comes of a scenario as it is, and with each cure.
type Table struct {
	Format   string  `json:"format"`
	Scenario string  `json:"scenario"`
	SHA256   string  `json:"scenario_sha256"`
	Before   Figures `json:"before"`
	Trials   []Trial `json:"trials"`
	// those that help, one for each field; nil: fewer than two do
	Together *Trial `json:"together,omitempty"`
	// findings that no change of the scenario cures, as far as they name one
	Without []string `json:"without_cure"`
}

// Figures are those of one check that a cure is judged by.
type Figures struct {
	Verdict  preflight.Verdict `json:"verdict"`
	Events   int64             `json:"events"`
	Seconds  float64           `json:"seconds"`
	Peak     float64           `json:"peak_events_per_s"`
	Overflow int64             `json:"overflow_events"`
	Lag      float64           `json:"lag_s"`     // of the latest queue, at its worst
	Late     string            `json:"late"`      // which that is; empty: nothing is late
	Drained  float64           `json:"drained_s"` // when all is worked off
	Behind   int64             `json:"behind"`    // events behind a younger one of their id
	AtRisk   int64             `json:"merges_at_risk"`
	Findings []string          `json:"findings"` // their ids, each once
}

// Trial is one change and what comes of it.
type Trial struct {
	cure.Cure
	YAML  string   `json:"yaml"`     // the same change as it stands in the file
	Of    []string `json:"findings"` // that name the cure
	After *Figures `json:"after"`    // null: the scenario with it is wrong
	Gone  []string `json:"gone"`     // findings that are gone with it
	New   []string `json:"new"`      // findings that only come with it
	Error string   `json:"error,omitempty"`
}

// Try checks the scenario of a report again with each cure that its findings name. check is
// a check with overrides on top of those that the scenario has.
func Try(before *preflight.Report, check func(set []string) (*preflight.Report, error)) *Table {
	t := &Table{
		Format: Format, Scenario: before.Scenario, SHA256: before.SHA256, Before: figures(before),
		Trials: named(before), Without: []string{},
	}
	for i := range t.Trials {
		t.Trials[i].try(&t.Before, check)
	}
	if needed := needed(t.helping()); len(needed) > 1 {
		t.Together = together(needed)
		t.Together.try(&t.Before, check)
	}
	for _, f := range before.Findings {
		if len(f.Cures) == 0 && !slices.Contains(t.Without, f.ID) {
			t.Without = append(t.Without, f.ID)
		}
	}
	return t
}

// named are the cures that findings name, each once.
func named(r *preflight.Report) (all []Trial) {
	all = []Trial{}
	for _, f := range r.Findings {
		for _, c := range f.Cures {
			at := slices.IndexFunc(all, func(t Trial) bool { return slices.Equal(t.Set, c.Set) })
			if at < 0 {
				at = len(all)
				all = append(all, Trial{Cure: c, YAML: c.YAML()})
			}
			if !slices.Contains(all[at].Of, f.ID) {
				all[at].Of = append(all[at].Of, f.ID)
			}
		}
	}
	return all
}

// try fills in what comes of the cure.
func (t *Trial) try(before *Figures, check func(set []string) (*preflight.Report, error)) {
	t.Gone, t.New = []string{}, []string{}
	r, err := check(t.Set)
	if err != nil {
		t.Error = err.Error()
		return
	}
	after := figures(r)
	t.After = &after
	for _, id := range before.Findings {
		if !slices.Contains(after.Findings, id) {
			t.Gone = append(t.Gone, id)
		}
	}
	for _, id := range after.Findings {
		if !slices.Contains(before.Findings, id) {
			t.New = append(t.New, id)
		}
	}
}

// helping are the trials that make a finding go that names them; of those that change the
// same field the one that makes most go.
func (t *Table) helping() (all []*Trial) {
	for i := range t.Trials {
		one := &t.Trials[i]
		if one.After == nil || !one.helps() {
			continue
		}
		rival := slices.IndexFunc(all, func(other *Trial) bool { return share(one.Fields(), other.Fields()) })
		switch {
		case rival < 0:
			all = append(all, one)
		case one.worth() > all[rival].worth():
			all[rival] = one
		}
	}
	return all
}

// helps tells whether a finding that names the cure is gone.
func (t *Trial) helps() bool {
	return slices.ContainsFunc(t.Of, func(id string) bool { return slices.Contains(t.Gone, id) })
}

// worth is how many findings fewer there are with the cure.
func (t *Trial) worth() int { return len(t.Gone) - len(t.New) }

// share tells whether two lists have something in common.
func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// needed leaves out a cure once those before it have made all go that name it.
func needed(helping []*Trial) (all []*Trial) {
	gone := map[string]bool{}
	slices.SortStableFunc(helping, func(a, b *Trial) int { return b.worth() - a.worth() })
	for _, one := range helping {
		if !slices.ContainsFunc(one.Of, func(id string) bool { return !gone[id] }) {
			continue
		}
		for _, id := range one.Gone {
			gone[id] = true
		}
		all = append(all, one)
	}
	return all
}

// together is the trial of several cures at once.
func together(cures []*Trial) *Trial {
	var all Trial
	var words []string
	for _, one := range cures {
		words = append(words, one.What)
		all.Set = append(all.Set, one.Set...)
		for _, id := range one.Of {
			if !slices.Contains(all.Of, id) {
				all.Of = append(all.Of, id)
			}
		}
	}
	all.What = strings.Join(words, ", ")
	all.YAML = all.Cure.YAML()
	return &all
}

// figures are those of a report.
func figures(r *preflight.Report) Figures {
	f := Figures{
		Verdict: r.Verdict, Events: r.Plan.Events, Seconds: r.Plan.Seconds, Peak: r.Plan.PeakEvents,
		Overflow: r.Plan.Overflow, Behind: r.Order.Behind, AtRisk: r.Merges.AtRisk, Drained: r.Plan.Seconds,
		Findings: []string{},
	}
	for _, q := range r.Lag.All() {
		if q.Begins != nil && q.Worst > f.Lag {
			f.Lag, f.Late = q.Worst, q.Name
		}
		f.Drained = max(f.Drained, q.Drained)
	}
	for _, found := range r.Findings {
		if !slices.Contains(f.Findings, found.ID) {
			f.Findings = append(f.Findings, found.ID)
		}
	}
	return f
}

// Failed is the error of a trial that went wrong, nil if none did: a cure that makes a
// scenario wrong is a mistake of this program.
func (t *Table) Failed() error {
	for i := range t.Trials {
		if one := &t.Trials[i]; one.Error != "" {
			return fmt.Errorf("%s (%s): %s", one.What, strings.Join(one.Set, " "), one.Error)
		}
	}
	return nil
}
