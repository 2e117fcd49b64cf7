package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"rehearse/results"
)

// newReport makes the verb report.
func newReport(w world) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Show what a run directory says",
		Long: `report shows a run directory as run did when it ended, and exits with the
code of its verdict. A run that was killed is shown up to its last second.`,
		Example: `  rehearse report results/runs/20261201T100000Z-quickstart
  rehearse report --json results/runs/20261201T100000Z-quickstart | jq .verdict`,
		Args: exactly("run directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := results.Open(args[0])
			if err != nil {
				return err
			}
			return printResult(w, &run.Result, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print result.json")
	return c
}

// printResult prints a result to stdout, and its verdict as the last line of
// the text, or on stderr beside the JSON. The error carries the exit code of a
// verdict that is not a pass.
func printResult(w world, result *results.Result, asJSON bool) error {
	var text bytes.Buffer
	write := results.WriteText
	if asJSON {
		write = results.WriteJSON
	}
	if err := write(&text, result); err != nil {
		return err
	}
	verdict := w.stderr
	if !asJSON {
		verdict = &text
	}
	fmt.Fprintln(verdict, verdictLine(result))
	if _, err := w.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("cannot print the report: %w", err)
	}
	if code := verdictCode(result); code != exitPass {
		return status(code)
	}
	return nil
}
