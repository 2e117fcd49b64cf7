package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rehearse/results"
	"rehearse/results/report"
)

// newReport makes the verb report.
func newReport(w world) *cobra.Command {
	var asJSON bool
	var html string
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Show what a run directory says",
		Long: `report shows a run directory as run did when it ended, and exits with the
code of its verdict. A run that was killed is shown up to its last second.`,
		Example: `  rehearse report results/runs/20261201T100000Z-quickstart
  rehearse report results/runs/20261201T100000Z-quickstart --html report.html
  rehearse report --json results/runs/20261201T100000Z-quickstart | jq .verdict`,
		Args: exactly("run directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := results.Open(args[0])
			if err != nil {
				return err
			}
			if html != "" {
				if err := writeHTML(run, html); err != nil {
					return err
				}
			}
			return printRun(w, run, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print result.json")
	c.Flags().StringVar(&html, "html", "", "also write the report as one HTML file to `FILE`")
	return c
}

// reportFile is the report that run leaves in its directory.
const reportFile = "report.html"

// writeHTML writes the report as one HTML file.
func writeHTML(run *results.Run, path string) error {
	text, err := report.HTML(run)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// printRun prints a run to stdout, and its verdict as the last line: of the
// text, or on stderr beside the JSON. The error carries the exit code of a
// verdict that is not a pass.
func printRun(w world, run *results.Run, asJSON bool) error {
	var text bytes.Buffer
	verdict := io.Writer(&text)
	var err error
	if asJSON {
		verdict = w.stderr
		err = results.WriteJSON(&text, run.Result)
	} else {
		err = results.WriteText(&text, run)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(verdict, verdictLine(run.Result))
	if _, err := w.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("cannot print the report: %w", err)
	}
	if code := verdictCode(run.Result); code != exitPass {
		return status(code)
	}
	return nil
}
