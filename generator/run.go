package generator

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Config is everything that a run needs besides its source.
type Config struct {
	Scenario    *scenario.Scenario
	Source      Source
	Plan        Plan
	Destination Destination
	Start       time.Time // when event 0 is due, by the monotonic clock
	Limit       Limit     // zero: none
	Builders    int       // goroutines that build bodies; 0: as many as GOMAXPROCS
	EventBytes  int       // about what an encoded event weighs; 0: not known

	// Observe is told of every interval, once a second and at the end; the
	// interval is valid until it returns. It may be slow.
	Observe func(*results.Interval)

	// Clock, if set, is told once by how much at least the endpoint's clock is ahead
	// of ours, negative if it is behind; 0 if it may be right. It may not block.
	Clock func(ahead time.Duration)

	// Reach, if set, is told how far the run may get before anything goes that far,
	// about four times a second, by any goroutine. If it fails, the run ends.
	Reach func(results.Reach) error

	// Nap sleeps until shortly before a due time; nil: the finest sleep of the
	// operating system, which stands outside virtual time.
	Nap func(time.Duration)
}

// Grace is how long after the end of the profile a batch that is late may still
// be sent. It bounds a run whose endpoint cannot keep up.
const Grace = 30 * time.Second

// Summary is how a run ended.
type Summary struct {
	Planned     Plan  // with the requests that byte limits added
	SourceErr   error // the source broke off before its end
	Interrupted bool  // soft ended before everything was sent
	OutOfTime   bool  // Grace was over before everything was sent
	Withheld    int64 // requests that were not sent again because of Limit.Total
}

// Run sends what the source deals out, each batch when it is due, and records
// every outcome. When soft ends nothing new is started and what is in flight is
// awaited; when hard ends that is given up too. Run returns when every request
// has been recorded and nobody reads the source any more, which is the caller's to
// close.
func Run(soft, hard context.Context, c Config) (Summary, error) {
	if c.Plan.Lanes < 1 || c.Plan.Lanes > c.Scenario.Target.Connections {
		return Summary{}, fmt.Errorf("cannot run %d queues over %d connections", c.Plan.Lanes, c.Scenario.Target.Connections)
	}
	starting, stop := context.WithDeadline(soft, c.Start.Add(c.Plan.Span+Grace))
	defer stop()
	r := newRun(hard, c)
	r.retries = newRetries(starting, &r.config)
	r.retries.begin(r.senders, &r.split)
	gate := newGate(starting, &r.config, r.pacer)
	r.guard(gate)
	endWatch := r.stalls.begin()
	feeding := r.produce(starting)
	ticking := r.tick()
	r.sendAll(starting)
	<-feeding
	r.settle(c.Plan)
	if r.stalls.silent(r.pacer.Now()) { // the heart does not know yet of the stall that the run ended in
		endWatch()
	}
	close(r.done)
	<-ticking
	endWatch()
	summary := r.summary(soft)
	summary.Withheld = gate.refused()
	return summary, nil
}

// run is the state of one Run.
type run struct {
	config   Config
	pacer    *Pacer
	line     *line
	stalls   *stalls
	sockets  sockets
	recorder *results.Recorder
	senders  []*sender
	retries  *retries     // nil: nothing is sent again
	reach    reach        // how far senders have got
	split    atomic.Int64 // requests added by byte limits, ours and the endpoint's

	unstarted int64 // requests that the end of the run kept from being sent
	done      chan struct{}
}

// newRun wires up the parts.
func newRun(hard context.Context, c Config) *run {
	n := c.connections()
	pacer := &Pacer{start: c.Start, nap: c.Nap}
	if pacer.nap == nil {
		pacer.nap = nap
	}
	r := &run{
		config:   c,
		pacer:    pacer,
		line:     newLine(c.Source, pacer, c.Plan.Lanes, c.ahead(n)),
		stalls:   newStalls(pacer),
		recorder: results.NewRecorder(n + 1),
		done:     make(chan struct{}),
	}
	r.reach.init(&c)
	r.stalls.probes = c.Nap == nil
	r.config.Destination.Dial = r.sockets.over(c.Destination.Dial)
	r.line.skip = c.Scenario.Load.Late == scenario.LateSkip
	batons := make([]chan *lane, c.Plan.Lanes)
	for i := range batons {
		batons[i] = make(chan *lane, 1)
		batons[i] <- &lane{}
	}
	var watch *clocks
	if c.Clock != nil {
		watch = &clocks{start: c.Start, tell: c.Clock}
	}
	secrets := secretsOf(c.Scenario)
	for i := range n {
		s := r.newSender(hard, i, batons)
		s.clocks, s.striker = watch, &striker{secrets: secrets}
		r.senders = append(r.senders, s)
	}
	return r
}

// newSender makes the i-th sender, of one of the lanes.
func (r *run) newSender(hard context.Context, i int, batons []chan *lane) *sender {
	c := &r.config
	own := i % c.Plan.Lanes
	s := &sender{
		pacer: r.pacer, queue: r.line.queues[own], baton: batons[own], free: r.line.free, stalls: r.stalls,
		skip: r.line.skip, shard: r.recorder.Shard(i), wire: newWire(hard, &c.Destination), timer: stoppedTimer(),
		ordered: c.Plan.Ordered, alone: c.connections() == c.Plan.Lanes, reach: &r.reach,
	}
	s.wire.shape(c.Scenario, c.Start)
	return s
}

// connections is how many senders there are: one a queue where order matters.
func (c *Config) connections() int {
	if c.Plan.Ordered {
		return c.Plan.Lanes
	}
	return c.Scenario.Target.Connections
}

// ahead is how many batches may be in work at once: one for each sender, and
// enough built ones to last through a pause of the builders, but not so many
// that large bodies fill the memory.
func (c *Config) ahead(senders int) int {
	const memory = 4 << 20
	const most = 256
	body := max(c.Scenario.Batching.MaxEvents*cmp.Or(c.EventBytes, typicalEvent), 1)
	return senders + min(max(memory/body, 2*runtime.GOMAXPROCS(0)), most)
}

// typicalEvent is about what an encoded event weighs where nobody knows.
const typicalEvent = 400

// stoppedTimer returns a timer that is not running.
func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// produce starts the feeder and the builders; the channel closes when they end.
func (r *run) produce(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	go r.line.feed(ctx)
	go func() {
		defer close(ended)
		n := r.config.Builders
		if n == 0 {
			n = runtime.GOMAXPROCS(0)
		}
		r.line.build(n, r.workbench, r.built)
	}()
	return ended
}

// guard makes all requests pass g, if there is one.
func (r *run) guard(g *gate) {
	if g == nil {
		return
	}
	for _, s := range r.senders {
		s.gate, s.wire.meter.leaves, s.wire.meter.left = g, s.leaves, s.left
	}
}

// workbench makes a builder's workbench.
func (r *run) workbench() *Workbench {
	w := newWorkbench(r.config.Scenario, r.config.Start)
	w.origin = w.start.Add(-r.config.Plan.Skipped)
	return w
}

// built notes when a body was ready, and how many requests it became.
func (r *run) built(b *Batch) {
	now := r.pacer.Now()
	b.built = now
	for part := b.rest; part != nil; part = part.rest {
		part.built = now
		r.split.Add(1)
	}
}

// sendAll runs the senders until the queues are closed.
func (r *run) sendAll(ctx context.Context) {
	var group sync.WaitGroup
	for _, s := range r.senders {
		group.Go(func() {
			s.run(ctx)
			s.wire.close()
		})
	}
	group.Wait()
}

// settle records what the source never dealt out as unsent.
func (r *run) settle(p Plan) {
	events := p.Events - r.line.dealt.Events
	requests := p.Requests - r.line.dealt.Requests
	if events <= 0 {
		return
	}
	if r.line.ended {
		r.line.err = fmt.Errorf("the recording ended %d events early: it was changed after it had been read to plan the run", events)
	}
	why := capture.NotStarted
	if r.line.err != nil {
		why = capture.NotBuilt
	}
	now, first := r.pacer.Now(), r.line.next
	if p.Sharded {
		first = -1 // the rest is no stretch
	}
	r.recorder.Shard(len(r.senders)).Record(&results.Outcome{
		First: first, Events: events, Requests: requests,
		Due: now, Sent: now, Done: now, Reason: why,
	})
}

// tick passes an interval to Observe at every full second of the run until it is
// done, and the rest after that; the channel closes when it has.
func (r *run) tick() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		second := stoppedTimer()
		defer second.Stop()
		for {
			now := r.pacer.Now()
			second.Reset(max(now, 0).Truncate(time.Second) + time.Second - now)
			select {
			case <-second.C:
				r.observe()
			case <-r.done:
				r.observe()
				return
			}
		}
	}()
	return ended
}

// observe closes the current interval and passes it on.
func (r *run) observe() {
	inFlight := r.retries.waiting()
	for _, s := range r.senders {
		if events := s.inFlight.Load(); events > 0 {
			inFlight.Requests++
			inFlight.Events += events
		}
	}
	now := max(r.pacer.Now(), 0) // a run can end before it has begun
	iv := r.recorder.Tick(now, inFlight)
	iv.Target = r.config.Plan.Rate(now - time.Second/2)
	iv.Stalls, iv.Sockets = r.stalls.news(iv.Stalls), r.sockets.sum()
	r.unstarted = iv.Total.Refusals[results.Refusal{Reason: capture.NotStarted}].Requests
	r.config.Observe(iv)
}

// summary says how the run ended.
func (r *run) summary(soft context.Context) Summary {
	p := r.config.Plan
	p.Events = max(p.Events, r.line.dealt.Events)
	p.Requests = max(p.Requests, r.line.dealt.Requests) + r.split.Load()
	unfinished := r.unstarted > 0
	return Summary{
		Planned: p, SourceErr: r.line.err,
		Interrupted: unfinished && soft.Err() != nil,
		OutOfTime:   unfinished && soft.Err() == nil,
	}
}
