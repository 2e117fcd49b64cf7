package main

import (
	"errors"
	"fmt"

	"rehearse/rehearsal"
	"rehearse/results"
	"rehearse/scenario"
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
	var wrong scenario.Errors
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
	return exitInternal
}

// verdictCode is the exit code for a run's result.
func verdictCode(r *results.Result) int {
	switch {
	case r.Run.Shard.Of > 1 && r.Run.Ended == results.Completed:
		return exitPass // a shard does not judge
	case r.Run.Ended == results.Interrupted:
		return exitInterrupted
	case r.Run.Ended == results.Aborted && r.Run.Rule != "":
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
		return fmt.Sprintf("verdict: none, this is shard %d of %d: merge judges all of them (exit 0)", r.Run.Shard.Index, r.Run.Shard.Of)
	}
	return fmt.Sprintf("verdict: %s (exit %d)", r.Verdict, verdictCode(r))
}
