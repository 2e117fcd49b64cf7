package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rehearse/generator"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/otlp"
	"rehearse/results/rundir"
)

// watchers are told of every interval of a run: who writes it down, who shows it,
// and who may end the run for it. They see what is over, and so disturb nothing.
type watchers struct {
	directory *rundir.Directory
	note      noteFunc
	progress  Progress
	show      func(iv *results.Interval, latest *results.Result)
	push      *otlp.Pusher // nil: nowhere
	clock     clockWatch
	aborts    *judge.Aborts
	abort     context.CancelCauseFunc
}

// observe passes an interval on.
func (w *watchers) observe(iv *results.Interval) {
	if err := w.directory.Write(iv); err != nil {
		w.progress.Warn(err)
	}
	if news := w.clock.news(); news != nil {
		w.progress.Warn(news)
	}
	w.progress.Interval(iv)
	w.show(iv, w.directory.Latest())
	if err := w.push.Observe(iv); err != nil {
		w.progress.Warn(err)
	}
	if fired := w.aborts.Observe(iv); fired != nil {
		w.abort(firedRule{fired})
	}
}

// mayLeave writes down how far the run may get. If that cannot be done, nothing may
// leave any more.
func (w *watchers) mayLeave(r results.Reach) error {
	err := w.directory.MayLeave(r)
	if err != nil {
		w.abort(unwritable{err})
	}
	return err
}

// unwritable is a run directory that cannot be written any more, as the cause that
// ended a run.
type unwritable struct{ error }

// maxSkew is how far two clocks may be apart before it is told: those that a time
// server sets agree to a fraction of it, and the Date of an answer has whole
// seconds.
const maxSkew = 5 * time.Second

// clockWatch hears of the endpoint's clock.
type clockWatch struct {
	ahead atomic.Int64 // in nanoseconds
	told  bool         // by news
}

// hear is told how far the endpoint's clock is ahead.
func (c *clockWatch) hear(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// news is the note, the first time that there is one.
func (c *clockWatch) news() error {
	note := c.note()
	if note == "" || c.told {
		return nil
	}
	c.told = true
	return errors.New(note)
}

// note says how far the clocks are apart, if that matters.
func (c *clockWatch) note() string {
	ahead, word := time.Duration(c.ahead.Load()), "ahead of"
	if ahead < 0 {
		ahead, word = -ahead, "behind"
	}
	if ahead <= maxSkew {
		return ""
	}
	return fmt.Sprintf("the endpoint's clock is %v or more %s this machine's, by the Date of its first answer: "+
		"events have this machine's times, which the endpoint may shift or take for its own, and a permit's window "+
		"is kept by this machine's clock; set both by a time server",
		ahead.Truncate(time.Second), word)
}

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
	if r.resumes != nil {
		final.Planned.AcceptedBefore = &r.resumes.Accepted
	}
	final.ClockAhead = time.Duration(clock.ahead.Load())
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
