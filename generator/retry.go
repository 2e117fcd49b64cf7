package generator

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/results"
	"rehearse/scenario"
)

// retries is where requests wait that were refused for now. A request that waits
// holds no connection: when its time has come, whichever sender is free sends it
// again, between the requests of the plan. It is no part of the plan: it never
// makes a new request, and what was refused is recorded when it is sent again.
//
// Where order matters it is otherwise: then nothing may overtake a request, and
// the sender of its queue waits with it (see sender.settle).
type retries struct {
	policy scenario.RetryPolicy
	ending context.Context // after which nothing is sent again
	until  time.Duration   // when that will be at the latest
	ready  chan *job       // whose time has come
	over   chan struct{}   // closed when nothing is left to do

	// work counts the senders that still take from their queues, and the requests
	// that wait or are being sent again.
	work sync.WaitGroup

	requests, events, bytes atomic.Int64 // that wait

	trimmer *body.Trimmer
}

// The bounds of what may wait. A client's queue has its bounds, too: what does
// not fit is not sent again.
const (
	maxWaiting      = 10_000
	maxWaitingBytes = 64 << 20
)

// newRetries returns the place where the requests of c wait, nil if they are not
// sent again.
func newRetries(starting context.Context, c *Config) *retries {
	if c.Scenario.Retry != scenario.RetrySDK {
		return nil
	}
	r := &retries{
		trimmer: body.NewTrimmer(c.Scenario.Target.Compression),
		policy:  c.Scenario.Policy(), ending: starting, until: c.Plan.Span + Grace,
		ready: make(chan *job), over: make(chan struct{}),
	}
	return r
}

// begin lets senders know of r, and watches for the end of the work.
func (r *retries) begin(senders []*sender) {
	if r == nil {
		return
	}
	r.work.Add(len(senders))
	for _, s := range senders {
		s.again = r.ready
	}
	go func() {
		r.work.Wait()
		close(r.over)
	}()
}

// waiting counts what waits.
func (r *retries) waiting() results.Count {
	if r == nil {
		return results.Count{}
	}
	return results.Count{Requests: r.requests.Load(), Events: r.events.Load()}
}

// wants tells whether the client sends b again after o, and how long it waits
// before. Only the events that were returned count where the answer speaks of
// events, else all that are left.
func (r *retries) wants(b *job, o *results.Outcome, asked time.Duration) (wait time.Duration, again bool) {
	if !r.policy.Allows(b.attempt, o.Status > 0) || r.ending.Err() != nil || !r.retryable(o, asked) {
		return 0, false
	}
	s := rng.NewStream(retrySalt^uint64(b.First), uint64(b.attempt))
	wait = r.policy.Wait(b.attempt, s.Float64(), asked)
	return wait, o.Done+wait < r.until
}

// retrySalt keeps the jitter apart from all other chance.
const retrySalt = 0x1f83d9abfb41bd6b

// retryable tells whether the client would send again after o. asked is what the
// answer said of when, 0 for nothing.
func (r *retries) retryable(o *results.Outcome, asked time.Duration) bool {
	for _, p := range o.Parts {
		if p.Said.Verdict == capture.VerdictRetry {
			return true
		}
	}
	if len(o.Parts) > 0 || !o.Reason.Retryable() {
		return false
	}
	if o.Reason == capture.RateLimited && r.policy.AskedOnly && asked == 0 {
		return false
	}
	byClient := o.Reason == capture.RateLimited || o.Reason == capture.RequestTimeout
	return !byClient || !r.policy.OnlyServerErrors
}

// prepare makes b ready to be sent again: what came to its end is put aside, and
// the body holds only what is left. False: that cannot be done.
func (r *retries) prepare(b *job, o *results.Outcome) bool {
	if b.attempt == 0 {
		b.sent, b.cause = o.Sent, o.Cause
	}
	b.last = *o
	b.last.Answer = slices.Clone(o.Answer[:min(len(o.Answer), keptAnswer)])
	if len(o.Parts) > 0 {
		b.last.Reason, b.last.Parts = capture.NotPersisted, nil
		if left := b.returned(); len(left) < len(b.Results) && !r.cut(b, left) {
			return false
		}
		b.putAside(o.Parts)
	}
	b.last.First, b.last.Events = b.index(0), b.outstanding()
	return true
}

// keptAnswer is how much of an answer is kept of a request that waits, in bytes.
const keptAnswer = 256

// hasRoom tells whether b may wait besides what waits already.
func (r *retries) hasRoom(b *job) bool {
	return r.requests.Load() < maxWaiting && r.bytes.Load()+int64(cap(b.Body)) <= maxWaitingBytes
}

// schedule lets b wait without a connection.
func (r *retries) schedule(b *job, wait time.Duration) {
	r.work.Add(1)
	r.count(b, 1)
	go func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.ending.Done():
		}
		r.ready <- b
	}()
}

// count adds b to what waits, or takes it away.
func (r *retries) count(b *job, n int64) {
	r.requests.Add(n)
	r.events.Add(n * b.Events)
	r.bytes.Add(n * int64(cap(b.Body)))
}

// cut makes b carry only the events that are left, by their place. A recorded
// body is sent as it was or not at all.
func (r *retries) cut(b *job, left []int) bool {
	next := 0
	whole := b.Headers == nil && r.trimmer.Keep(&b.Request, func(i int) bool {
		keep := next < len(left) && left[next] == i
		if keep {
			next++
		}
		return keep
	})
	if whole {
		b.keep(left)
	}
	return whole
}
