package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"rehearse/preflight"
	"rehearse/results"
	"rehearse/results/compare"
	"rehearse/scenario"
	"rehearse/staging"
)

// newSchema makes the verb schema.
func newSchema(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [scenario|result|pipeline|check|compare|stage]",
		Short: "Print the JSON Schema of a file that rehearse reads or writes",
		Long: `schema prints the JSON Schema (draft 2020-12) of scenario files, so that
editors complete and check them; that of a run's result.json; that of the
pipeline's facts which check reads; that of what check or compare prints as
JSON; or that of what the staging endpoint has counted (endpoint.json).`,
		Example: `  rehearse schema > rehearse.schema.json
  # and as the first line of a scenario:
  # yaml-language-server: $schema=rehearse.schema.json`,
		ValidArgs: []string{"scenario", "result", "pipeline", "check", "compare", "stage"},
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)(c, args); err != nil {
				return usageError(c, err)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			_, err := fmt.Fprintf(w.stdout, "%s", schemaOf(args))
			return err
		},
	}
}

// schemaOf is the schema that is asked for, that of scenarios if none is.
func schemaOf(args []string) []byte {
	switch {
	case slices.Equal(args, []string{"result"}):
		return results.Schema()
	case slices.Equal(args, []string{"pipeline"}):
		return scenario.FactsSchema()
	case slices.Equal(args, []string{"check"}):
		return preflight.Schema()
	case slices.Equal(args, []string{"compare"}):
		return compare.Schema()
	case slices.Equal(args, []string{"stage"}):
		return staging.Schema()
	}
	return scenario.Schema()
}
