package main

import (
	"fmt"
	"io"
	"time"

	"rehearse/capture"
	"rehearse/generator"
	"rehearse/results"
	"rehearse/scenario"
)

// sampleRejected prints the first n events that the run in a directory sent and
// the endpoint did not accept. Which they are says the ledger; what they were
// follows from the scenario.
func sampleRejected(out io.Writer, s *scenario.Scenario, directory string, n int64) error {
	run, err := results.Open(directory)
	if err != nil {
		return err
	}
	facts := &run.Result.Run
	if facts.SHA256 != s.SHA256() {
		return fmt.Errorf("cannot print the events of %q: it ran another scenario, or with other overrides (compare its %s, and give the same with --set)", directory, results.ScenarioFile)
	}
	start, err := time.Parse(time.RFC3339, facts.StartedAt)
	if err != nil {
		return fmt.Errorf("cannot tell when the run began: %w", err)
	}
	ranges, err := run.Ledger()
	if err != nil {
		return err
	}
	return generator.SampleLost(out, s, generator.Lost{Start: start, Shards: max(facts.Merged, facts.Shard.Of), Ranges: refused(ranges, n)})
}

// refused are the first n events of a ledger that were sent and not accepted.
func refused(ledger []results.Range, n int64) (some []results.Range) {
	for _, r := range ledger {
		if n > 0 && (r.Fate == capture.FateRejected || r.Fate == capture.FateAmbiguous) {
			r.Count = min(r.Count, n)
			n -= r.Count
			some = append(some, r)
		}
	}
	return some
}
