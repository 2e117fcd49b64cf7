package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rehearse/internal/verify"
	found "rehearse/internal/verify/report"
	"rehearse/rehearsal"
	"rehearse/results/report"
	"rehearse/results/rundir"
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
		Args: exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.forms() > 1 {
				return usageError(c, errors.New("choose one of --json, --markdown, --junit, --github and --rejected"))
			}
			run, err := rundir.Open(args[0])
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
	c.Flags().BoolVar(&f.rejections, "rejected", false,
		"list the refused requests in groups of one reason, status and answer")
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
func (f *reportFlags) show(e env, run *rundir.Run) error {
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
		return printForm(e, run, func(out io.Writer, run *rundir.Run) error {
			if err := report.WriteMarkdown(out, run); err != nil {
				return err
			}
			return addVerified(out, run.Path, found.WriteMarkdown)
		})
	case f.junit:
		return printForm(e, run, report.WriteJUnit)
	case f.rejections:
		return printForm(e, run, func(out io.Writer, run *rundir.Run) error {
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

// addVerified adds what verify found of the run, if it was asked.
func addVerified(out io.Writer, directory string, write func(io.Writer, *verify.Report) error) error {
	r, err := rehearsal.Verified(directory)
	if r == nil || err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "\nverify: %s\n\n", r.Verdict); err != nil {
		return err
	}
	return write(out, r)
}

// keepVerified writes what was found of a run into its directory, and draws its report again.
func keepVerified(directory string, result *verify.Result) error {
	if err := rehearsal.KeepVerified(directory, result); err != nil {
		return err
	}
	run, err := rundir.Open(directory)
	if err != nil {
		return err
	}
	run.CrossCheck()
	return rehearsal.KeepReport(run)
}

// print prints a report in the form that was asked for. The error carries the exit
// code of a verdict that is no pass.
func (f *verifyRunFlags) print(e env, r *verify.Report) error {
	code := exitPass
	switch {
	case r.Because == verify.Interrupted:
		code = exitInterrupted
	case r.Verdict == verify.Fail:
		code = exitThreshold
	case r.Verdict == verify.Invalid:
		code = exitInvalid
	}
	var out bytes.Buffer
	write, verdict := found.WriteText, io.Writer(&out)
	switch {
	case f.json:
		write = func(out io.Writer, r *verify.Report) error {
			text, err := r.Encode()
			_, _ = out.Write(text)
			return err
		}
		verdict = e.stderr
	case f.markdown:
		write, verdict = found.WriteMarkdown, e.stderr
	case f.junit:
		write, verdict = found.WriteJUnit, e.stderr
	}
	if err := write(&out, r); err != nil {
		return err
	}
	fmt.Fprintln(verdict, found.Verdict(r, code))
	if _, err := e.stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("cannot print the report: %w", err)
	}
	if code != exitPass {
		return status(code)
	}
	return nil
}

// reportFiles are the files that a run also writes its report to, for build servers.
type reportFiles struct{ junit, markdown string }

// write writes those that were asked for.
func (f *reportFiles) write(run *rundir.Run) error {
	for _, one := range []struct {
		path string
		form form
	}{{f.junit, report.WriteJUnit}, {f.markdown, report.WriteMarkdown}} {
		if one.path == "" {
			continue
		}
		if err := writeFile(one.path, func(out io.Writer) error { return one.form(out, run) }); err != nil {
			return err
		}
	}
	return nil
}

// form is a way to write a report.
type form func(io.Writer, *rundir.Run) error

// printForm prints a run in a form for machines, its verdict on stderr.
func printForm(e env, run *rundir.Run, write form) error {
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
func appendSummary(path string, run *rundir.Run) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write the step summary: %w", err)
	}
	return errors.Join(report.WriteMarkdown(file, run), file.Close())
}

// writeHTML writes the report as one HTML file.
func writeHTML(run *rundir.Run, path string) error {
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
func printRun(e env, run *rundir.Run, asJSON bool) error {
	var text bytes.Buffer
	verdict := io.Writer(&text)
	var err error
	if asJSON {
		verdict = e.stderr
		err = rundir.WriteJSON(&text, run.Result)
	} else {
		err = report.WriteText(&text, run, columns(e.stdout))
	}
	if err == nil && !asJSON {
		err = addVerified(&text, run.Path, found.WriteText)
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

// sayReport says where the report of a run is; on a terminal the path is a link (OSC 8).
func sayReport(e env, directory string) {
	path := filepath.Join(directory, "report.html")
	screen, ok := terminal(e.stderr)
	full, err := filepath.Abs(path)
	if !ok || err != nil || os.Getenv("TERM") == "dumb" {
		e.note("report: " + path)
		return
	}
	host, _ := os.Hostname() // without it, the link is to this machine as well
	link := url.URL{Scheme: "file", Host: host, Path: filepath.ToSlash(full)}
	shown := escaped([]byte(path))
	fmt.Fprintf(screen, "report: \x1b]8;;%s\x1b\\%s\x1b]8;;\x1b\\\n", link.String(), shown)
}
