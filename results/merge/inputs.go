package merge

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
)

// A Part is what is left of one shard: its run directory, or why there is none.
type Part struct {
	Path  string    // of the run directory; with Err of what should have led to it
	Err   error     // why there is no directory; nil: Path is to be one
	Shard int       // its index, as far as that is known without the directory; -1: it is not
	Ended time.Time // when its process ended, as others saw it; zero: not known
}

// Directories are parts that are to be run directories.
func Directories(paths []string) (parts []Part) {
	for _, path := range paths {
		parts = append(parts, Part{Path: path, Shard: -1})
	}
	return parts
}

// input is one of the runs and how much later than the first it started. What its files
// hold is read as it is needed, and only sums are kept: there may be very many.
type input struct {
	*rundir.Run
	offset time.Duration
	course course // what its timeline comes to
	below  int64  // of a killed one: no event from this number on has left

	ledgerBytes    int64 // of its ledger count
	acceptedEvents int64 // by its ledger

	// superseded says that another run resumed it, and sent again whatever was not accepted.
	superseded bool
}

// course is what the rows of a timeline come to.
type course struct {
	accepted, rejected, ambiguous, unsent results.Count

	details int64         // refused requests whose details were kept
	settled time.Duration // when the last event was in, to the second
}

// add adds a row.
func (c *course) add(row *results.Row) {
	c.accepted = c.accepted.Plus(row.Accepted)
	c.rejected, c.ambiguous = c.rejected.Plus(row.Rejected), c.ambiguous.Plus(row.Ambiguous)
	c.unsent = c.unsent.Plus(row.Unsent)
	c.details += row.Rejected.Requests + row.Ambiguous.Requests + row.Retried - row.LeftOut
	if row.Accepted.Events > 0 {
		c.settled = results.FromSeconds(row.To)
	}
}

// index is which shard it is.
func (s *input) index() int { return s.Result.Run.Shard.Index }

// killed tells whether it ended without a word.
func (s *input) killed() bool { return s.Result.Run.Ended == results.Killed }

// booked is what its timeline and so its ledger account for; of a superseded one what
// was accepted.
func (s *input) booked() results.Count {
	if s.superseded {
		return s.course.accepted
	}
	return s.course.accepted.Plus(s.course.rejected).Plus(s.course.ambiguous).Plus(s.course.unsent)
}

// acceptedBefore is how many events of its part the runs had accepted that it resumes;
// less than 0: it resumes none.
func (s *input) acceptedBefore() int64 {
	if told := s.Result.Planned.AcceptedBefore; told != nil {
		return *told
	}
	return -1
}

// group is what belongs together of the parts that were named.
type group struct {
	of        int      // shards of the run
	there     int      // of which something can be read
	inputs    []*input // in the order of their shards, what was resumed before what resumed it
	absent    []Part   // that cannot be read
	lost      []results.LostShard
	doubts    []string
	lostOnes  []results.Range // events of lost shards that no ledger has
	ambiguous results.Count   // what lost shards may have sent
	unsent    results.Count   // what they have not
	from      time.Duration   // when the first of them was lost, on the clock of the whole
	twice     int64           // events that a second process of a shard sent
}

// openParts opens the directories and makes sure that together they are one run, or
// what is left of one.
func openParts(parts []Part) (*group, error) {
	g := &group{}
	for _, p := range parts {
		s, err := p.open()
		if err != nil {
			p.Err = err
			g.absent = append(g.absent, p)
			continue
		}
		g.inputs = append(g.inputs, s)
	}
	if len(g.inputs) == 0 {
		return nil, errors.Join(errors.New("there is no shard that can be read"), g.absentAll())
	}
	if err := g.belong(); err != nil {
		return nil, err
	}
	g.of = g.inputs[0].Result.Run.Shard.Of
	slices.SortStableFunc(g.inputs, func(a, b *input) int {
		return cmp.Or(cmp.Compare(a.index(), b.index()), cmp.Compare(a.Result.Run.StartedAt, b.Result.Run.StartedAt))
	})
	if err := g.passTwins(); err != nil {
		return nil, err
	}
	g.compareVersions()
	return g, g.findLost()
}

// open opens the directory of a part, with its ledger.
func (p *Part) open() (*input, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	run, err := rundir.OpenResult(p.Path)
	if err != nil {
		return nil, err
	}
	s := &input{Run: run, below: math.MaxInt64}
	p.Shard = s.index()
	return s, errors.Join(s.readCourse(), s.readLedger())
}

// readCourse adds up the timeline. That of a run without one, or a torn one, is short.
func (s *input) readCourse() error {
	for row, err := range s.Rows() {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, rundir.ErrTorn):
			return nil
		case err != nil:
			return err
		}
		s.course.add(row)
	}
	return nil
}

// readLedger reads what became of which events. Of a killed run it counts as far as
// its result does: what is behind that is in none of its other files.
func (s *input) readLedger() error {
	if !s.killed() {
		l, err := s.Ledger()
		if err == nil && len(l.Damage) > 0 {
			err = errors.New(l.Damage[0].String())
		}
		if err != nil {
			return err
		}
		s.ledgerBytes, s.acceptedEvents = math.MaxInt64, l.Fates()[capture.FateAccepted]
		return nil
	}
	state, _, err := rundir.ReadState(s.Path)
	switch {
	case err == nil:
		s.below = state.Reach.Below
	case !errors.Is(err, fs.ErrNotExist): // of a version without, or not copied: nothing bounds it
		return err
	}
	if told := s.Result.Ledger; told != nil {
		s.ledgerBytes = told.Bytes
	}
	for ranges, err := range s.LedgerSegments(s.ledgerBytes) { // what is damaged is in none, and so ambiguous
		if err != nil {
			return err
		}
		s.acceptedEvents += accepted(ranges)
	}
	return nil
}

// accepted is how many events of ranges were.
func accepted(ranges []results.Range) (events int64) {
	for _, r := range ranges {
		if r.Fate == capture.FateAccepted {
			events += r.Count
		}
	}
	return events
}

// absentAll is why the parts that cannot be read cannot be.
func (g *group) absentAll() error {
	var all []error
	for _, p := range g.absent {
		all = append(all, fmt.Errorf("%q: %w", p.Path, p.Err))
	}
	return errors.Join(all...)
}

// madeUpID is the id of a run that its user gave none.
const madeUpID = `^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$`

// belong is an error unless all inputs are shards of one run.
func (g *group) belong() error {
	first, madeUp := g.inputs[0], regexp.MustCompile(madeUpID)
	for _, s := range g.inputs {
		run, one := &s.Result.Run, &first.Result.Run
		switch {
		case run.SHA256 != one.SHA256 || run.Seed != one.Seed:
			return fmt.Errorf("%q ran another scenario or seed than %q", s.Path, first.Path)
		case s.Result.Background != nil:
			return fmt.Errorf("%q has a background: only runs of one stream are merged", s.Path)
		case run.Shard.Of < 2:
			return fmt.Errorf("%q is a whole run, no shard of one", s.Path)
		case run.Shard.Of != one.Shard.Of:
			return fmt.Errorf("%q is shard %d of %d, %q is shard %d of %d: they are no parts of one run",
				s.Path, run.Shard.Index, run.Shard.Of, first.Path, one.Shard.Index, one.Shard.Of)
		case run.Ended == results.Running:
			return fmt.Errorf("%q still runs", s.Path)
		case run.ID != one.ID && !(madeUp.MatchString(run.ID) && madeUp.MatchString(one.ID)):
			return fmt.Errorf("%q is of run %s, and %q of run %s: they are no parts of one run",
				s.Path, run.ID, first.Path, one.ID)
		}
	}
	return nil
}

// passTwins leaves one input a shard, and those that it resumed. Of two processes with
// one part of the load the one that sent more is counted.
func (g *group) passTwins() error {
	var kept []*input
	before := int64(0) // accepted events of the last shard
	for _, s := range g.inputs {
		n := len(kept) - 1
		if n < 0 || kept[n].index() != s.index() {
			kept, before = append(kept, s), s.acceptedEvents
			continue
		}
		other := kept[n]
		switch {
		case filepath.Clean(other.Path) == filepath.Clean(s.Path) || reflect.DeepEqual(other.Result, s.Result):
			return fmt.Errorf("%q and %q are both shard %d", other.Path, s.Path, s.index())
		case s.acceptedBefore() == before:
			other.superseded = true
			kept, before = append(kept, s), before+s.acceptedEvents
			continue
		case s.Result.Events.Sent > other.Result.Events.Sent:
			other, s, kept[n] = s, other, s
		}
		g.twice += s.Result.Events.Sent
		g.lose(other, results.LossTwice, fmt.Sprintf("%q and %q", other.Path, s.Path), nil)
	}
	g.inputs = kept
	return nil
}

// compareVersions doubts shards of different versions of the program: what the one
// sends another may not know of.
func (g *group) compareVersions() {
	first := g.inputs[0]
	for _, s := range g.inputs[1:] {
		if a, b := first.Result.Run.Version, s.Result.Run.Version; a != b {
			const unknown = "of an unknown version"
			g.doubts = append(g.doubts, fmt.Sprintf("shard %d ran rehearse %s, and shard %d rehearse %s: they may not "+
				"divide the load alike", first.index(), cmp.Or(a, unknown), s.index(), cmp.Or(b, unknown)))
		}
	}
}
