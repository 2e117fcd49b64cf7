package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"rehearse/capture"
	"rehearse/generator"
	"rehearse/recording"
	"rehearse/results"
	"rehearse/scenario"
)

// resumedFile is what a run that resumes another writes into its directory, so
// that it can itself be resumed.
const resumedFile = "resumed.json"

// resumption is what is known of the runs that came before.
type resumption struct {
	Resumes   string          `json:"resumes"`   // the directory of the run before
	Accepted  int64           `json:"accepted"`  // events that are not sent again
	Ambiguous []results.Range `json:"ambiguous"` // events that may be ingested already, and are sent again

	accepted []results.Range
	broken   *generator.Broken // what is known of the run before, if it was killed
	whole    int64             // events of the whole replay
	checksum string            // of the recording; empty: not known
}

// longestChain bounds how many runs may follow each other.
const longestChain = 1000

// readResumption reads the ledgers of the run in directory and of those that it
// resumed. All of them must be of the scenario.
func readResumption(directory string, s *scenario.Scenario) (*resumption, error) {
	path, err := filepath.Abs(directory)
	if err != nil {
		return nil, err
	}
	r := &resumption{Resumes: path}
	var doubtful []results.Range
	own := 0
	for next, runs := path, 0; next != ""; runs++ {
		if runs > longestChain {
			return nil, fmt.Errorf("cannot resume %q: it goes back more than %d runs", directory, longestChain)
		}
		more, err := r.read(next, s)
		if err != nil {
			return nil, err
		}
		if runs == 0 {
			own = len(r.accepted)
		}
		doubtful = append(doubtful, more...)
		earlier, err := resumedBy(next)
		if err != nil {
			return nil, err
		}
		if next = ""; earlier != nil {
			next, doubtful = earlier.Resumes, append(doubtful, earlier.Ambiguous...)
		}
	}
	if r.broken != nil {
		r.broken.Before = r.accepted[own:]
	}
	r.settle(doubtful)
	return r, nil
}

// read adds the ledger of one run, and returns its ambiguous events.
func (r *resumption) read(path string, s *scenario.Scenario) (doubtful []results.Range, err error) {
	run, err := results.Open(path)
	if err != nil {
		return nil, coded{exitUsage, err}
	}
	if run.Result.Run.SHA256 != s.SHA256() {
		return nil, coded{exitScenario, fmt.Errorf("cannot resume %q: it ran another scenario, or with other overrides (compare its %s, and give the same flags)", path, results.ScenarioFile)}
	}
	ranges, err := run.Ledger()
	if err != nil {
		return nil, err
	}
	for _, l := range ranges {
		switch l.Fate {
		case capture.FateAccepted:
			r.accepted = append(r.accepted, l)
		case capture.FateAmbiguous:
			doubtful = append(doubtful, l)
		}
	}
	if path == r.Resumes && run.Result.Run.Ended == results.Killed {
		r.broken = &generator.Broken{Until: time.Duration(run.Result.Run.Seconds * float64(time.Second))}
	}
	r.whole, r.checksum = run.Result.Planned.Events, run.Result.Planned.Recording
	return doubtful, nil
}

// resumedBy returns what the run in path wrote about the one that it resumed; nil
// if it is the first.
func resumedBy(path string) (*resumption, error) {
	text, err := os.ReadFile(filepath.Join(path, resumedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r resumption
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("cannot read %s in %q: %w", resumedFile, path, err)
	}
	return &r, nil
}

// settle counts what was accepted, and keeps of the doubtful events those that
// were not accepted later.
func (r *resumption) settle(doubtful []results.Range) {
	accepted := results.Union(r.accepted)
	r.Accepted, r.Ambiguous = 0, nil
	for _, l := range accepted {
		r.Accepted += l.Count
	}
	for _, d := range results.Union(doubtful) {
		r.Ambiguous = accepted.Gaps(r.Ambiguous, d.First, d.Count)
	}
	for i := range r.Ambiguous {
		r.Ambiguous[i].Fate = capture.FateAmbiguous
	}
}

// write puts what is known of the runs before, if there were any, into the
// directory of this one.
func (r *resumption) write(directory string) error {
	if r == nil {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, resumedFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot note which run this one resumes: %w", err)
	}
	return nil
}

// announce says what is sent again.
func (r *resumption) announce(w world, left int64) {
	fmt.Fprintf(w.stderr, "resuming %s: %s events were accepted, %s are left\n", r.Resumes, humanize.Comma(r.Accepted), humanize.Comma(left))
	for i, a := range r.Ambiguous {
		if i == mostAnnounced {
			fmt.Fprintf(w.stderr, "note: and %d more stretches, which %s lists\n", len(r.Ambiguous)-i, resumedFile)
			break
		}
		fmt.Fprintf(w.stderr, "note: events %d to %d may have been ingested and are sent again\n", a.First, a.First+a.Count-1)
	}
}

// mostAnnounced is how many stretches of doubtful events are printed.
const mostAnnounced = 10

// openSource opens what s sends, or what is left of it if directory names a run
// to resume.
func openSource(w world, s *scenario.Scenario, p part, directory string) (generator.Source, generator.Plan, *resumption, error) {
	announceReading(w, s)
	if directory == "" {
		source, plan, err := p.open(s)
		if err != nil {
			err = coded{exitScenario, err}
		}
		return source, plan, nil, err
	}
	if p.shard.Of > 1 {
		return nil, generator.Plan{}, nil, coded{exitUsage, errors.New("cannot resume a shard: give --resume or --shard, not both")}
	}
	r, err := readResumption(directory, s)
	if err != nil {
		return nil, generator.Plan{}, nil, err
	}
	source, plan, err := generator.OpenRest(s, r.accepted, r.broken)
	switch {
	case err != nil:
	case plan.Whole != r.whole:
		err = fmt.Errorf("cannot resume %q: the recording has %d events now and had %d then", directory, plan.Whole, r.whole)
	case r.checksum != "" && plan.Recording != r.checksum:
		err = fmt.Errorf("cannot resume %q: the recording has as many events as then, but they are others, or in another order (give it the files as they were)", directory)
	}
	if err != nil {
		return nil, generator.Plan{}, nil, coded{exitScenario, err}
	}
	r.settle(append(plan.Doubtful, r.Ambiguous...))
	r.announce(w, plan.Events)
	return source, plan, r, nil
}

// announceReading says that a large recording is read before anything is sent, which
// takes its time.
func announceReading(w world, s *scenario.Scenario) {
	if s.Replay == nil {
		return
	}
	if size := recording.Size(s.Replay.Paths); size >= 64<<20 {
		fmt.Fprintf(w.stderr, "reading %s of recordings to plan the run\n", humanize.Bytes(uint64(size)))
	}
}
