package rehearsal

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rehearse/generator"
	"rehearse/results"
	"rehearse/results/judge"
)

// firedRule is an abort rule as the cause that ended a context.
type firedRule struct{ *judge.Fired }

func (f firedRule) Error() string { return f.Why }

// ending is how the run ended; cause is what ended its soft context.
func ending(s generator.Summary, cause error) results.Final {
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
		e.Why = fmt.Sprintf("requests still waited %v after the end of the load: the endpoint, or the connections, "+
			"could not keep up", generator.Grace)
	}
	return e
}

// final is how the run ended, with what its result has to say of it.
func (r *rehearsal) final(s generator.Summary, cause error, clock *clockWatch) results.Final {
	final := ending(s, cause)
	final.Note = joinNotes(clock.note(), withheldNote(s.Withheld))
	return final
}

// withheldNote says that requests were not sent again for want of events; empty: none.
func withheldNote(requests int64) string {
	if requests == 0 {
		return ""
	}
	noun := "requests"
	if requests == 1 {
		noun = "request"
	}
	return fmt.Sprintf("%d %s not sent again: the permit's bounds count events each time that they are sent, "+
		"and left no more beside those that are planned", requests, noun)
}

// joinNotes joins those that are not empty.
func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}
