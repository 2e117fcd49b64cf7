// Package compare says whether two runs differ. The windows of a run are its
// samples; their medians are compared by the Mann-Whitney test, which asks
// nothing of how latencies are distributed, and what differs by less than a
// tolerance, or no more than chance explains, is no difference.
package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"rehearse/results"
)

// ErrIncomparable says that two runs were not asked the same.
var ErrIncomparable = errors.New("the runs cannot be compared")

// windows is how many samples a run is cut into. Neighbouring seconds are not
// independent, and the more samples there are the smaller a difference passes
// for one; so they are few, and long.
const windows = 20

// alpha is how often chance alone may pass for a difference.
const alpha = 0.01

// fewest is how many samples a run must have.
const fewest = 6

// Comparison is two runs, A the older one, side by side.
type Comparison struct {
	A, B      *results.Run
	Tolerance float64 // share by which a median may differ
	Rows      []Row
	Warnings  []string
	Doubtful  bool // one of the runs is invalid: what differs may be the generator
}

// Row is one measure of both runs.
type Row struct {
	Name   string
	Unit   Unit
	A, B   Side
	Change float64 // of the median, as a share of that of A
	P      float64 // how often chance alone makes a difference like this
	Found  Finding
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
func Runs(a, b *results.Run, tolerance float64) (*Comparison, error) {
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
	for i := range a {
		if len(a[i].values) < fewest || len(b[i].values) < fewest {
			return fmt.Errorf("%w: %s has %d samples and %d, it takes %d of each (run longer)",
				ErrIncomparable, a[i].name, len(a[i].values), len(b[i].values), fewest)
		}
		c.Rows = append(c.Rows, c.row(&a[i], &b[i]))
	}
	return nil
}

// check refuses runs that were asked for different loads, and warns of what else
// may explain a difference.
func (c *Comparison) check() error {
	a, b := c.A.Result, c.B.Result
	if !results.SameLoad(a, b) {
		return fmt.Errorf("%w: they planned different loads (%s events in %s requests, and %s in %s)", ErrIncomparable,
			results.FormatCount(a.Planned.Events), results.FormatCount(a.Planned.Requests),
			results.FormatCount(b.Planned.Events), results.FormatCount(b.Planned.Requests))
	}
	warn := func(when bool, format string, args ...any) {
		if when {
			c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
		}
	}
	warn(a.Run.SHA256 != b.Run.SHA256, "the scenario files, or what was set over them, differ, though the load is the same")
	warn(a.Run.Seed != b.Run.Seed, "the seeds differ (%d and %d): other events were sent", a.Run.Seed, b.Run.Seed)
	for i, r := range []*results.Result{a, b} {
		name := string(rune('A' + i))
		warn(r.Run.Ended != results.Completed, "%s did not run to its end (%s)", name, r.Run.Ended)
		c.Doubtful = c.Doubtful || r.Verdict == results.Invalid
		warn(r.Verdict == results.Invalid, "%s is invalid: %s", name, r.Because())
	}
	return nil
}

// measure is the samples of one measure.
type measure struct {
	name       string
	unit       Unit
	moreIsGood bool
	values     []float64
}

// measures are those that are compared, without samples.
func measures() []measure {
	return []measure{
		{name: "latency p50", unit: Milliseconds}, {name: "latency p99", unit: Milliseconds},
		{name: "service p50", unit: Milliseconds}, {name: "service p99", unit: Milliseconds},
		{name: "accepted", unit: PerSecond, moreIsGood: true}, {name: "not accepted", unit: Share},
	}
}

// sample cuts a run into windows and measures each.
func sample(run *results.Run) ([]measure, error) {
	all := measures()
	width := math.Max(run.Result.Run.Seconds/windows, 0.5)
	err := run.EachWindow(width, func(w *results.Window) error {
		sent, length := w.Latency.Count(), w.To-w.From
		if sent == 0 || length < width/2 { // the rest at the end
			return nil
		}
		accepted := float64(w.Reasons["accepted"])
		for i, v := range []float64{
			milliseconds(w.Latency, 0.5), milliseconds(w.Latency, 0.99), milliseconds(w.Service, 0.5), milliseconds(w.Service, 0.99),
			accepted / length, 1 - accepted/float64(sent),
		} {
			all[i].values = append(all[i].values, v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot compare %q: %w", run.Path, err)
	}
	return all, nil
}

// milliseconds is a quantile.
func milliseconds(h *results.Histogram, q float64) float64 { return h.Quantile(q).Seconds() * 1000 }

// row compares one measure.
func (c *Comparison) row(a, b *measure) Row {
	thresholds := benchmath.DefaultThresholds
	thresholds.CompareAlpha = alpha
	sa, sb := benchmath.NewSample(slices.Clone(a.values), &thresholds), benchmath.NewSample(slices.Clone(b.values), &thresholds)
	test := benchmath.AssumeNothing.Compare(sa, sb)
	row := Row{Name: a.name, Unit: a.unit, A: side(sa, a.values), B: side(sb, b.values), P: test.P, Found: NoDifference}
	switch {
	case a.unit == Share:
		row.Change = row.B.Median - row.A.Median // of all requests: a share of a share misleads
	case row.A.Median > 0:
		row.Change = row.B.Median/row.A.Median - 1
	}
	if test.P < alpha && math.Abs(row.Change) > c.Tolerance {
		row.Found = Worse
		if (row.Change > 0) == a.moreIsGood {
			row.Found = Better
		}
	}
	return row
}

// side is the median of a sample and its bounds.
func side(s *benchmath.Sample, values []float64) Side {
	sum := benchmath.AssumeNothing.Summary(s, 0.95)
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
