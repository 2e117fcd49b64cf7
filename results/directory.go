package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// The files of a run directory.
const (
	ScenarioFile = "scenario.yaml"
	ResultFile   = "result.json"
	LatencyFile  = "latency.hlog"
	TimelineFile = "timeline.csv"
	RejectedFile = "rejected.jsonl.gz"
	LedgerFile   = "ledger"
)

// The files that only some run directories have. Others write them; reports show
// what is there.
const (
	CheckFile    = "check.json"    // what the preflight said of the scenario
	ResolvedFile = "resolved.yaml" // the scenario as it was used, from which the run can be made again
	EndpointFile = "endpoint.json" // what the embedded endpoint had counted at the end
	PermitFile   = "permit.yaml"   // the permit that the run was allowed by, as signed
)

// Manifest is what is known of a run before it starts.
type Manifest struct {
	RunID        string
	Scenario     string // its name
	SHA256       string // of the scenario file as it was read, in hexadecimal; empty: of ScenarioYAML
	Seed         uint64
	StartedAt    time.Time // the instant that all offsets count from
	Target       string    // URL without secrets
	Permit       string    // the id of the permit that it ran under; empty: none
	Planned      Planned
	Shard        Shards      // zero: the whole run
	Connections  int         // how many it may use at once; 0: not known
	Starts       []time.Time // of the shards that were joined, in their order; nil: it is no merge
	ScenarioYAML []byte      // the scenario file, its secrets redacted
	Resolved     []byte      // the scenario as it was used; nil: not known
	Thresholds   []scenario.Threshold
	Stages       []schedule.StageSpan // of the load, in order; more than MaxStages are left out of the result
	Warnings     []string             // doubts that were there before the run, such as lines of a recording that cannot be sent
}

// MaxStages is how many stages a result lists.
const MaxStages = 100

// Final is what is known of a run when it is over.
type Final struct {
	Ended   Ended   // Completed, Aborted or Interrupted
	Why     string  // what aborted or interrupted it
	Planned Planned // zero: as in the Manifest
	Rule    string  // the abort rule that ended it, as written
	Note    string  // what a reader should know that was found on the way; empty: nothing

	EndpointSum *EndpointSum // nil: the endpoint is not ours to ask
}

// Directory is a run being written down. One goroutine uses it.
//
// A failure to write, such as a full disk, does not stop a run. The first is
// returned by the Write that met it; after that nothing more is appended, so
// that the files hold a clean beginning of the run, later calls of Write return
// nil, and Close declares the run invalid for that cause.
type Directory struct {
	*rundir.Dir
	manifest Manifest
	before   process // what the process had used when the directory was made

	latency, timeline, ledger growing
	rejected                  rejectedFiles

	lines   bytes.Buffer // reused for latency.hlog
	log     hlogWriter
	entries ledgerWriter
	demands []*demand
	walk    *walk
	doctor  *doctor

	generator *Generator // of a merge: what the shards took
	frame     []byte     // reused for the ledger

	used    process       // what the process had used at the end of the last interval
	total   *Tally        // of the last interval
	elapsed time.Duration // until the last interval's end
	failure error         // the first
}

// Create makes the directory of a run, which must not exist or be empty, writes
// the scenario into it and a first result.json.
func Create(path string, m Manifest) (*Directory, error) {
	if m.Shard.Of == 0 {
		m.Shard.Of = 1
	}
	if m.SHA256 == "" {
		sum := sha256.Sum256(m.ScenarioYAML)
		m.SHA256 = hex.EncodeToString(sum[:])
	}
	dir, err := rundir.Make(path, m.RunID)
	if err != nil {
		return nil, fmt.Errorf("cannot create run directory %q: %w", path, advise(err))
	}
	d := &Directory{Dir: dir, manifest: m, before: measureProcess(), total: NewTally(), rejected: rejectedFiles{directory: path, limit: maxSegment}}
	d.used = d.before
	d.demands, d.walk, d.doctor = newDemands(m.Thresholds, m.Stages), newWalk(&m), newDoctor()
	err = rundir.Replace(path, ScenarioFile, m.ScenarioYAML)
	if err == nil && m.Resolved != nil {
		err = rundir.Replace(path, ResolvedFile, m.Resolved)
	}
	if err == nil {
		err = d.openFiles()
	}
	if err == nil {
		err = d.writeResult(d.result(Final{Ended: Running}, Count{}))
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
func (d *Directory) openFiles() error {
	for _, f := range []struct {
		name, header string
		file         *growing
	}{
		{LatencyFile, hlogHeader(d.manifest.StartedAt), &d.latency},
		{TimelineFile, timelineHeader(), &d.timeline},
		{LedgerFile, ledgerHeader(d.manifest.RunID), &d.ledger},
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
	file, err := rundir.Open(d.Path, LedgerFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadLedger(file)
}

// MayLeave writes down how far the run may get from now on. Unlike all others it
// may be called from any goroutine, and must be before anything leaves that goes
// further.
func (d *Directory) MayLeave(r Reach) error {
	if err := d.Advance(r); err != nil {
		return fmt.Errorf("cannot write down what is about to be sent: %w", err)
	}
	return nil
}

// Write writes an interval down: a line or more in every file, then result.json
// as things stand. A run killed at any moment leaves whole intervals and at most
// one torn one. The error is the first failure; see Directory.
func (d *Directory) Write(iv *Interval) error {
	d.total, d.elapsed = iv.Total, iv.To
	d.used = measureProcess()
	d.doctor.observe(iv)
	for _, demand := range d.demands {
		demand.observe(iv.From, iv.To, &iv.Tally)
	}
	d.walk.observe(iv.From, iv.To, &iv.Tally)
	if d.failure != nil {
		return nil
	}
	err := d.append(iv)
	if err == nil {
		err = d.writeResult(d.result(Final{Ended: Running}, iv.InFlight))
	}
	if err == nil {
		return nil
	}
	d.fail(err)
	// There is room for it again. What is left out is named in it.
	if err := d.writeResult(d.result(Final{Ended: Running}, iv.InFlight)); err != nil {
		d.failure = errors.Join(d.failure, err)
	}
	return d.failure
}

// fail notes the first failure to write, and that what comes after it may be
// missing, and makes room for the last words.
func (d *Directory) fail(err error) {
	if d.failure != nil {
		return
	}
	d.failure = fmt.Errorf("cannot write run directory %q: %w", d.Path, errors.Join(advise(err), d.Enter(rundir.Unwritten), d.Release()))
}

// append writes the interval at the end of every file that grows.
func (d *Directory) append(iv *Interval) error {
	d.lines.Reset()
	if err := d.log.add(&d.lines, iv); err != nil {
		return err
	}
	member, err := d.rejected.encode(iv)
	if err == nil {
		err = d.rejected.write(member, account{int64(len(iv.Rejected)), iv.LeftOut}, iv.To)
	}
	if err != nil {
		return err
	}
	d.frame = d.entries.append(d.frame[:0], iv.Ledger)
	return errors.Join(d.latency.append(d.lines.Bytes()), d.ledger.append(d.frame), d.timeline.append(appendRow(nil, RowOf(iv))))
}

// Close writes the final result.json and judges the run. The Result is there
// even with an error, which says that the directory lacks something; the verdict
// then is Invalid. Close after the Interval of the last Tick was written.
func (d *Directory) Close(f Final) (*Result, error) {
	if err := errors.Join(d.flush(), d.closeFiles()); err != nil {
		d.fail(err)
	}
	r := d.result(f, Count{})
	if err := d.writeLast(r); err != nil {
		d.fail(err)
		r = d.result(f, Count{})
		if err := d.writeLast(r); err != nil {
			d.failure = errors.Join(d.failure, err)
		}
	}
	return r, errors.Join(d.failure, d.Lock.Close())
}

// writeLast writes the result that stays, and says so where the run is held.
func (d *Directory) writeLast(r *Result) error {
	text, err := r.encode()
	if err == nil {
		err = errors.Join(d.Release(), rundir.Replace(d.Path, ResultFile, text))
	}
	if err == nil {
		err = d.Enter(rundir.Closed)
	}
	return err
}

// flush writes what still waited for more.
func (d *Directory) flush() error {
	if d.failure != nil {
		return nil
	}
	d.lines.Reset()
	if err := d.log.flush(&d.lines); err != nil {
		return err
	}
	return d.latency.append(d.lines.Bytes())
}

// result is the Result as things stand.
func (d *Directory) result(f Final, inFlight Count) *Result {
	r := newResult(&d.manifest, d.total, d.elapsed)
	r.Stages = d.walk.rows(d.manifest.Stages)
	r.Ledger = &LedgerFacts{Segments: int64(d.entries.segments), Bytes: d.ledger.size}
	r.Run.Ended, r.Run.Why, r.Run.Rule = f.Ended, f.Why, f.Rule
	if f.Planned != (Planned{}) {
		r.Planned = f.Planned
	}
	if f.Ended == Running {
		r.project(inFlight)
	}
	r.Generator.CPUSeconds = (d.used.cpu - d.before.cpu).Round(time.Millisecond).Seconds()
	r.Generator.RSSBytes = d.used.peak
	r.Generator.Connections = int64(d.manifest.Connections)
	var doubts []string
	if d.failure != nil {
		doubts = append(doubts, d.failure.Error())
	}
	if r.EndpointSum = f.EndpointSum; r.EndpointSum != nil && r.EndpointSum.Verdict == SumDiffers {
		doubts = append(doubts, r.EndpointSum.String())
	}
	r.Generator.Health = d.doctor.rounded()
	if d.generator != nil {
		r.Generator.CPUSeconds, r.Generator.RSSBytes, r.Generator.Health = d.generator.CPUSeconds, d.generator.RSSBytes, d.generator.Health
		r.Generator.Connections = d.generator.Connections
	}
	notes := d.manifest.Warnings
	if f.Note != "" {
		notes = append(slices.Clone(notes), f.Note)
	}
	e := evidence{tally: d.total, demands: d.demands, doubts: doubts, notes: notes, leftOut: d.rejected.gone}
	if f.Ended != Running {
		e.farEnd, _ = readFarEnd(d.Path) // what cannot be read is said by whoever opens the directory
	}
	judge(r, e)
	return r
}

// writeResult replaces result.json in one step: a reader finds the old one or
// the new one, whole.
func (d *Directory) writeResult(r *Result) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	return rundir.ReplaceSoon(d.Path, ResultFile, text)
}
