package report

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/compare"
	"rehearse/results/rundir"
)

// previousRun is the last run of the same scenario before this one, and how they compare.
type previousRun struct {
	ID         string
	Comparison *compare.Comparison // nil: they cannot be compared
	Because    string              // why not
}

// mostBeside is how many directories beside that of a run are looked at.
const mostBeside = 200

// newPrevious looks for the previous run among the directories beside that of a run, and
// compares the two; nil: there is none, or this run is one of several shards or did not
// complete.
func newPrevious(run *rundir.Run) *previousRun {
	start, err := run.Result.Run.Start()
	if err != nil || !isWhole(run.Result) {
		return nil
	}
	path := latestBefore(run, start)
	if path == "" {
		return nil
	}
	older, err := rundir.Open(path)
	if err != nil {
		return nil
	}
	p := &previousRun{ID: text.Printable(older.Result.Run.ID, 80)}
	if p.Comparison, err = compare.Runs(older, run, compare.DefaultTolerance); err != nil {
		p.Comparison, p.Because = nil, text.Printable(err.Error(), 300)
	}
	return p
}

// isWhole says whether a run is a whole one.
func isWhole(r *results.Result) bool { return r.Run.Ended == results.Completed && r.Run.Shard.Of <= 1 }

// latestBefore is the directory of the latest complete run of the same scenario that
// began before start, of the last directories by name; empty: there is none.
func latestBefore(run *rundir.Run, start time.Time) (path string) {
	parent, own := filepath.Dir(run.Path), filepath.Base(run.Path)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return ""
	}
	slices.Reverse(entries) // names begin with the time, unless somebody chose others
	latest := time.Time{}
	for _, e := range entries[:min(len(entries), mostBeside)] {
		if e.Name() == own || !e.IsDir() {
			continue
		}
		data, err := readHead(filepath.Join(parent, e.Name()), rundir.ResultFile, maxBeside)
		if err != nil {
			continue
		}
		r, err := rundir.ParseResult(data)
		if err != nil || r.Run.Scenario != run.Result.Run.Scenario || !isWhole(r) {
			continue
		}
		if began, err := r.Run.Start(); err == nil && began.Before(start) && began.After(latest) {
			path, latest = filepath.Join(parent, e.Name()), began
		}
	}
	return path
}
