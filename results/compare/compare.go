// Package compare says whether two runs differ. The windows of a run are its
// samples, held against those of the other by the Mann-Whitney test, which asks
// nothing of how latencies are distributed. A difference is found where chance
// does not explain how far the samples lie beyond a tolerance, all measures and
// the correlation of neighbouring windows taken into account. What two runs of
// one build have between them, a machine that is slower today say, no window of
// either shows: that is what the tolerance is for.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// ErrIncomparable says that two runs were not asked the same.
var ErrIncomparable = errors.New("the runs cannot be compared")

// windows is how many samples a run is cut into at most.
const windows = 60

// fewest is how many samples a run must have.
const fewest = 6

// DefaultTolerance is by how much a measure may differ unless a tolerance is given.
const DefaultTolerance = 0.03

// Comparison is two runs, A the older one, side by side.
type Comparison struct {
	A, B      *rundir.Run
	Tolerance float64 // share by which a measure may differ
	Rows      []Row
	Warnings  []string
	Doubtful  bool // one of the runs is invalid: what differs may be the generator
}

// Row is one measure of both runs.
type Row struct {
	Name   string
	Unit   Unit
	A, B   Side
	Change float64 // of the median, as a share of that of A, +Inf from 0; of a Share, the difference
	P      float64 // how often chance alone takes B so far beyond the tolerance
	Sees   float64 // the smallest change that would have been found; +Inf: none
	Found  Finding

	moreIsGood bool
}

// Side is a measure in one run: the median of its samples, and the bounds that
// hold it in 95 of 100 cases.
type Side struct {
	Median, Low, High float64
	Samples           []float64
}

// Unit says how a measure is written.
type Unit string

// The units.
const (
	Milliseconds Unit = "ms"
	PerSecond    Unit = "/s"
	Share        Unit = "share"
)

// Finding is what a comparison comes to.
type Finding string

// The findings.
const (
	NoDifference Finding = "no difference"
	Better       Finding = "better"
	Worse        Finding = "worse"
)

// Runs compares two runs. The error is ErrIncomparable if they were not asked
// the same, or are too short.
func Runs(a, b *rundir.Run, tolerance float64) (*Comparison, error) {
	c := &Comparison{A: a, B: b, Tolerance: tolerance}
	if err := c.check(); err != nil {
		return nil, err
	}
	sa, err := sample(a)
	if err != nil {
		return nil, err
	}
	sb, err := sample(b)
	if err != nil {
		return nil, err
	}
	if err := c.compare(sa, sb); err != nil {
		return nil, err
	}
	return c, nil
}

// compare fills in the rows.
func (c *Comparison) compare(a, b []measure) error {
	last := len(a) - 1 // which can be measured in every window
	enough := min(len(a[last].values), len(b[last].values)) >= fewest
	for i := range a {
		switch n := min(len(a[i].values), len(b[i].values)); {
		case n >= fewest:
			row := c.row(&a[i], &b[i])
			row.Sees = c.between(&a[i], &b[i]).sees(len(a))
			c.Rows = append(c.Rows, row)
		case a[i].least == leastOfTail || a[i].ofAccepted && enough:
			c.Warnings = append(c.Warnings,
				fmt.Sprintf("%s is not compared: it takes %d windows of %d requests in each run "+
					"(run longer), half of them accepted", a[i].name, fewest, a[i].least))
		default:
			return fmt.Errorf("%w: A has %d windows in which %s can be measured and B %d, and it takes %d of each "+
				"(run longer)", ErrIncomparable, len(a[i].values), a[i].name, len(b[i].values), fewest)
		}
	}
	c.settle()
	if blind := c.blind(); len(blind) > 0 {
		c.Warnings = append(c.Warnings,
			"no change, however large, would have been found in "+strings.Join(blind, ", ")+" (run longer)")
	}
	return nil
}

// blind are the measures whose samples are too few to find any change. Where
// something was found, or where A is 0, of which nothing is a share, it is no want
// of samples.
func (c *Comparison) blind() (names []string) {
	for i := range c.Rows {
		r := &c.Rows[i]
		if math.IsInf(r.Sees, 1) && r.Found == NoDifference && (r.Unit == Share || r.A.Median != 0) {
			names = append(names, r.Name)
		}
	}
	return names
}

// check refuses runs that were asked for different loads, and warns of what else
// may explain a difference.
func (c *Comparison) check() error {
	a, b := c.A.Result, c.B.Result
	closed := a.Run.ClosedLoop
	switch {
	case closed != b.Run.ClosedLoop:
		return fmt.Errorf("%w: one of them is a closed loop, the other has a schedule", ErrIncomparable)
	case closed && a.Run.SHA256 != b.Run.SHA256: // what was planned is what each endpoint took
		return fmt.Errorf("%w: they are closed loops of different scenarios, or other things were set over them",
			ErrIncomparable)
	case !closed && !sameLoad(a, b):
		return fmt.Errorf("%w: they planned different loads (%s events in %s requests, and %s in %s)", ErrIncomparable,
			text.Count(a.Planned.Events), text.Count(a.Planned.Requests),
			text.Count(b.Planned.Events), text.Count(b.Planned.Requests))
	}
	if (a.Background == nil) != (b.Background == nil) {
		return fmt.Errorf("%w: one of them had a background and the other had none", ErrIncomparable)
	}
	warn := func(when bool, format string, args ...any) {
		if when {
			c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
		}
	}
	warn(closed, "both are closed loops, in which a slow endpoint is sent less: read accepted before latency")
	warn(a.Run.SHA256 != b.Run.SHA256,
		"the scenario files, or what was set over them, differ, though the load is the same")
	warn(a.Run.Seed != b.Run.Seed, "the seeds differ (%d and %d): other events were sent", a.Run.Seed, b.Run.Seed)
	warn(a.Background != nil, "the backgrounds are not compared: compare the directories %s of both runs",
		rundir.BackgroundDir)
	for i, r := range []*results.Result{a, b} {
		name := string(rune('A' + i))
		warn(r.Run.Ended != results.Completed, "%s did not run to its end (%s)", name, r.Run.Ended)
		c.Doubtful = c.Doubtful || r.Verdict == results.Invalid
		if r.Verdict == results.Invalid {
			// the first says why
			warn(true, "%s is invalid: %s", name, strings.Join(r.Warnings[:min(len(r.Warnings), 1)], ""))
		}
	}
	return nil
}

// sameLoad says whether two runs were asked for the same.
func sameLoad(a, b *results.Result) bool {
	return a.Planned == b.Planned && slices.EqualFunc(a.Stages, b.Stages, func(x, y results.StageRow) bool {
		x.Stats, y.Stats = nil, nil
		return x == y
	})
}

// row compares one measure.
func (c *Comparison) row(a, b *measure) Row {
	row := Row{
		Name:       a.name,
		Unit:       a.unit,
		moreIsGood: a.moreIsGood,
		A:          side(a.values),
		B:          side(b.values),
		Found:      NoDifference,
	}
	switch {
	case a.unit == Share: // of all requests: a share of a share misleads
		row.Change = row.B.Median - row.A.Median
	case row.A.Median != row.B.Median:
		row.Change = row.B.Median/row.A.Median - 1
	}
	row.P = c.between(a, b).p(row.Change)
	return row
}

// between sets the samples of a measure against each other.
func (c *Comparison) between(a, b *measure) *contrast {
	if a.unit == Share {
		return &contrast{a: a.values, b: b.values, points: true, margin: c.Tolerance * pointsOfTolerance}
	}
	return &contrast{a: a.values, b: b.values, margin: c.Tolerance}
}

// pointsOfTolerance is by how much of the tolerance a share of requests may
// differ, in points: 5 points more that are refused are an outage, and no noise.
const pointsOfTolerance = 0.1

// settle says of each row whether B is better or worse, as Holm does: the
// smallest p is held against alpha split over all rows, the next one against
// alpha split over the others, until one is not below. So the chance that
// anything at all is found between runs that do not differ is alpha, and what is
// plain in one row makes it no harder to see the next.
func (c *Comparison) settle() {
	rows := make([]*Row, len(c.Rows))
	for i := range c.Rows {
		rows[i] = &c.Rows[i]
	}
	slices.SortStableFunc(rows, func(x, y *Row) int { return cmp.Compare(x.P, y.P) })
	for i, row := range rows {
		if !(row.P < alpha/float64(len(rows)-i)) {
			return
		}
		row.Found = Worse
		if (row.Change > 0) == row.moreIsGood {
			row.Found = Better
		}
	}
}

// side is the median of samples and its bounds.
func side(values []float64) Side {
	sum := benchmath.AssumeNothing.Summary(newSample(values), 0.95)
	return Side{Median: sum.Center, Low: sum.Lo, High: sum.Hi, Samples: values}
}

// Regressions are the measures in which B is worse.
func (c *Comparison) Regressions() (names []string) {
	for _, row := range c.Rows {
		if row.Found == Worse {
			names = append(names, row.Name)
		}
	}
	return names
}
