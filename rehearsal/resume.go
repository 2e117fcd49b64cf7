package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// resumedFile is what a run that resumes another writes into its directory, so
// that it can itself be resumed.
const resumedFile = "resumed.json"

// resumedByFile is what it writes into the directory of the one that it resumes,
// which must not be resumed once more: what the first sent would be sent again.
const resumedByFile = "resumed-by.json"

// successor is what resumedByFile says.
type successor struct {
	ResumedBy string `json:"resumed_by"` // a directory
}

// resumption is what is known of the runs that came before.
type resumption struct {
	Resumes   string          `json:"resumes"`    // the directory of the run before
	Accepted  int64           `json:"accepted"`   // events that are not sent again
	Ambiguous []results.Range `json:"ambiguous"`  // events that may be ingested already, and are sent again
	Skipped   time.Duration   `json:"skipped_ns"` // how much earlier than in the whole its events are due

	runs     []*earlier // the last one first
	accepted []results.Range
	lock     *rundir.Lock // of the last one's directory; nil: of a version without
}

// earlier is one of the runs that came before.
type earlier struct {
	*Past
	ledger *rundir.Ledger
	state  rundir.State
	known  bool // the state is
}

// longestChain bounds how many runs may follow each other.
const longestChain = 1000

// readResumption reads the ledgers of the run in directory and of those that it
// resumed, and holds the directory, so that no other process resumes it meanwhile.
func readResumption(directory string) (*resumption, error) {
	path, err := filepath.Abs(directory)
	if err != nil {
		return nil, err
	}
	r := &resumption{Resumes: path}
	if r.lock, err = rundir.Hold(path); err != nil {
		return nil, usage(fmt.Errorf("cannot resume %q: %w", directory, err))
	}
	err = unresumed(path)
	if err == nil {
		err = r.readChain(path)
	}
	if err != nil {
		return nil, errors.Join(err, r.lock.Close())
	}
	return r, nil
}

// unresumed is an error if the run in a directory was resumed already, unless the
// directory of the run that did it is gone.
func unresumed(path string) error {
	text, err := rundir.ReadFile(path, resumedByFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var by successor
	if err == nil {
		err = json.Unmarshal(text, &by)
	}
	if err != nil {
		return fmt.Errorf("cannot read %s in %q: %w", resumedByFile, path, err)
	}
	if _, err := os.Stat(by.ResumedBy); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return usage(fmt.Errorf("cannot resume %q: %q has resumed it already, and what that sent would be sent again "+
		"(resume that one)", path, by.ResumedBy))
}

// release gives the directory back.
func (r *resumption) release() {
	if r != nil {
		r.lock.Close() // it was only read
	}
}

// readChain reads the run in a directory and those before it.
func (r *resumption) readChain(path string) error {
	var doubtful []results.Range
	for next := path; next != ""; {
		if len(r.runs) > longestChain {
			return fmt.Errorf("cannot resume %q: it goes back more than %d runs", path, longestChain)
		}
		e, err := readEarlier(next)
		if err != nil {
			return err
		}
		r.runs = append(r.runs, e)
		if facts, last := &e.Result.Run, &r.runs[0].Result.Run; facts.SHA256 != last.SHA256 ||
			facts.Seed != last.Seed || facts.Shard != last.Shard {
			return wrongScenario(fmt.Errorf("cannot resume %q: the run before it, %q, ran another scenario, "+
				"seed or shard", path, next))
		}
		for _, l := range e.ledger.Ranges {
			switch l.Fate {
			case capture.FateAccepted:
				r.accepted = append(r.accepted, l)
			case capture.FateAmbiguous, capture.FateMayBeStored:
				doubtful = append(doubtful, l)
			}
		}
		before, err := resumedBy(next)
		if err != nil {
			return err
		}
		if next = ""; before != nil {
			next, doubtful = before.Resumes, append(doubtful, before.Ambiguous...)
		}
	}
	r.settle(doubtful)
	return nil
}

// readEarlier reads one run.
func readEarlier(path string) (*earlier, error) {
	past, err := OpenPast(path)
	if err != nil {
		return nil, err
	}
	e := &earlier{Past: past}
	e.state, _, err = rundir.ReadState(path)
	if e.known = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if e.ledger, err = past.Ledger(); err != nil {
		return nil, fmt.Errorf("cannot read the run %q: %w", path, err)
	}
	return e, nil
}

// resumedBy returns what the run in path wrote about the one that it resumed; nil
// if it is the first.
func resumedBy(path string) (*resumption, error) {
	text, err := rundir.ReadFile(path, resumedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r *resumption
	if err == nil {
		r, err = parseResumed(text)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s in %q: %w", resumedFile, path, err)
	}
	return r, nil
}

// parseResumed reads the text of a resumedFile.
func parseResumed(text []byte) (*resumption, error) {
	var r resumption
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	for _, a := range r.Ambiguous {
		if a.First < 0 || a.Count <= 0 || a.Count > math.MaxInt64-a.First {
			return nil, fmt.Errorf("%d events from number %d on cannot be", a.Count, a.First)
		}
	}
	if r.Resumes == "" || r.Accepted < 0 || r.Skipped < 0 {
		return nil, errors.New("it does not say which run was resumed, or how much of it was accepted")
	}
	return &r, nil
}

// broken are those of the runs of which it is not known what became of all that they
// sent: the last one, if it was killed, and all whose ledger is damaged.
func (r *resumption) broken() (all []*source.BrokenRun) {
	for i, e := range r.runs {
		// It is held by us, so that it is not running any more, whatever it says.
		killed := i == 0 && (e.Result.Run.Ended == results.Killed || e.Result.Run.Ended == results.Running)
		if !killed && len(e.ledger.Damage) == 0 {
			continue
		}
		b := &source.BrokenRun{Known: e.ledger.Ranges, Below: math.MaxInt64}
		for _, before := range r.runs[i+1:] {
			b.Before = append(b.Before, accepted(before.ledger.Ranges)...)
		}
		switch {
		case e.known:
			b.Below = e.state.Reach.Below
		case killed:
			b.Below, b.Until = -1, time.Duration(e.Result.Run.Seconds*float64(time.Second))
		}
		all = append(all, b)
	}
	return all
}

// accepted are the events of a ledger that were.
func accepted(ledger []results.Range) []results.Range {
	return slices.DeleteFunc(slices.Clone(ledger), func(l results.Range) bool { return l.Fate != capture.FateAccepted })
}

// settle counts what was accepted, and keeps of the doubtful events those that
// were not accepted later.
func (r *resumption) settle(doubtful []results.Range) {
	accepted := results.Union(r.accepted)
	r.Accepted, r.Ambiguous = 0, []results.Range{}
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
	here, err := filepath.Abs(directory)
	if err == nil {
		err = errors.Join(keepJSON(directory, resumedFile, r), keepJSON(r.Resumes, resumedByFile, successor{here}))
	}
	if err != nil {
		return fmt.Errorf("cannot note which run this one resumes: %w", err)
	}
	return nil
}

// keepJSON writes a file of a run directory.
func keepJSON(directory, name string, content any) error {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	return rundir.Replace(directory, name, append(text, '\n'))
}

// announce says what is sent again, and why that is not known better.
func (r *resumption) announce(note noteFunc, left int64) {
	for _, run := range r.runs {
		for _, d := range run.ledger.Damage {
			note("warning: %s: what became of the events that stood there is not known: they count as ambiguous",
				filepath.Join(run.Path, d.String()))
		}
	}
	note("resuming %s: %s events were accepted, %s are left", r.Resumes, text.Count(r.Accepted),
		text.Count(left))
	for i, a := range r.Ambiguous {
		if i == mostAnnounced {
			note("note: and %d more stretches, which %s lists", len(r.Ambiguous)-i, resumedFile)
			break
		}
		note("note: events %d to %d may have been ingested and are sent again", a.First, a.First+a.Count-1)
	}
}

// mostAnnounced is how many stretches of doubtful events are printed.
const mostAnnounced = 10

// doubt is what the new run's result says of events that may be stored twice.
func (r *resumption) doubt() []string {
	var events int64
	for _, a := range r.Ambiguous {
		events += a.Count
	}
	if events == 0 {
		return nil
	}
	return []string{fmt.Sprintf("this run resumes %s, and it is not known of %s of its events whether they had "+
		"arrived already: they are sent again, and may be stored twice", filepath.Base(r.Resumes),
		text.Count(events))}
}
