package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
	"rehearse/results/bundle"
	"rehearse/results/merge"
	"rehearse/results/rundir"
)

// newMerge makes the verb merge.
func newMerge(e env) *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "merge DIR|LOG...",
		Short: "Join the run directories of all shards, and judge them together",
		Long: `merge joins the run directories that "run --shard" wrote, one a shard, into one:
histograms are added bucket for bucket, timelines laid over each other by the
wall clock, ledgers united. It judges the whole by the scenario's thresholds and
abort rules and exits with the code of that verdict.

A shard that is missing, was killed, stopped, late or started twice makes the run
invalid. It is named with its share of the load, and what it may have sent counts
as ambiguous. Shards of other runs, scenarios or seeds are refused.

A shard that was run with --bundle leaves its directory in what it prints: give
the file with its output, as of kubectl logs, instead of the directory. The
directories are made again in OUT-shards.`,
		Example: `  rehearse run big.yaml --shard 0/2 --start-at 2026-12-01T10:00:00Z -o part0   # on one machine
  rehearse run big.yaml --shard 1/2 --start-at 2026-12-01T10:00:00Z -o part1   # on another
  rehearse merge part0 part1 -o whole`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(c, errors.New("merge wants the run directories of the shards"))
			}
			err := mergeRuns(e, logsOf(args), out, asJSON)
			if errors.Is(err, merge.ErrParts) {
				return exitError{exitUsage, err}
			}
			return err
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "",
		"write the joined run directory to `DIR` (default: beside the first, with -merged added)")
	c.Flags().BoolVar(&asJSON, "json", false, "print result.json instead of the report")
	return c
}

// shardLog is what is known of a shard: its run directory, or what it printed.
type shardLog struct {
	path  string
	shard int       // its index; -1: not known
	ended time.Time // when its process ended; zero: not known
	why   string    // why it did, as others saw it
}

// logsOf are shards of which a path is known.
func logsOf(paths []string) (all []shardLog) {
	for _, path := range paths {
		all = append(all, shardLog{path: path, shard: -1})
	}
	return all
}

// mergeRuns joins what is left of shards and shows the whole.
func mergeRuns(e env, shards []shardLog, out string, asJSON bool) error {
	if out == "" {
		out = filepath.Clean(shards[0].path) + "-merged"
	}
	var parts []merge.Part
	for i, s := range shards {
		parts = append(parts, s.part(filepath.Join(out+"-shards", strconv.Itoa(i))))
	}
	if _, err := merge.Merge(out, parts); err != nil {
		return err
	}
	run, err := rundir.Open(out)
	if err != nil {
		return err
	}
	run.CrossCheck()
	if err := rehearsal.KeepReport(run); err != nil {
		return err
	}
	return printRun(e, run, asJSON)
}

// maxLog bounds how much of the output of a shard is read, in bytes.
const maxLog = 1 << 30

// part is the run directory of the shard; one that lies in a log is made in dir.
func (s *shardLog) part(dir string) merge.Part {
	p := merge.Part{Path: s.path, Shard: s.shard, Ended: s.ended}
	info, err := os.Stat(s.path)
	if err != nil || info.IsDir() {
		return p // that it cannot be read is told by who reads it
	}
	p.Err = os.MkdirAll(filepath.Dir(dir), 0o700)
	if p.Err == nil {
		p.Err = readBundle(s.path, dir)
	}
	switch {
	case p.Err == nil:
		p.Path = dir
	case s.why != "":
		p.Err = fmt.Errorf("%w (%s)", p.Err, s.why)
	}
	return p
}

// readBundle makes the directory that lies in a log.
func readBundle(log, to string) error {
	file, err := os.Open(log)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLog))
	if err != nil {
		return err
	}
	return bundle.Read(text, bundle.Label{}, to)
}
