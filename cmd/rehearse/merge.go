package main

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
	"rehearse/results"
)

// newMerge makes the verb merge.
func newMerge(e env) *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Join the run directories of all shards, and judge them together",
		Long: `merge joins the run directories that "run --shard" wrote, one a shard, into one:
histograms are added bucket for bucket, timelines laid over each other by the
wall clock, ledgers united. It refuses shards that are missing or given twice,
that ran different scenarios or seeds, or that sent the same events. It judges
the whole by the scenario's thresholds and exits with the code of that verdict.`,
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
func merge(e env, dirs []string, out string, asJSON bool) error {
	if out == "" {
		out = filepath.Clean(dirs[0]) + "-merged"
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
