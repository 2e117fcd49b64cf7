package generator

import (
	"sync"
	"sync/atomic"

	"rehearse/results"
)

// reach is how far a run may get before that has to be written down: what is not
// known to have left when a run is killed may have left up to there, and nothing
// beyond it did.
type reach struct {
	tell func(results.Reach) error // nil: nobody wants to know
	step results.Reach             // how much further it is moved at a time

	written atomic.Pointer[results.Reach]
	mu      sync.Mutex // held by who moves it
	failed  bool
}

// reachPerSecond is how often the reach is moved on at the peak of the load.
const reachPerSecond = 4

// newReach prepares for a run.
func newReach(c *Config) *reach {
	events := max(int64(c.Plan.Peak/reachPerSecond), 1)
	requests := max(events*c.Plan.Requests/max(c.Plan.Events, 1), 1)
	r := &reach{tell: c.Reach, step: results.Reach{Below: events, Events: events, Requests: requests}}
	r.written.Store(&results.Reach{})
	return r
}

// covers makes sure that it is written down that b may leave. If it cannot be, b
// may not.
func (r *reach) covers(b *job) bool {
	return r.tell == nil || within(&b.reach, r.written.Load()) || r.advance(&b.reach)
}

// within tells whether a batch is no further than what is written down.
func within(batch, written *results.Reach) bool {
	return batch.Requests <= written.Requests && batch.Events <= written.Events && batch.Below <= written.Below
}

// advance moves the reach on, a step further than a batch needs.
func (r *reach) advance(to *results.Reach) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.written.Load()
	if r.failed || within(to, before) {
		return !r.failed
	}
	next := results.Reach{
		Below:    max(to.Below+r.step.Below, before.Below),
		Events:   max(to.Events+r.step.Events, before.Events),
		Requests: max(to.Requests+r.step.Requests, before.Requests),
	}
	if r.failed = r.tell(next) != nil; r.failed {
		return false
	}
	r.written.Store(&next)
	return true
}
