package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"rehearse/results"
	"rehearse/results/judge"
)

// Directory is a run being written down. One goroutine uses it.
//
// A failure to write, such as a full disk, does not stop a run. The first is
// returned by the Write that met it; after that nothing more is appended, so
// that the files hold a clean beginning of the run, later calls of Write return
// nil, and Close declares the run invalid for that cause.
type Directory struct {
	*Dir
	judge *judge.Judge

	latency  histogramLog
	timeline growing
	ledger   ledgerFile
	rejected rejectedFiles

	failure error // the first
	latest  *results.Result
}

// Create makes the directory of a run, which must not exist or be empty, writes
// the scenario into it and a first result.json.
func Create(path string, m results.Manifest) (*Directory, error) {
	dir, err := Make(path, m.RunID)
	if err != nil {
		return nil, fmt.Errorf("cannot create run directory %q: %w", path, advise(err))
	}
	d := &Directory{Dir: dir, judge: judge.NewJudge(&m), rejected: rejectedFiles{directory: path, limit: maxSegment}}
	err = Replace(path, ScenarioFile, m.ScenarioYAML)
	if err == nil && m.Resolved != nil {
		err = Replace(path, ResolvedFile, m.Resolved)
	}
	if err == nil {
		err = d.openFiles(&m)
	}
	if err == nil {
		err = d.writeResult(d.result(results.Final{Ended: results.Running}, results.Count{}))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot create run directory %q: %w", path, errors.Join(advise(err), d.Abandon()))
	}
	return d, nil
}

// Abandon removes the directory of a run that has not begun.
func (d *Directory) Abandon() error {
	return errors.Join(d.closeFiles(), d.Discard())
}

// advise adds to an error of the file system what can be done about it.
func advise(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (choose a directory that you may write to)", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (free some space, or choose a directory on another disk)", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w (raise the limit, ulimit -n, or use fewer connections)", err)
	}
	return err
}

// openFiles makes the files that grow, each with its header.
func (d *Directory) openFiles(m *results.Manifest) error {
	for _, f := range []struct {
		name, header string
		file         *growing
	}{
		{LatencyFile, hlogHeader(m.StartedAt), &d.latency.growing},
		{TimelineFile, timelineHeader(), &d.timeline},
		{LedgerFile, ledgerHeader(m.RunID), &d.ledger.growing},
	} {
		if err := f.file.create(d.Path, f.name); err != nil {
			return err
		}
		if err := f.file.append([]byte(f.header)); err != nil {
			return err
		}
	}
	return d.rejected.open()
}

// closeFiles closes the files that grow.
func (d *Directory) closeFiles() error {
	return errors.Join(d.rejected.out.Close(), d.latency.Close(), d.timeline.Close(), d.ledger.Close())
}

// Fates is what became of which events so far, as the ledger has it.
func (d *Directory) Fates() (*Ledger, error) {
	if d.failure != nil {
		return nil, d.failure
	}
	file, err := OpenFile(d.Path, LedgerFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadLedger(file)
}

// MayLeave writes down how far the run may get from now on. Unlike all others it
// may be called from any goroutine, and must be before anything leaves that goes
// further.
func (d *Directory) MayLeave(r results.Reach) error {
	if err := d.Advance(r); err != nil {
		return fmt.Errorf("cannot write down what is about to be sent: %w", err)
	}
	return nil
}

// Write writes an interval down: a line or more in every file, then result.json
// as things stand. A run killed at any moment leaves whole intervals and at most
// one torn one. The error is the first failure; see Directory.
func (d *Directory) Write(iv *results.Interval) error {
	d.judge.Observe(iv)
	if d.failure != nil {
		return nil
	}
	err := d.append(iv)
	if err == nil {
		d.latest = d.result(results.Final{Ended: results.Running}, iv.InFlight)
		err = d.writeResult(d.latest)
	}
	if err == nil {
		return nil
	}
	d.fail(err)
	// There is room for it again. What is left out is named in it.
	if err := d.writeResult(d.result(results.Final{Ended: results.Running}, iv.InFlight)); err != nil {
		d.failure = errors.Join(d.failure, err)
	}
	return d.failure
}

// Latest is the result as of the last interval that was written; nil before the first.
func (d *Directory) Latest() *results.Result { return d.latest }

// fail notes the first failure to write, and that what comes after it may be
// missing, and makes room for the last words.
func (d *Directory) fail(err error) {
	if d.failure != nil {
		return
	}
	d.failure = fmt.Errorf("cannot write run directory %q: %w",
		d.Path, errors.Join(advise(err), d.Enter(Unwritten), d.Release()))
}

// append writes the interval at the end of every file that grows.
func (d *Directory) append(iv *results.Interval) error {
	if err := d.latency.write(iv); err != nil {
		return err
	}
	if err := d.rejected.writeInterval(iv); err != nil {
		return err
	}
	return errors.Join(d.ledger.write(iv.Ledger), d.timeline.append(appendRow(nil, results.RowOf(iv))))
}

// AppendRejections writes down refused requests that no interval holds, as a merge
// has them, and how many more there were whose details were not kept.
func (d *Directory) AppendRejections(lines []RejectionLine, leftOut int64, to time.Duration) error {
	return d.rejected.writeLines(lines, leftOut, to)
}

// AppendLedger writes down what became of events, which no interval holds, as a merge has
// them.
func (d *Directory) AppendLedger(ranges []results.Range) error { return d.ledger.write(ranges) }

// Close writes the final result.json and judges the run. The Result is there
// even with an error, which says that the directory lacks something; the verdict
// then is Invalid. Close after the Interval of the last Tick was written.
func (d *Directory) Close(f results.Final) (*results.Result, error) {
	if err := errors.Join(d.flush(), d.closeFiles()); err != nil {
		d.fail(err)
	}
	r := d.result(f, results.Count{})
	if err := d.writeLast(r); err != nil {
		d.fail(err)
		r = d.result(f, results.Count{})
		if err := d.writeLast(r); err != nil {
			d.failure = errors.Join(d.failure, err)
		}
	}
	return r, errors.Join(d.failure, d.Lock.Close())
}

// writeLast writes the result that stays, and says so where the run is held.
func (d *Directory) writeLast(r *results.Result) error {
	text, err := encode(r)
	if err == nil {
		err = errors.Join(d.Release(), Replace(d.Path, ResultFile, text))
	}
	if err == nil {
		err = d.Enter(Closed)
	}
	return err
}

// flush writes what still waited for more.
func (d *Directory) flush() error {
	if d.failure != nil {
		return nil
	}
	return d.latency.flush()
}

// result is the Result as things stand.
func (d *Directory) result(f results.Final, inFlight results.Count) *results.Result {
	e := judge.Evidence{Failure: d.failure, LeftOut: d.rejected.gone}
	if f.Ended != results.Running {
		e.Endpoint, _ = readEndpoint(d.Path) // what cannot be read is said by whoever opens the directory
	}
	r := d.judge.Result(f, inFlight, &e)
	r.Ledger = &results.LedgerSize{Segments: int64(d.ledger.segments), Bytes: d.ledger.size}
	return r
}

// writeResult replaces result.json in one step: a reader finds the old one or
// the new one, whole.
func (d *Directory) writeResult(r *results.Result) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	return ReplaceSoon(d.Path, ResultFile, text)
}
