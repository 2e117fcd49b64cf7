package main

import (
	"errors"
	"fmt"

	"rehearse/generator"
	"rehearse/results"
)

// firedRule is an abort rule as the cause that ended a context.
type firedRule struct{ *results.Fired }

func (f firedRule) Error() string { return f.Why }

// ending is how the run ended; cause is what ended its soft context.
func (r *rehearsal) ending(s generator.Summary, cause error) results.Final {
	e := results.Final{Ended: results.Completed, Planned: planned(s.Planned)}
	var fired firedRule
	var ended permitEnded
	var lost unwritable
	switch {
	case s.SourceErr != nil:
		e.Ended, e.Why = results.Aborted, s.SourceErr.Error()
	case s.Interrupted && errors.As(cause, &fired):
		e.Ended, e.Why, e.Rule = results.Aborted, fired.Why, fired.Rule
	case s.Interrupted && errors.As(cause, &ended):
		e.Ended, e.Why = results.Interrupted, ended.Error()
	case s.Interrupted && errors.As(cause, &lost):
		e.Ended, e.Why = results.Aborted, lost.Error()
	case s.Interrupted && errors.Is(cause, errStopped):
		e.Ended, e.Why = results.Interrupted, errStopped.Error()
	case s.Interrupted:
		e.Ended, e.Why = results.Interrupted, "stopped by a signal"
	case s.OutOfTime:
		e.Ended = results.Aborted
		e.Why = fmt.Sprintf("requests still waited %v after the end of the load: the endpoint, or the connections, could not keep up", generator.Grace)
	}
	return e
}
