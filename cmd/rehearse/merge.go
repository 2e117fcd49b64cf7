package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
	"rehearse/results"
	"rehearse/results/bundle"
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
wall clock, ledgers united. It refuses shards that are missing or given twice,
that ran different scenarios or seeds, or that sent the same events. It judges
the whole by the scenario's thresholds and exits with the code of that verdict.

A shard that was run with --bundle leaves its directory in what it prints: give
the file with its output, as of kubectl logs, instead of the directory. The
directories are made again in OUT-shards.`,
		Example: `  rehearse run big.yaml --shard 0/2 --start-at 2026-12-01T10:00:00Z --out part0   # on one machine
  rehearse run big.yaml --shard 1/2 --start-at 2026-12-01T10:00:00Z --out part1   # on another
  rehearse merge part0 part1 --out whole`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError(c, errors.New("merge wants two run directories at least"))
			}
			return merge(e, args, out, asJSON)
		},
	}
	c.Flags().StringVar(&out, "out", "", "write the joined run directory to `DIR` (default: beside the first, with -merged added)")
	c.Flags().BoolVar(&asJSON, "json", false, "print result.json instead of the report")
	return c
}

// merge joins directories and shows the whole.
func merge(e env, named []string, out string, asJSON bool) error {
	if out == "" {
		out = filepath.Clean(named[0]) + "-merged"
	}
	dirs, err := directories(named, out+"-shards")
	if err != nil {
		return err
	}
	if _, err := results.Merge(out, dirs); err != nil {
		return err
	}
	run, err := results.Open(out)
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

// directories are the run directories that are named, or that lie in the named
// logs; those are made below dir.
func directories(named []string, dir string) (dirs []string, err error) {
	for i, name := range named {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() {
			dirs = append(dirs, name) // that it cannot be read is told by who reads it
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		to := filepath.Join(dir, strconv.Itoa(i))
		if err := readBundle(name, to); err != nil {
			return nil, fmt.Errorf("cannot read %q as the output of a shard: %w", name, err)
		}
		dirs = append(dirs, to)
	}
	return dirs, nil
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
