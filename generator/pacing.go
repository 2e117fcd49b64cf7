package generator

import (
	"context"
	"runtime"
	"time"

	"rehearse/generator/transport"
	"rehearse/results"
)

// A pacing thread writes requests when they are due, for senders that wait for the answers
// already. It sleeps in the kernel on a thread of its own, which keeps its processor
// for the runtime: nothing has to be woken or handed over between the due time and the
// write. What it does not write, the sender does.
type pacingThread struct {
	pacer  *pacer
	ctx    context.Context // after which nothing leaves
	handed chan paced      // in the order of their due times
	ended  chan struct{}
}

// startPacing starts a thread for the senders of a run, where one can be: batches of one
// queue are due in their order. It needs a processor that builders leave, or answers
// would lie unread while it sleeps.
func (r *run) startPacing(starting context.Context) {
	c := &r.config
	if !canPace || c.Sleep != nil || c.Plan.Lanes != 1 || runtime.GOMAXPROCS(0) <= c.builders() {
		return
	}
	t := &pacingThread{
		pacer: r.pacer, ctx: starting, handed: make(chan paced, len(r.senders)), ended: make(chan struct{}),
	}
	for _, s := range r.senders {
		s.bePaced(t)
	}
	r.pace = t
	go t.run()
}

// run paces until the thread is closed.
func (t *pacingThread) run() {
	defer close(t.ended)
	ownThread()
	for p := range t.handed {
		t.pace(&p)
	}
}

// paced is a request that was handed over.
type paced struct {
	due    time.Duration
	of     *sender
	ticket transport.Ticket
}

// pace has a request leave when it is due.
func (t *pacingThread) pace(p *paced) {
	for ahead := p.due - t.pacer.Now(); ahead > 0 && t.ctx.Err() == nil; ahead = p.due - t.pacer.Now() {
		sleepBusy(ahead)
	}
	if t.ctx.Err() != nil {
		p.of.conn.Withdraw(p.ticket)
		return
	}
	p.of.conn.Leave(p.ticket, p.of.may)
}

// close ends the thread, after all senders.
func (t *pacingThread) close() {
	if t != nil {
		close(t.handed)
		<-t.ended
	}
}

// handOver is a request that a sender hands over to the pacing thread.
type handOver struct {
	due    time.Duration
	events int64
	lane   *lane                  // its token, until the request is handed over
	hand   func(transport.Ticket) // hands it over, and the token on
	may    func() bool            // tells whether it may leave, and notes that it does
}

// bePaced has a pacing thread write what the sender can hand over.
func (s *sender) bePaced(t *pacingThread) {
	s.pace = t
	s.hand = func(ticket transport.Ticket) {
		t.handed <- paced{s.due, s, ticket}
		s.token <- s.lane
		s.lane = nil
	}
	s.may = func() (may bool) {
		s.let.events = s.events
		if s.let.at, may = s.limiter.TryAcquire(s.events); may {
			s.out.Sent = s.pacer.Now()
			s.inFlight.Store(s.events)
		}
		return may
	}
}

// leastAhead is how much time there must be to hand a request over.
const leastAhead = 50 * time.Microsecond

// atDue has the pacing thread write b when it is due and records what becomes of it, if
// that can be. It returns a job that is free, and has handed on the token; nil: it has
// done neither.
func (s *sender) atDue(ctx context.Context, l *lane, b *job, now time.Duration) (spare *job) {
	if s.pace == nil || b.skipped || b.Overflow != nil || b.Due-now < leastAhead ||
		!s.nearDue(ctx, b.Due) || !s.reach.covers(b) {
		return nil
	}
	if now = s.pacer.Now(); b.Due-now < leastAhead { // something else took the time
		return nil
	}
	s.conn.Prepare(&b.Request, transport.Attempt{First: b.First, Events: b.Events}, now)
	s.out, s.due, s.events, s.lane = b.outcome(), b.Due, b.Events, l
	sent := s.conn.ExchangeAt(&s.out, b.Due-now, s.hand)
	if s.lane != nil {
		return nil
	}
	s.trail = trail{at: b.Due, stalls: s.stalls}
	if !sent {
		waited := s.pacer.Wait(ctx, b.Due, s.timer)
		now = s.pacer.Now()
		s.trail.until(now, results.LatePace)
		return s.handleAll(b, waited, now)
	}
	s.answered(b)
	if s.out.Sent-b.Due > results.LateAfter {
		s.trail.until(s.out.Sent, results.LatePace)
		s.out.Cause = s.trail.cause()
	}
	spare = b
	if s.settle(b) {
		spare = newJob()
	}
	s.since = s.pacer.Now()
	return spare
}
