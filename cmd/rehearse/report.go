package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rehearse/results"
	"rehearse/results/report"
)

// reportFlags are those of report.
type reportFlags struct {
	html, events                              string
	json, markdown, junit, github, rejections bool
}

// newReport makes the verb report.
func newReport(e env) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Show what a run directory says",
		Long: `report shows a run directory as run did when it ended, and exits with the
code of its verdict. A run that was killed is shown up to its last second.

In a GitHub workflow --github prints annotations and adds the Markdown report to
the summary of the step.`,
		Example: `  rehearse report results/runs/20261201T100000Z-quickstart
  rehearse report results/runs/20261201T100000Z-quickstart --html report.html
  rehearse report --rejected --events lost.csv results/runs/20261201T100000Z-quickstart
  rehearse report --json results/runs/20261201T100000Z-quickstart | jq .verdict`,
		Args: exactly("run directory"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.forms() > 1 {
				return usageError(c, errors.New("choose one of --json, --markdown, --junit, --github and --rejected"))
			}
			run, err := results.Open(args[0])
			if err != nil {
				return err
			}
			run.CrossCheck()
			return f.show(e, run)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().BoolVar(&f.json, "json", false, "print result.json")
	c.Flags().BoolVar(&f.markdown, "markdown", false, "print the report as Markdown")
	c.Flags().BoolVar(&f.junit, "junit", false, "print the thresholds as JUnit tests")
	c.Flags().BoolVar(&f.github, "github", false, "print GitHub annotations, and add to $GITHUB_STEP_SUMMARY")
	c.Flags().BoolVar(&f.rejections, "rejected", false, "list the refused requests in groups of one reason, status and answer")
	c.Flags().StringVar(&f.html, "html", "", "also write the report as one HTML file to `FILE`")
	c.Flags().StringVar(&f.events, "events", "", "also write which events were not accepted, as CSV, to `FILE`")
	return c
}

// forms is how many forms were asked for.
func (f *reportFlags) forms() (n int) {
	for _, asked := range []bool{f.json, f.markdown, f.junit, f.github, f.rejections} {
		if asked {
			n++
		}
	}
	return n
}

// show writes the files that were asked for, and prints the run.
func (f *reportFlags) show(e env, run *results.Run) error {
	if f.html != "" {
		if err := writeHTML(run, f.html); err != nil {
			return err
		}
	}
	if f.events != "" {
		if err := writeFile(f.events, func(out io.Writer) error { return report.WriteEvents(out, run) }); err != nil {
			return err
		}
	}
	switch {
	case f.markdown:
		return printForm(e, run, report.WriteMarkdown)
	case f.junit:
		return printForm(e, run, report.WriteJUnit)
	case f.rejections:
		return printForm(e, run, func(out io.Writer, run *results.Run) error {
			return report.WriteRejected(out, run, columns(e.stdout))
		})
	case f.github:
		if path := os.Getenv("GITHUB_STEP_SUMMARY"); path != "" {
			if err := appendSummary(path, run); err != nil {
				return err
			}
		}
		return printForm(e, run, report.WriteAnnotations)
	}
	return printRun(e, run, f.json)
}

// form is a way to write a report.
type form func(io.Writer, *results.Run) error

// printForm prints a run in a form for machines, its verdict on stderr.
func printForm(e env, run *results.Run, write form) error {
	if err := write(e.stdout, run); err != nil {
		return err
	}
	fmt.Fprintln(e.stderr, verdictLine(run.Result))
	if code := verdictCode(run.Result); code != exitPass {
		return status(code)
	}
	return nil
}

// appendSummary adds the Markdown report to the summary of a workflow step,
// which other commands write as well.
func appendSummary(path string, run *results.Run) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write the step summary: %w", err)
	}
	return errors.Join(report.WriteMarkdown(file, run), file.Close())
}

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
func printRun(e env, run *results.Run, asJSON bool) error {
	var text bytes.Buffer
	verdict := io.Writer(&text)
	var err error
	if asJSON {
		verdict = e.stderr
		err = results.WriteJSON(&text, run.Result)
	} else {
		err = results.WriteText(&text, run, columns(e.stdout))
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(verdict, verdictLine(run.Result))
	if _, err := e.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("cannot print the report: %w", err)
	}
	if code := verdictCode(run.Result); code != exitPass {
		return status(code)
	}
	return nil
}
