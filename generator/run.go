package generator

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/redact"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Run sends what the source deals out, each batch when it is due, and records
// every outcome. When soft ends nothing new is started and what is in flight is
// awaited; when hard ends that is given up too. Run returns when every request
// has been recorded and nobody reads the source any more, which is the caller's to
// close.
//
// Connections are opened by Destination.Dial alone, and a run without one is refused:
// transport.Loopback stays on this machine.
func Run(soft, hard context.Context, c Config) (Summary, error) {
	if err := c.check(); err != nil {
		return Summary{}, err
	}
	starting, stop := context.WithDeadline(soft, c.Start.Add(c.lasts()))
	defer stop()
	r := newRun(hard, c)
	r.retries = newRetries(starting, &r.config)
	r.retries.begin(r.senders)
	r.limiter = newRateLimiter(starting, &r.config, r.pacer)
	r.startPacing(starting)
	r.guard()
	endWatch := r.stalls.begin()
	feeding := r.produce(starting)
	ticking := r.tick()
	r.sendAll(starting)
	<-feeding
	r.settle(c.Plan)
	if r.stalls.silent(r.pacer.Now()) { // the heartbeat does not know yet of the stall that the run ended in
		endWatch()
	}
	close(r.done)
	<-ticking
	endWatch()
	summary := r.summary(soft)
	summary.Withheld = r.limiter.refused()
	return summary, nil
}

// run is the state of one Run.
type run struct {
	shared
	config     Config
	dispatcher *dispatcher
	sockets    transport.SocketCounter
	recorder   *results.Recorder
	pace       *pacingThread // nil: senders pace themselves
	senders    []*sender
	split      atomic.Int64 // requests added by byte limits

	due       results.Count // what came due until the last interval
	unstarted int64         // requests that the end of the run kept from being sent
	done      chan struct{}
}

// newRun wires up the parts.
func newRun(hard context.Context, c Config) *run {
	n := c.connections()
	pacer := &pacer{start: c.Start, sleep: c.Sleep}
	if pacer.sleep == nil {
		pacer.sleep = preciseSleep
	}
	r := &run{
		shared: shared{
			pacer: pacer, stalls: newStalls(pacer), reach: newReach(&c),
			skip: c.Scenario.Load.Late == scenario.LateSkip, ordered: c.Plan.Ordered, closed: c.closed(),
		},
		config:     c,
		dispatcher: newDispatcher(c.Source, pacer, c.Plan.Lanes, c.ahead(n), c.enough(n)),
		recorder:   results.NewRecorder(n + 1),
		done:       make(chan struct{}),
	}
	if r.stalls.probes = c.Sleep == nil; !r.stalls.probes {
		r.stalls.sleep = c.Sleep
	}
	r.config.Destination.Dial = r.sockets.Over(c.Destination.Dial)
	r.dispatcher.skip = r.skip
	if c.Clock != nil {
		r.clocks = &clocks{start: c.Start, tell: c.Clock}
	}
	tokens := make([]chan *lane, c.Plan.Lanes)
	for i := range tokens {
		tokens[i] = make(chan *lane, 1)
		tokens[i] <- &lane{}
	}
	secrets := redact.SecretsOf(c.Scenario)
	for i := range n {
		s := r.newSender(hard, i, tokens)
		s.redactor = redact.New(secrets)
		r.senders = append(r.senders, s)
	}
	return r
}

// newSender makes the i-th sender.
func (r *run) newSender(hard context.Context, i int, tokens []chan *lane) *sender {
	c := &r.config
	own := i % c.Plan.Lanes
	s := &sender{
		shared: &r.shared, queue: r.dispatcher.queues[own], token: tokens[own], free: r.dispatcher.release,
		alone: c.connections() == c.Plan.Lanes,
		shard: r.recorder.Sender(i), conn: transport.New(hard, &c.Destination), timer: stoppedTimer(),
	}
	s.conn.Shape(c.Scenario, c.Start)
	return s
}

// stoppedTimer returns a timer that is not running.
func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// produce starts the feeder and the builders; the channel closes when they end.
func (r *run) produce(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	go r.dispatcher.feed(ctx)
	go func() {
		defer close(ended)
		r.dispatcher.build(r.config.builders(), r.builder, r.built)
	}()
	return ended
}

// guard makes all requests pass the limiter, if there is one.
func (r *run) guard() {
	if r.limiter == nil {
		return
	}
	for _, s := range r.senders {
		s.conn.Guard(s.leaves, s.left)
	}
}

// builder makes what one goroutine needs to build bodies.
func (r *run) builder() *body.Builder {
	w := body.NewBuilder(r.config.Scenario, r.config.Start)
	w.Origin = r.config.Start.Add(-r.config.Plan.Resumed.Skipped)
	return w
}

// built notes when a body was ready, and how many requests it became.
func (r *run) built(b *job) {
	b.built = r.pacer.Now()
	for part := b.Overflow; part != nil; part = part.Overflow {
		r.split.Add(1)
	}
}

// sendAll runs the senders until the queues are closed.
func (r *run) sendAll(ctx context.Context) {
	var group sync.WaitGroup
	for _, s := range r.senders {
		group.Go(func() {
			s.run(ctx)
			s.conn.Close()
		})
	}
	group.Wait()
	r.pace.close()
}

// settle records what the source never dealt out as unsent.
func (r *run) settle(p source.Plan) {
	if r.closed && r.dispatcher.err == nil {
		return // more was planned than can be sent
	}
	events := p.Events - r.dispatcher.dealt.Events
	requests := p.Requests - r.dispatcher.dealt.Requests
	if events <= 0 {
		return
	}
	if r.dispatcher.ended {
		r.dispatcher.err = fmt.Errorf("the recording ended %d events early: it was changed after it had been read "+
			"to plan the run", events)
	}
	why := capture.NotStarted
	if r.dispatcher.err != nil {
		why = capture.NotBuilt
	}
	now, first := r.pacer.Now(), r.dispatcher.next
	if p.Sharded {
		first = -1 // the rest is no stretch
	}
	r.recorder.Sender(len(r.senders)).Record(&results.Outcome{
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
	if !r.closed {
		iv.Target = r.config.Plan.Rate(now - time.Second/2)
	}
	iv.Stalls, iv.Sockets = r.stalls.news(iv.Stalls), r.sockets.Sum()
	r.unstarted = iv.Total.Refusals[results.Refusal{Reason: capture.NotStarted}].Requests
	r.due = results.Count{Requests: iv.Total.Due(), Events: iv.Total.DueEvents()}
	if r.config.Observe != nil {
		r.config.Observe(iv)
	}
}

// summary says how the run ended.
func (r *run) summary(soft context.Context) Summary {
	p := r.config.Plan
	if r.closed {
		p.Events, p.Requests, p.Peak = r.due.Events, r.due.Requests, 0
		p.Whole.Events, p.Whole.Requests = p.Events, p.Requests
		return Summary{Planned: p, SourceErr: r.dispatcher.err, Interrupted: soft.Err() != nil}
	}
	p.Events = max(p.Events, r.dispatcher.dealt.Events)
	p.Requests = max(p.Requests, r.dispatcher.dealt.Requests) + r.split.Load()
	unfinished := r.unstarted > 0
	return Summary{
		Planned: p, SourceErr: r.dispatcher.err,
		Interrupted: unfinished && soft.Err() != nil,
		OutOfTime:   unfinished && soft.Err() == nil,
	}
}
