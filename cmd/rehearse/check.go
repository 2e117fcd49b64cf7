package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/internal/preflight"
	"rehearse/internal/preflight/whatif"
	"rehearse/rehearsal"
	"rehearse/scenario"
)

// checkFlags are those of check.
type checkFlags struct {
	pipeline string
	picture  string
	seed     string
	set      []string
	shards   int

	json, markdown, exact, whatIf bool
	adhoc                         adhocFlags
}

// newCheck makes the verb check.
func newCheck(e env) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check SCENARIO | --rate RATE",
		Short: "Say what a scenario will do to a pipeline, before a byte is sent",
		Long: `check works out what a scenario will do: events, requests and bytes, the curve
of the load, what the endpoint would refuse, the distinct_ids that are too hot and
when each of them overflows, how events spread over partitions, and which merges
and events may come out of order. Each figure has its error: half the width of a
95 % interval, or "exact". It refuses what loses events to a limit, and what has the
shape of a denial of service. It sends nothing.

What is known about the pipeline, such as its capacity, its limits and when its
team is at work, stands in a file that is given with --pipeline. Without it the
published limits hold.

Sizes and merges are estimated from a sample; --exact builds every request
instead, and leads its events through a model of the pipeline. A recording is
always read to its end. --what-if tries each change of the scenario that a finding
names and prints what comes of it, before and after.

The last line printed is the verdict with the exit code:
  0 go, or ok with conditions: it can run once the pipeline's team has met them
  121 refuse   104 the scenario is wrong`,
		Example: `  rehearse check scenarios/quickstart.yaml
  rehearse check --rate 20k/s --duration 1h --merges 3%
  rehearse check scenarios/hot-id.yaml --pipeline scenarios/pipeline/example.yaml -o plan.svg
  rehearse check scenarios/single-event-flood.yaml --json | jq .findings
  rehearse check scenarios/hot-id.yaml --what-if
  rehearse check scenarios/quickstart.yaml --markdown > ticket.md`,
		Args: f.adhoc.args,
		RunE: func(c *cobra.Command, args []string) error {
			if f.json && f.markdown {
				return usageError(c, errors.New("--json and --markdown are two forms of the same: choose one"))
			}
			if f.whatIf && f.markdown {
				return usageError(c, errors.New("--what-if is printed as text or, with --json, as JSON"))
			}
			return f.check(e, first(args))
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.pipeline, "pipeline", "", "check against the pipeline limits in `FILE`")
	c.Flags().BoolVar(&f.exact, "exact", false, "build every request and count, instead of estimating")
	c.Flags().BoolVar(&f.whatIf, "what-if", false, "try the changes that findings name, and print what comes of each")
	c.Flags().BoolVar(&f.json, "json", false, "print the check as JSON")
	c.Flags().BoolVar(&f.markdown, "markdown", false, "print the check as Markdown, for a ticket")
	c.Flags().StringVarP(&f.picture, "output", "o", "", "also draw the plan into this SVG `FILE`")
	c.Flags().StringArrayVar(&f.set, "set", nil,
		"override a field: `FIELD=VALUE`, as in batching.events=100 (repeatable)")
	c.Flags().StringVar(&f.seed, "seed", "", "override traffic.seed with `N`")
	c.Flags().IntVar(&f.shards, "shards", 0, "say what each of `N` machines gets that share the load")
	f.adhoc.define(c.Flags())
	return c
}

// check is the verb.
func (f *checkFlags) check(e env, path string) error {
	name, text, err := f.adhoc.scenario(e, path)
	if err != nil {
		return err
	}
	if f.adhoc.print {
		_, err := e.stdout.Write(text)
		return err
	}
	var facts *preflight.Facts
	if f.pipeline != "" {
		if facts, err = preflight.LoadFacts(f.pipeline); err != nil {
			return &rehearsal.Misread{What: "file of the pipeline's facts", Err: err}
		}
	}
	now := time.Now()
	with := func(set []string) (*scenario.Scenario, *preflight.Report, error) {
		s, err := rehearsal.Load(name, rehearsal.Overrides{Text: text, Set: append(slices.Clip(f.set), set...),
			Seed: f.seed})
		if err != nil {
			return nil, nil, err
		}
		in, err := rehearsal.CheckInput(s, facts, now, f.exact)
		if err != nil {
			return nil, nil, exitError{exitScenario, err}
		}
		in.Shards = f.shards
		return s, preflight.Check(in), nil
	}
	s, report, err := with(nil)
	if err != nil {
		return err
	}
	if f.picture != "" {
		if err := writeFile(f.picture, report.WriteSVG); err != nil {
			return err
		}
	}
	if f.whatIf {
		return f.printTable(e, report, whatif.Try(report, func(set []string) (*preflight.Report, error) {
			_, r, err := with(set)
			return r, err
		}))
	}
	return f.print(e, s, report)
}

// printTable prints what comes of the changes that findings name, and the verdict of the
// scenario as it is.
func (f *checkFlags) printTable(e env, r *preflight.Report, t *whatif.Table) error {
	if err := t.Failed(); err != nil {
		fmt.Fprintln(e.stderr, err)
	}
	var text bytes.Buffer
	if f.json {
		if err := t.WriteJSON(&text); err != nil {
			return err
		}
		return conclude(e, &text, e.stderr, r.Verdict)
	}
	if err := t.WriteText(&text); err != nil {
		return err
	}
	return conclude(e, &text, &text, r.Verdict)
}

// print prints the report, and its verdict as the last line: of the text, or on
// stderr beside a form for machines.
func (f *checkFlags) print(e env, s *scenario.Scenario, r *preflight.Report) error {
	var text bytes.Buffer
	verdict, write := io.Writer(e.stderr), r.WriteJSON
	switch {
	case f.markdown:
		write = r.WriteMarkdown
	case !f.json:
		verdict, write = &text, func(out io.Writer) error { return r.WriteText(out, terminalOf(e.stdout)) }
	}
	if err := write(&text); err != nil {
		return err
	}
	if s.Replay != nil && !f.json && !f.markdown {
		if err := exampleOf(&text, s); err != nil {
			return exitError{exitScenario, err}
		}
		text.WriteByte('\n')
	}
	return conclude(e, &text, verdict, r.Verdict)
}

// conclude writes the verdict to where it belongs, and what is to be printed; its error is
// the exit code of the verdict.
func conclude(e env, text *bytes.Buffer, to io.Writer, v preflight.Verdict) error {
	code := exitPass
	if v == preflight.Refuse {
		code = exitRefused
	}
	fmt.Fprintf(to, "verdict: %s (exit %d)\n", v, code)
	if _, err := e.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("cannot print the check: %w", err)
	}
	if code != exitPass {
		return status(code)
	}
	return nil
}

// terminalOf says what the place that text goes to can show.
func terminalOf(out io.Writer) preflight.Terminal {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	_, ok := terminal(out)
	return preflight.Terminal{
		ASCII:  locale != "" && !strings.Contains(strings.ToUpper(strings.ReplaceAll(locale, "-", "")), "UTF8"),
		Colour: ok && os.Getenv("NO_COLOR") == "",
	}
}
