package main

import (
	"context"

	"rehearse/results"
	"rehearse/results/otlp"
)

// watchers are told of every interval of a run: who writes it down, who shows it,
// and who may end the run for it. They see what is over, and so disturb nothing.
type watchers struct {
	directory *results.Directory
	progress  progress
	view      *live        // nil: nobody looks
	push      *otlp.Pusher // nil: nowhere
	clock     *clockWatch
	aborts    *results.Aborts
	abort     context.CancelCauseFunc
}

// observe passes an interval on.
func (w *watchers) observe(iv *results.Interval) {
	if err := w.directory.Write(iv); err != nil {
		w.progress.warn(err)
	}
	if news := w.clock.news(); news != nil {
		w.progress.warn(news)
	}
	w.progress.show(iv)
	w.view.observe(iv)
	if err := w.push.Observe(iv); err != nil {
		w.progress.warn(err)
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
