package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"rehearse/generator/source"
	"rehearse/rehearsal"
)

// newShape makes the verb shape.
func newShape(e env) *cobra.Command {
	var from, n int64
	var set []string
	c := &cobra.Command{
		Use:   "shape SCENARIO",
		Short: "Show the shape of the traffic, as planned and as measured",
		Long: `shape makes events of a scenario without sending them and counts them: the
mix, the hot ids, the events of each person by rank, sizes, merges, and what is
wrong on purpose, each beside what the scenario asks for.`,
		Example: `  rehearse shape scenarios/hot-id.yaml
  rehearse shape scenarios/hot-id.yaml -n 1000000`,
		Args: exactly("scenario file"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := rehearsal.Load(args[0], rehearsal.Overrides{Set: set})
			if err != nil {
				return err
			}
			shape, err := source.Measure(s, time.Now(), from, n)
			if err != nil {
				return exitError{exitScenario, err}
			}
			if err := writeShape(e.stdout, shape); err != nil {
				return fmt.Errorf("cannot print the shape: %w", err)
			}
			return nil
		},
	}
	c.Flags().SortFlags = false
	c.Flags().Int64VarP(&n, "events", "n", 100_000, "how `many` events to measure")
	c.Flags().Int64Var(&from, "from", 0, "the first one's `index`")
	c.Flags().StringArrayVar(&set, "set", nil, "override one field, as in --set traffic.seed=7 (repeatable)")
	return c
}
