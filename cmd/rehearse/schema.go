package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rehearse/results"
	"rehearse/scenario"
)

// newSchema makes the verb schema.
func newSchema(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [scenario|result]",
		Short: "Print the JSON Schema of scenario files, or of result.json",
		Long: `schema prints the JSON Schema (draft 2020-12) of scenario files, so that
editors complete and check them, or that of a run's result.json.`,
		Example: `  rehearse schema > rehearse.schema.json
  # and as the first line of a scenario:
  # yaml-language-server: $schema=rehearse.schema.json`,
		ValidArgs: []string{"scenario", "result"},
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)(c, args); err != nil {
				return usageError(c, err)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			text := scenario.Schema()
			if len(args) == 1 && args[0] == "result" {
				text = results.Schema()
			}
			_, err := fmt.Fprintf(w.stdout, "%s", text)
			return err
		},
	}
}
