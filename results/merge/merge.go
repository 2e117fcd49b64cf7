package merge

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// ErrParts says that the parts are not those of one run, or that none can be read.
var ErrParts = errors.New("cannot merge")

// Merge joins what is left of the shards of one run into a new directory and judges
// it. Histograms are added bucket for bucket, timelines are laid over each other by
// the wall clock, ledgers are united. A shard that was lost, killed, late or started
// twice makes the run invalid and is named; what it may have sent is ambiguous. The
// error is ErrParts for parts that belong to no one run: of different scenarios, seeds,
// runs or numbers of shards, or with ledgers that overlap.
//
// Thresholds and abort rules are those of the shards, held against the whole. A
// threshold on every window or on a stage that asks for a status counts the requests
// of a reason under the status that the reason had most: by the second, only reasons
// are written down.
func Merge(path string, parts []Part) (*results.Result, error) {
	g, err := openParts(parts)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParts, err)
	}
	m, err := newMerger(g)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParts, err)
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

// merger holds what is known of the whole before its course is written.
type merger struct {
	*group
	manifest results.Manifest
	total    *results.Tally
	status   map[string]int // the status that a reason had most
	aborts   []*wholeRule
}

// newMerger aligns the inputs and adds up what they planned.
func newMerger(g *group) (*merger, error) {
	m := &merger{group: g, total: results.NewTally(), status: map[string]int{}}
	if err := m.align(); err != nil {
		return nil, err
	}
	if err := m.uniteLedgers(); err != nil {
		return nil, err
	}
	first := m.inputs[0].Result
	m.manifest.RunID, m.manifest.Scenario, m.manifest.Target = first.Run.ID, first.Run.Scenario, first.Run.Target
	m.manifest.SHA256, m.manifest.Seed, m.manifest.Permit = first.Run.SHA256, first.Run.Seed, first.Run.Permit
	m.manifest.Basis = first.Run.Basis
	m.manifest.Resolved, _ = rundir.ReadFile(m.inputs[0].Path, rundir.ResolvedFile)
	m.manifest.ScenarioYAML, _ = rundir.ReadFile(m.inputs[0].Path, rundir.ScenarioFile) // the report does without
	for _, row := range first.Stages {
		m.manifest.Stages = append(m.manifest.Stages, stretch(row))
	}
	if err := m.readRules(first); err != nil {
		return nil, err
	}
	m.plan()
	m.manifest.Warnings = slices.Concat(m.manifest.Warnings, m.differences(), m.wrongClocks())
	return m, nil
}

// readRules reads what the whole is held against.
func (m *merger) readRules(first *results.Result) error {
	for _, row := range first.Thresholds {
		if row.Implied {
			continue // as it is of the whole
		}
		t, err := scenario.ParseThreshold(row.Text)
		if err != nil {
			return err
		}
		m.manifest.Thresholds = append(m.manifest.Thresholds, t)
	}
	for _, text := range first.Run.AbortRules {
		rule, err := scenario.ParseAbort(text)
		if err != nil {
			return err
		}
		m.aborts = append(m.aborts, newWholeRule(rule))
	}
	return nil
}

// plan adds up what was planned, in numbers that the books come to.
func (m *merger) plan() {
	p, first := &m.manifest.Planned, m.inputs[0].Result
	for _, s := range m.inputs {
		booked := s.booked()
		p.Events += booked.Events
		p.Requests += booked.Requests
	}
	p.Events += m.ambiguous.Events + m.unsent.Events
	p.Requests += m.ambiguous.Requests + m.unsent.Requests
	p.PeakEvents = first.Planned.PeakEvents * float64(m.of) // each has the same share
	p.Lines, p.LeftOut, p.MostLeftOut = first.Planned.Lines, first.Planned.LeftOut, first.Planned.MostLeftOut
}

// differences are what the inputs have not in common that they should, or have each
// of its own.
func (m *merger) differences() (doubts []string) {
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

// wrongClocks names the shards whose clocks are off those of most, by the endpoint's clock:
// a shard starts when its own clock says.
func (m *merger) wrongClocks() (doubts []string) {
	ahead := make([]float64, len(m.inputs))
	for i, s := range m.inputs {
		ahead[i] = s.Result.ClockAhead
	}
	slices.Sort(ahead)
	middle := ahead[len(ahead)/2]
	if other := ahead[(len(ahead)-1)/2]; math.Abs(other) < math.Abs(middle) {
		middle = other
	}
	for _, s := range m.inputs {
		off, word, when := middle-s.Result.ClockAhead, "ahead of", "earlier"
		if off < 0 {
			off, word, when = -off, "behind", "later"
		}
		if off >= clocksApart {
			doubts = append(doubts, fmt.Sprintf("the clock of shard %d is about %.1f s %s those of most shards, "+
				"by the Date of the endpoint's answers: its load came that much %s, and its times of day are wrong; "+
				"set it by a time server", s.index(), off, word, when))
		}
	}
	return doubts
}

// clocksApart is how far clocks may seem apart, in seconds: a Date has whole ones.
const clocksApart = 1.0

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

// align finds how much later than the first each shard started. One that is missing
// would have started with the first that is there.
func (m *merger) align() error {
	begun := make([]time.Time, len(m.inputs))
	for i, s := range m.inputs {
		start, err := s.Result.Run.Start()
		if err != nil {
			return fmt.Errorf("%q: %w", s.Path, err)
		}
		begun[i] = start
	}
	m.manifest.StartedAt = slices.MinFunc(begun, time.Time.Compare)
	m.manifest.Starts = slices.Repeat([]time.Time{begun[0]}, m.of)
	for i, s := range slices.Backward(m.inputs) {
		s.offset = begun[i].Sub(m.manifest.StartedAt)
		m.manifest.Starts[s.index()] = begun[i] // of a resumed one, when its first part did
	}
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

// mergeRejected writes the refused requests of all inputs, shard by shard, their
// times counted from the start of the first, and returns how many more there
// were. Nothing is known of those that lost shards may have sent.
func (m *merger) mergeRejected(d *rundir.Directory) (leftOut int64, err error) {
	for _, s := range m.inputs {
		n, err := s.copyRejected(d.AppendRejections)
		leftOut += n
		if err != nil {
			return leftOut, fmt.Errorf("%q: %w", s.Path, err)
		}
	}
	return leftOut, d.AppendRejections(nil, leftOut+m.ambiguous.Requests, 0)
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
	accounted := s.course.details
	leftOut, err = s.EachRejection(func(line *rundir.RejectionLine) error {
		accounted--
		if s.killed() && accounted < 0 {
			return nil // behind its last second
		}
		line.DueMS, line.SentMS, line.DoneMS = line.DueMS+shift, line.SentMS+shift, line.DoneMS+shift
		last = results.FromSeconds(line.DoneMS / 1000)
		lines = append(lines, *line)
		if len(lines) < results.MaxRejections {
			return nil
		}
		return flush()
	})
	if err != nil && !(s.killed() && errors.Is(err, rundir.ErrTorn)) {
		return leftOut, err
	}
	return leftOut, flush()
}
