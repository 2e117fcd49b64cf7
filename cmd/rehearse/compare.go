package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"rehearse/internal/units"
	"rehearse/results/compare"
	"rehearse/results/report"
	"rehearse/results/rundir"
)

// compareFlags are those of compare.
type compareFlags struct {
	tolerance string
	html      string
	bench     bool
	json      bool
}

// newCompare makes the verb compare.
func newCompare(e env) *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Say whether run B is worse than run A",
		Long: `compare holds the windows of two runs of one load against each other: the
medians with their bounds, and how often chance alone would take them so far
beyond the tolerance (Mann-Whitney). What is off by less than the tolerance, or
by no more than chance explains, is no difference; how small a difference would
have been found is said, too: it takes longer runs to find smaller ones, and two
minutes at least are wise. Of the share of refused requests a tenth of the
tolerance counts, in points. Runs that planned different loads are refused;
another seed or scenario file is warned of.

It exits with 0 if B is not worse, with 99 if it is, with 120 if one of the runs
is invalid, for then what differs may be the generator, and with 2 if they cannot
be compared.`,
		Example: `  rehearse compare results/runs/monday results/runs/tuesday --tolerance 10%
  rehearse compare monday tuesday --html compare.html
  rehearse compare monday tuesday --bench | benchstat -col run -`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError(c, fmt.Errorf("%s wants two run directories, not %d", c.CommandPath(), len(args)))
			}
			if f.bench && f.json {
				return usageError(c, errors.New("either --bench or --json"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return compareRuns(e, args[0], args[1], f) },
	}
	c.Flags().StringVar(&f.tolerance, "tolerance", fmt.Sprintf("%v%%", compare.DefaultTolerance*100),
		"how far a measure may be off, as a `SHARE`")
	c.Flags().StringVar(&f.html, "html", "", "also write the comparison, with the spectra, to `FILE`")
	c.Flags().BoolVar(&f.bench, "bench", false, "print both runs in the Go benchmark format instead, for benchstat")
	c.Flags().BoolVar(&f.json, "json", false, "print the comparison as JSON instead")
	return c
}

// compareRuns compares two directories and prints what came of it.
func compareRuns(e env, a, b string, f compareFlags) error {
	tolerance, err := units.ParseShare(f.tolerance)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot read --tolerance: %w", err)}
	}
	older, err := rundir.Open(a)
	if err != nil {
		return err
	}
	newer, err := rundir.Open(b)
	if err != nil {
		return err
	}
	c, err := compare.Runs(older, newer, tolerance)
	if errors.Is(err, compare.ErrIncomparable) {
		return exitError{exitUsage, err}
	}
	if err != nil {
		return err
	}
	if f.html != "" {
		text, err := report.CompareHTML(c)
		if err == nil {
			err = os.WriteFile(f.html, text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("cannot write the comparison: %w", err)
		}
	}
	return f.print(e, c)
}

// print prints the comparison. The error carries the exit code of a regression.
func (f *compareFlags) print(e env, c *compare.Comparison) error {
	var text bytes.Buffer
	write := func() error { return compare.WriteText(&text, c, columns(e.stdout)) }
	switch {
	case f.json:
		write = func() error { return compare.WriteJSON(&text, c) }
	case f.bench:
		write = func() error { return compare.WriteBenchmarks(&text, c) }
	}
	if err := write(); err != nil {
		return err
	}
	if _, err := e.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("cannot print the comparison: %w", err)
	}
	switch {
	case c.Doubtful:
		return status(exitInvalid)
	case len(c.Regressions()) > 0:
		return status(exitThreshold)
	}
	return nil
}
