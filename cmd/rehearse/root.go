package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
	"rehearse/scenario"
)

// run is the program: arguments in, exit code out.
func run(args []string, e env) int {
	e.stdout, e.stderr = plain{e.stdout}, plain{e.stderr}
	root := newRoot(e)
	addCompletion(root)
	root.SetArgs(args)
	err := root.Execute()
	if err != nil {
		complain(e, err)
	}
	return codeOf(err)
}

// newRoot builds the command tree.
func newRoot(e env) *cobra.Command {
	root := &cobra.Command{
		Use:   "rehearse",
		Short: "Rehearse event-capture traffic before the real thing happens",
		Long: `rehearse sends the traffic that a scenario file describes (synthesized, or
replayed from a recording) to a staging capture endpoint: along a ramp, in
batches, as unevenly spread over distinct_ids and with as many merges as the
real thing. It writes latency histograms, every rejected request and a verdict
into a run directory.

Load goes to this machine, to the embedded endpoint or to one on loopback; to any
other it goes only under a signed permit, and within it (rehearse permit --help).`,
		Example: `  rehearse run scenarios/quickstart.yaml
  rehearse sample scenarios/quickstart.yaml -n 3
  rehearse stage --listen 127.0.0.1:8010
  rehearse run scenarios/quickstart.yaml --target http://127.0.0.1:8010
  rehearse report results/runs/20261201T100000Z-quickstart`,
		Args:          noSuchVerb,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError(c, err)
	})
	root.AddCommand(newInit(e), newRun(e), newStage(e), newPermit(e), newKubernetes(e), newVersion(e))
	for _, c := range []*cobra.Command{newCheck(e), newReport(e), newMerge(e), newCompare(e), newSample(e), newShape(e), newProfile(e), newSchema(e)} {
		root.AddCommand(stoppable(e, c))
	}
	return root
}

// addCompletion makes the verb completion, which by itself answers a shell that it
// does not know with its help, and with success.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = noSuchVerb
		completion.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
}

// noSuchVerb is what an unknown verb is answered with.
func noSuchVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %q?", near[0])
	}
	return usageError(c, fmt.Errorf("unknown command %q%s", args[0], hint))
}

// usageError marks err as a wrong command line and says where help is.
func usageError(c *cobra.Command, err error) error {
	return exitError{exitUsage, fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
}

// nothing asks for no argument.
func nothing(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(c, fmt.Errorf("%s wants no argument, not %q", c.CommandPath(), args[0]))
	}
	return nil
}

// exactly asks for one argument and names it.
func exactly(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError(c, fmt.Errorf("%s wants one %s, not %d", c.CommandPath(), what, len(args)))
		}
		return nil
	}
}

// first is the first argument, if there is one.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// complain prints what went wrong. Scenario errors stand alone, a line each, so
// that editors can jump to them.
func complain(e env, err error) {
	var news status
	var wrong scenario.Errors
	if errors.As(err, &news) {
		return
	}
	if errors.As(err, &wrong) {
		for _, mistake := range wrong {
			fmt.Fprintln(e.stderr, mistake)
		}
		what := "scenario"
		var other *rehearsal.Misread
		if errors.As(err, &other) {
			what = other.What
		}
		fmt.Fprintf(e.stderr, "rehearse: the %s has %s\n", what, count(len(wrong), "mistake"))
		return
	}
	fmt.Fprintf(e.stderr, "rehearse: %v\n", err)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
