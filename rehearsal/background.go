package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"rehearse/generator"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/metrics"
	"rehearse/results/otlp"
	"rehearse/results/rundir"
)

// openBackground opens the stream that is sent beside, if the scenario has one: a run of
// its own with the same id, permit, endpoint and start, whose directory lies in that of
// the run.
func (r *rehearsal) openBackground() error {
	s := r.scenario.Background
	switch {
	case s == nil:
		return nil
	case r.Shard.Of > 1:
		return usage(errors.New("cannot send a shard of a scenario with a background: run it on one machine, " +
			"or leave it out with --set background=null"))
	case r.resumes != nil:
		return usage(fmt.Errorf("cannot resume %q: it had a background, and a stream beside it that is over "+
			"cannot be sent again", r.Resume))
	}
	b := &rehearsal{
		Options: Options{Network: r.Network, testNetwork: r.testNetwork, Group: r.Group, Note: r.Options.Note},
		id:      r.id, scenario: s, bound: r.bound,
	}
	r.background = b
	r.onClose(b.close)
	return inBackground(b.open())
}

// routeBackground sends the background where the run goes.
func (r *rehearsal) routeBackground() error {
	b := r.background
	if b == nil {
		return nil
	}
	b.endpoint = r.endpoint
	for _, warning := range b.source.Plan.Notes() {
		r.note("note: background: %s", warning)
	}
	plan := &b.source.Plan
	if r.Trial != nil {
		return b.route()
	}
	r.note("%s: %s in %s over %v beside it, peak %s events/s", b.scenario.Name, text.Plural(plan.Events, "event"),
		text.Plural(plan.Requests, "request"), plan.Span.Round(time.Millisecond), text.Rate(plan.Peak))
	if plan.Span < r.source.Plan.Span {
		r.note("note: background: it ends %v before the load", (r.source.Plan.Span - plan.Span).Round(time.Second))
	}
	return b.route()
}

// shareLimit gives each stream its part of what a permit allows of both, by their peaks
// and by their events, and says what is too little.
func (r *rehearsal) shareLimit(c *authorization) (reasons []string) {
	whole, other := c.limit, *c
	mine, others := &r.source.Plan, &r.background.source.Plan
	peak := mine.Peak / max(mine.Peak+others.Peak, 1e-9)
	events := float64(mine.Events) / float64(max(mine.Events+others.Events, 1))
	c.limit, other.limit = split(c.limit, peak, events)
	if c.limit.Requests > 0 && whole.Requests < 2 {
		reasons = append(reasons, "it allows one request in a second, and there are two streams")
	}
	for _, one := range []struct {
		limit generator.Limit
		of    *rehearsal
	}{{c.limit, r}, {other.limit, r.background}} {
		if batch := int64(one.of.scenario.Batching.MaxEvents); batch > one.limit.Events {
			reasons = append(reasons, fmt.Sprintf("shared with the other stream, it allows %s less than one request "+
				"in a second", one.of.scenario.Name))
		}
	}
	r.background.authorized = &other
	return reasons
}

// split divides a limit: the first part has these shares of the rates and of the events.
func split(whole generator.Limit, peak, events float64) (one, other generator.Limit) {
	part := func(of int64, share float64) int64 { return int64(math.Round(float64(of) * share)) }
	one, other = whole, whole
	one.Events, one.Total = part(whole.Events, peak), part(whole.Total, events)
	other.Events, other.Total = whole.Events-one.Events, whole.Total-one.Total
	if whole.Requests > 0 {
		one.Requests = min(max(part(whole.Requests, peak), 1), max(whole.Requests-1, 1))
		other.Requests = max(whole.Requests-one.Requests, 1)
	}
	return one, other
}

// background is one that is sent; nil: there is none.
type background struct {
	*stream
	summary generator.Summary
	err     error
	done    chan struct{} // nil: it did not start
}

// prepareBackground readies what is sent beside.
func (r *rehearsal) prepareBackground() (*background, error) {
	if r.background == nil {
		return nil, nil
	}
	s, err := r.background.stream()
	return &background{stream: s}, inBackground(err)
}

// start begins to send the background at the start of the run beside. Its abort rules end
// the whole run, as does its failure.
func (b *background) start(soft, hard context.Context, run *stream, view *live, builders int) error {
	if b == nil {
		return nil
	}
	b.startAt(run.manifest.StartedAt, filepath.Join(run.path, rundir.BackgroundDir), run.abort)
	if err := b.create(); err != nil {
		return inBackground(err)
	}
	b.show = view.beside(&b.manifest, b.of.source.Plan.Span)
	b.push = otlp.New(hard, run.of.push, &run.manifest, metrics.Background)
	b.progress = (&Options{}).progress(nil)
	b.progress.Warn = func(err error) { run.progress.Warn(inBackground(err)) }
	b.done = make(chan struct{})
	go func() {
		defer close(b.done)
		if b.summary, b.err = b.generate(soft, hard, builders); b.err != nil {
			b.abort(b.err)
		}
	}()
	return nil
}

// end waits for the background, judges it and says what it came to.
func (b *background) end(soft context.Context) (*results.Background, error) {
	if b == nil {
		return nil, nil
	}
	<-b.done
	if b.err != nil {
		return nil, inBackground(b.err)
	}
	r, err := b.directory.Close(b.of.final(b.summary, context.Cause(soft), &b.clock))
	if err == nil {
		_, err = finished(b.path)
	}
	if err != nil && r == nil {
		return nil, inBackground(err)
	}
	return judge.Background(r), nil
}

// streams are those that were sent beside.
func (b *background) streams() []*stream {
	if b == nil {
		return nil
	}
	return []*stream{b.stream}
}

// inBackground says of an error that it is one of the background.
func inBackground(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("background: %w", err)
}

// span is how long the load lasts, all streams of it.
func (r *rehearsal) span() time.Duration {
	if r.background == nil {
		return r.source.Plan.Span
	}
	return max(r.source.Plan.Span, r.background.source.Plan.Span)
}
