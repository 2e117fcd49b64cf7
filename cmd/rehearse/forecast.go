package main

import (
	"bytes"
	"fmt"
	"time"

	"rehearse/generator"
	"rehearse/preflight"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// checkFile is what a run of synthesized traffic leaves in its directory of what
// was foretold, so that reports can show it beside what came of it.
const checkFile = "check.json"

// forecast is what a check in closed form says of s, sent to a destination; nil
// for a replay, which would have to be read once more.
func forecast(s *scenario.Scenario, to *generator.Destination) *preflight.Report {
	if s.Traffic == nil {
		return nil
	}
	now := time.Now()
	return preflight.Check(preflight.Input{Scenario: s, Load: estimatedLoad(s, nil, to, now), Now: now})
}

// eventBytes is what an event weighs in a body, as foretold; 0: nobody knows.
func eventBytes(r *preflight.Report) int {
	if r == nil {
		return 0
	}
	return int(r.Plan.BodyBytes / max(r.Plan.Events, 1))
}

// keepCheck writes what was foretold into a run directory.
func keepCheck(directory string, r *preflight.Report) error {
	if r == nil {
		return nil
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	if err := rundir.Replace(directory, checkFile, text.Bytes()); err != nil {
		return fmt.Errorf("cannot keep what was foretold: %w", err)
	}
	return nil
}

// denials are the reasons for which a check refuses what it looked at, each with
// its place and what to do: no permit makes a load test of a denial of service.
func denials(r *preflight.Report) (reasons []string) {
	if r == nil {
		return nil
	}
	for _, f := range r.Findings {
		if f.Severity == preflight.SeverityRefuse {
			reasons = append(reasons, fmt.Sprintf("%s: %s: %s (%s)", f.Where, f.ID, f.Message, f.Hint))
		}
	}
	return reasons
}
