package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario/strict"
)

// Exit codes. Where k6 has the same meaning, its number is used.
const (
	exitPass        = 0   // the run passed
	exitInternal    = 1   // rehearse itself could not do its work
	exitUsage       = 2   // the command line is wrong
	exitThreshold   = 99  // a threshold failed
	exitScenario    = 104 // the scenario, or a recording that it names, is wrong
	exitInterrupted = 105 // stopped by a signal
	exitAborted     = 108 // an abort rule of the scenario ended the run
	exitInvalid     = 120 // the generator was the bottleneck: the numbers mean nothing
	exitRefused     = 121 // not allowed to send load there
)

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }

func (e exitError) Unwrap() error { return e.err }

// status is the exit code of a command that did its work and has bad news; the
// news is printed already.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// codeOf is the exit code for err.
func codeOf(err error) int {
	var known exitError
	var news status
	var wrong strict.Errors
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &news):
		return int(news)
	case errors.As(err, &known):
		return known.code
	case errors.As(err, &wrong) && rehearsal.KindOf(err) == 0:
		return exitScenario
	}
	switch rehearsal.KindOf(err) {
	case rehearsal.Usage:
		return exitUsage
	case rehearsal.Scenario:
		return exitScenario
	case rehearsal.Refused:
		return exitRefused
	case rehearsal.Late:
		return exitInvalid
	case rehearsal.Stopped:
		return exitInterrupted
	}
	if errors.Is(err, rundir.ErrNoRun) {
		return exitUsage
	}
	return exitInternal
}

// verdictCode is the exit code for a run's result.
func verdictCode(r *results.Result) int {
	switch {
	case r.Run.Shard.Of > 1 && r.Run.Ended == results.Completed:
		return exitPass // a shard does not judge
	case r.Run.Ended == results.Interrupted:
		return exitInterrupted
	case r.Run.Rule != "":
		return exitAborted
	case r.Verdict == results.Pass:
		return exitPass
	case r.Verdict == results.Fail:
		return exitThreshold
	}
	return exitInvalid
}

// verdictLine is the last line that run and report print.
func verdictLine(r *results.Result) string {
	if r.Run.Shard.Of > 1 && r.Run.Ended == results.Completed {
		return fmt.Sprintf("verdict: none, this is shard %d of %d: merge judges all of them (exit 0)",
			r.Run.Shard.Index, r.Run.Shard.Of)
	}
	return fmt.Sprintf("verdict: %s (exit %d)", r.Verdict, verdictCode(r))
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
		return usageError(c, fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// exactly asks for one argument and names it as the usage line does.
func exactly(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usageError(c, fmt.Errorf("missing argument %s", what))
		case 1:
			return nil
		}
		return usageError(c, fmt.Errorf("one %s at a time: unexpected argument %q", what, args[1]))
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
	var wrong strict.Errors
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
