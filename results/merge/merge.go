package merge

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Merge joins the run directories of all inputs of one run into a new directory
// and judges it. Histograms are added bucket for bucket, timelines are laid over
// each other by the wall clock, ledgers are united. It refuses runs of different
// scenarios or seeds, inputs that are missing or given twice, runs that were not
// closed, and ledgers that overlap.
//
// Thresholds are those of the inputs. One on every window or on a stage that asks
// for a status counts the requests of a reason under the status that the reason
// had most: by the second, only reasons are written down.
func Merge(path string, dirs []string) (*results.Result, error) {
	shards, err := openShards(dirs)
	if err != nil {
		return nil, fmt.Errorf("cannot merge: %w", err)
	}
	m, err := newMerger(shards)
	if err != nil {
		return nil, fmt.Errorf("cannot merge: %w", err)
	}
	m.manifest.Generator = m.generator() // the machine that merges says nothing of those that ran
	d, err := rundir.Create(path, m.manifest)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(m.copyBeside(path), m.joinEndpointCounts(path), m.write(d)); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot merge: %w", err), d.Abandon())
	}
	return d.Close(m.final())
}

// input is one of the runs and how much later than the first it started.
type input struct {
	*rundir.Run
	offset time.Duration
}

// openShards opens the directories and makes sure that together they are one run.
func openShards(dirs []string) ([]*input, error) {
	var shards []*input
	for _, dir := range dirs {
		run, err := rundir.Open(dir)
		if err != nil {
			return nil, err
		}
		shards = append(shards, &input{Run: run})
	}
	if len(shards) < 2 {
		return nil, errors.New("it takes two run directories at least")
	}
	first := &shards[0].Result.Run
	seen := map[int]string{}
	for _, s := range shards {
		run := &s.Result.Run
		switch {
		case run.SHA256 != first.SHA256 || run.Seed != first.Seed:
			return nil, fmt.Errorf("%q ran another scenario or seed than %q", s.Path, shards[0].Path)
		case s.Background != nil:
			return nil, fmt.Errorf("%q has a background: only runs of one stream are merged", s.Path)
		case run.Shard.Of < 2:
			return nil, fmt.Errorf("%q is a whole run, no shard of one", s.Path)
		case run.Shard.Of != first.Shard.Of:
			return nil, fmt.Errorf("%q is shard %d of %d, %q is shard %d of %d: they are no parts of one run",
				s.Path, run.Shard.Index, run.Shard.Of, shards[0].Path, first.Shard.Index, first.Shard.Of)
		case run.Ended == results.Killed || run.Ended == results.Running:
			return nil, fmt.Errorf("%q was killed, or still runs: what it left is not whole", s.Path)
		case seen[run.Shard.Index] != "":
			return nil, fmt.Errorf("%q and %q are both shard %d", seen[run.Shard.Index], s.Path, run.Shard.Index)
		}
		seen[run.Shard.Index] = s.Path
	}
	for i := range first.Shard.Of {
		if seen[i] == "" {
			return nil, fmt.Errorf("shard %d of %d is missing", i, first.Shard.Of)
		}
	}
	return shards, nil
}

// merger holds what is known of the whole before its course is written.
type merger struct {
	inputs   []*input
	manifest results.Manifest
	total    *results.Tally
	ledger   []results.Range
	status   map[string]int // the status that a reason had most
}

// newMerger aligns the inputs and adds up what they planned.
func newMerger(shards []*input) (*merger, error) {
	slices.SortFunc(shards, func(a, b *input) int { return a.Result.Run.Shard.Index - b.Result.Run.Shard.Index })
	m := &merger{inputs: shards, total: results.NewTally(), status: map[string]int{}}
	if err := m.align(); err != nil {
		return nil, err
	}
	if err := m.uniteLedgers(); err != nil {
		return nil, err
	}
	first := shards[0].Result
	m.manifest.RunID, m.manifest.Scenario, m.manifest.Target = first.Run.ID, first.Run.Scenario, first.Run.Target
	m.manifest.SHA256, m.manifest.Seed, m.manifest.Permit = first.Run.SHA256, first.Run.Seed, first.Run.Permit
	m.manifest.Resolved, _ = rundir.ReadFile(shards[0].Path, rundir.ResolvedFile)
	m.manifest.ScenarioYAML, _ = rundir.ReadFile(shards[0].Path, rundir.ScenarioFile) // the report does without
	for _, row := range first.Stages {
		m.manifest.Stages = append(m.manifest.Stages, stretch(row))
	}
	for _, row := range first.Thresholds {
		if row.Implied {
			continue // as it is of the whole
		}
		t, err := scenario.ParseThreshold(row.Text)
		if err != nil {
			return nil, err
		}
		m.manifest.Thresholds = append(m.manifest.Thresholds, t)
	}
	for _, s := range shards {
		m.manifest.Planned.Events += s.Result.Planned.Events
		m.manifest.Planned.Requests += s.Result.Planned.Requests
		m.manifest.Planned.PeakEvents += s.Result.Planned.PeakEvents
	}
	p := &m.manifest.Planned // each shard reads all of a recording
	p.Lines, p.LeftOut, p.MostLeftOut = first.Planned.Lines, first.Planned.LeftOut, first.Planned.MostLeftOut
	m.manifest.Warnings = append(m.manifest.Warnings, m.doubts()...)
	return m, nil
}

// doubts are what the inputs have not in common that they should, or have each of
// its own.
func (m *merger) doubts() (doubts []string) {
	own, target := 0, m.manifest.Target
	for _, s := range m.inputs {
		if s.Endpoint != nil {
			own++
		} else if run := &s.Result.Run; own == 0 && run.Target != target {
			doubts = append(doubts, fmt.Sprintf("the shards had different targets: shard %d %s, the first %s",
				run.Shard.Index, text.Printable(run.Target, 200), text.Printable(target, 200)))
		}
	}
	switch own {
	case 0:
	case len(m.inputs):
		doubts = append(doubts, ownEndpoints)
	default:
		doubts = append(doubts, someEndpoints)
	}
	return doubts
}

// ownEndpoints is what a merged run lacks whose inputs had no common target.
const ownEndpoints = "each shard had an embedded endpoint of its own, so that none saw the whole load: what they " +
	"counted is added up, but not how their pipelines fared (hot ids, overflow, partitions, order, merges): give " +
	"all shards one target.url (rehearse stage serves one)"

// someEndpoints says that what was counted is not known of all inputs.
const someEndpoints = "not all shards have an endpoint.json that can be read, so that what their endpoints counted " +
	"is not added up"

// stretch is the stage as a scenario has it.
func stretch(row results.StageRow) schedule.StageSpan {
	at := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	return schedule.StageSpan{Name: row.Name, From: at(row.From), To: at(row.To), Start: row.Start, End: row.End}
}

// align finds how much later than the first each shard started.
func (m *merger) align() error {
	starts := make([]time.Time, len(m.inputs))
	for i, s := range m.inputs {
		start, err := s.Result.Run.Start()
		if err != nil {
			return fmt.Errorf("%q: %w", s.Path, err)
		}
		starts[i] = start
	}
	m.manifest.StartedAt, m.manifest.Starts = slices.MinFunc(starts, time.Time.Compare), starts
	for i, s := range m.inputs {
		s.offset = starts[i].Sub(m.manifest.StartedAt)
	}
	return nil
}

// uniteLedgers reads the ledgers, and makes sure that no event is in two.
func (m *merger) uniteLedgers() error {
	for _, s := range m.inputs {
		l, err := s.Ledger()
		if err == nil && len(l.Damage) > 0 {
			err = errors.New(l.Damage[0].String())
		}
		if err != nil {
			return fmt.Errorf("%q: %w", s.Path, err)
		}
		m.ledger = append(m.ledger, l.Ranges...)
	}
	united, err := results.Disjoint(m.ledger)
	if err != nil {
		return fmt.Errorf("the shards overlap: %w", err)
	}
	m.ledger = united
	return nil
}

// copyBeside copies what was known of the whole before it was shared: what the
// preflight said, and the permit. The first shard's is as good as the others'.
func (m *merger) copyBeside(path string) error {
	for _, name := range []string{rundir.CheckFile, rundir.PermitFile} {
		text, err := rundir.ReadFile(m.inputs[0].Path, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = rundir.Replace(path, name, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// final says how the whole ended: as the first shard that did not complete.
func (m *merger) final() results.Final {
	sum, breakdown := m.endpointSum(), m.breakdown()
	for _, s := range m.inputs {
		if run := &s.Result.Run; run.Ended != results.Completed {
			return results.Final{
				Ended:       run.Ended,
				Why:         "shard " + strconv.Itoa(run.Shard.Index) + ": " + run.Why,
				Rule:        run.Rule,
				EndpointSum: sum,
				Breakdown:   breakdown,
			}
		}
	}
	return results.Final{Ended: results.Completed, EndpointSum: sum, Breakdown: breakdown}
}

// mergeRejected writes the refused requests of all inputs, shard by shard, their
// times counted from the start of the first, and returns how many more there
// were.
func (m *merger) mergeRejected(d *rundir.Directory) (leftOut int64, err error) {
	for _, s := range m.inputs {
		n, err := s.copyRejected(d.AppendRejections)
		leftOut += n
		if err != nil {
			return leftOut, fmt.Errorf("%q: %w", s.Path, err)
		}
	}
	return leftOut, d.AppendRejections(nil, leftOut, 0)
}

// rejectionAppender writes refused requests down, or how many more there were; to is
// until when that speaks.
type rejectionAppender func(lines []rundir.RejectionLine, leftOut int64, to time.Duration) error

// copyRejected copies the refused requests of a shard.
func (s *input) copyRejected(write rejectionAppender) (leftOut int64, err error) {
	var lines []rundir.RejectionLine
	var last time.Duration
	flush := func() error {
		err := write(lines, 0, last)
		lines = lines[:0]
		return err
	}
	shift := results.ToMilliseconds(s.offset)
	leftOut, err = s.EachRejection(func(line *rundir.RejectionLine) error {
		line.DueMS, line.SentMS, line.DoneMS = line.DueMS+shift, line.SentMS+shift, line.DoneMS+shift
		last = results.FromSeconds(line.DoneMS / 1000)
		lines = append(lines, *line)
		if len(lines) < results.MaxRejections {
			return nil
		}
		return flush()
	})
	if err != nil {
		return leftOut, err
	}
	return leftOut, flush()
}
