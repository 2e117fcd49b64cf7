package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"rehearse/capture"
	"rehearse/generator"
	"rehearse/results"
	"rehearse/scenario"
)

// sampleRejected prints the first n events that the run in a directory sent and
// the endpoint did not accept. Which they are says the ledger; what they were
// follows from the scenario.
// With certain it leaves out what may be stored all the same.
func sampleRejected(e env, out io.Writer, g given, directory string, n int64, certain bool) error {
	run, err := openKept(directory)
	if err != nil {
		return exitError{exitScenario, err}
	}
	s, missing, err := run.scenario(g)
	if err != nil {
		return fmt.Errorf("cannot print the events of %q: %w", directory, err)
	}
	if needed := neededFor(s, missing); len(needed) > 0 {
		return fmt.Errorf("cannot print the events of %q: %w", directory, lacking(needed))
	}
	lost, err := run.lost(e, n, certain)
	if err == nil {
		err = generator.SampleLost(out, s, lost, func(sums []scenario.FileSum) error { return run.unchanged(s, sums) })
	}
	if err != nil {
		return exitError{exitScenario, err}
	}
	return nil
}

// neededFor are those of the missing secrets without which the events of s are not
// what they were: a token is in none of them, unless the scenario says it elsewhere.
func neededFor(s *scenario.Scenario, missing []scenario.SecretRef) (needed []scenario.SecretRef) {
	for _, ref := range missing {
		if ref.Elsewhere || s.Replay != nil && s.Replay.Pseudonymize && ref.Path == "replay.key" {
			needed = append(needed, ref)
		}
	}
	return needed
}

// lost are the first n events of a run that were sent and not accepted, as they were
// sent; with certain those that are certain not to be stored.
func (k *keptRun) lost(e env, n int64, certain bool) (lost generator.Lost, err error) {
	facts := &k.Result.Run
	ledger, err := k.Ledger()
	if err != nil {
		return lost, err
	}
	for _, d := range ledger.Damage {
		fmt.Fprintf(e.stderr, "warning: %s: events that stood there are not listed\n", filepath.Join(k.Path, d.String()))
	}
	before, err := resumedBy(k.Path)
	if err != nil {
		return lost, err
	}
	lost = generator.Lost{Shards: max(facts.Merged, facts.Shard.Of), Ranges: refused(ledger.Ranges, n, certain)}
	if before != nil {
		lost.Skipped = before.Skipped
	}
	for _, text := range facts.Starts {
		start, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return lost, fmt.Errorf("cannot tell when a shard began: %w", err)
		}
		lost.Starts = append(lost.Starts, start)
	}
	if len(lost.Starts) == 0 {
		start, err := facts.Start()
		lost.Starts = []time.Time{start}
		return lost, err
	}
	return lost, nil
}

// refused are the first n events of a ledger that were sent and not accepted; with
// certain those that are certain not to be stored.
func refused(ledger []results.Range, n int64, certain bool) (some []results.Range) {
	for _, r := range ledger {
		doubtful := r.Fate == capture.FateAmbiguous || r.Fate == capture.FateMayBeStored
		if n > 0 && (r.Fate == capture.FateRejected || doubtful && !certain) {
			r.Count = min(r.Count, n)
			n -= r.Count
			some = append(some, r)
		}
	}
	return some
}
