package generator

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// stageRun is a whole run in virtual time against an endpoint in memory.
type stageRun struct {
	scenario *scenario.Scenario
	endpoint staging.Config
	soft     context.Context // nil: never ends
	hard     context.Context
	dial     transport.DialFunc                          // nil: to the endpoint
	over     func(transport.DialFunc) transport.DialFunc // nil: nothing is put before it
	limit    Limit
	lead     time.Duration // from now to the start
	reach    func(results.Reach) error
	builders int                     // 0: two
	nap      func(time.Duration)     // nil: time.Sleep
	watch    func(*results.Interval) // nil: nobody else does
	weighs   int                     // an event, in bytes; 0: not known

	source    source.Source // nil: the scenario's
	plan      source.Plan
	summary   Summary
	total     results.Tally
	ledger    []results.Range
	intervals int
	stats     staging.Stats
}

// run runs it. It must be called inside a synctest bubble.
func (r *stageRun) run(t *testing.T) {
	t.Helper()
	listener := fasthttputil.NewInmemoryListener()
	server := staging.New(r.endpoint)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if r.soft == nil {
		r.soft = t.Context()
	}
	if r.hard == nil {
		r.hard = t.Context()
	}
	if r.dial == nil {
		r.dial = func(context.Context, string) (net.Conn, error) { return listener.Dial() }
	}
	if r.over != nil {
		r.dial = r.over(r.dial)
	}
	if r.source == nil {
		var err error
		if r.source, r.plan, err = opened(r.scenario, source.Part{}); err != nil {
			t.Fatal(err)
		}
	}
	r.summary = r.send(t)
	r.stats = server.Stats()
	listener.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute) // lets the client's and the server's own cleaners end
}

// send runs the generator alone.
func (r *stageRun) send(t *testing.T) Summary {
	t.Helper()
	if r.nap == nil {
		r.nap = time.Sleep
	}
	summary, err := Run(r.soft, r.hard, Config{
		Scenario: r.scenario, Source: r.source, Plan: r.plan, Start: time.Now().Add(r.lead), Builders: cmp.Or(r.builders, 2), Sleep: r.nap, Limit: r.limit, Reach: r.reach, EventBytes: r.weighs,
		Destination: transport.Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test", Timeout: r.scenario.Target.Timeout, Dial: r.dial},
		Observe: func(iv *results.Interval) {
			if iv.To < iv.From {
				t.Errorf("an interval from %v to %v", iv.From, iv.To)
			}
			r.intervals++
			r.ledger = append(r.ledger, iv.Ledger...)
			r.total = *iv.Total
			if r.watch != nil {
				r.watch(iv)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// balance checks the books of the run and returns how many requests and events
// had each fate.
func (r *stageRun) balance(t *testing.T) (fates [4]results.Count) {
	t.Helper()
	fates = r.total.Fates
	var all results.Count
	for _, c := range fates {
		all.Requests += c.Requests
		all.Events += c.Events
	}
	if all.Events != r.summary.Planned.Events || all.Requests != r.summary.Planned.Requests {
		t.Errorf("planned %d events in %d requests, accounted for %+v", r.summary.Planned.Events, r.summary.Planned.Requests, all)
	}
	seen := make([]bool, r.summary.Planned.Events)
	for _, l := range r.ledger {
		for i := l.First; i < l.First+l.Count; i++ {
			if seen[i] {
				t.Fatalf("event %d is in the ledger twice", i)
			}
			seen[i] = true
		}
	}
	for i, s := range seen {
		if !s {
			t.Fatalf("event %d is not in the ledger", i)
		}
	}
	return fates
}

// load is a load of ten small events a request, which are not compressed: a test of
// when and how often they are sent need not pay for that.
func load(t *testing.T, profile, more string) *scenario.Scenario {
	t.Helper()
	return parse(t, fmt.Sprintf("name: test\nload: {profile: %q%s}\ntarget: {connections: 16, timeout: 10s, compression: none}\nbatching: {events: 10}\ntraffic: {seed: 3, properties: {bytes: {p50: 1, p99: 1}}}\n", profile, more))
}

// TestLongRamp runs ten minutes of load in virtual time: nothing is late, the
// endpoint counts what the books say, and an interval comes every second.
func TestLongRamp(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: load(t, "line(0, 100, 5m) const(100, 4m) line(100, 0, 1m)", "")}
		r.run(t)
		// 100/2·300 + 100·240 + 100/2·60 = 15,000 + 24,000 + 3,000
		if got := r.balance(t)[capture.FateAccepted]; got != (results.Count{Requests: 4200, Events: 42000}) {
			t.Errorf("accepted %+v, want 42,000 events in 4,200 requests", got)
		}
		if r.stats.Events.Accepted != 42000 {
			t.Errorf("the endpoint accepted %d events", r.stats.Events.Accepted)
		}
		if late := r.total.AllLate(); late.Requests != 0 || r.total.Lag.Max() > time.Millisecond {
			t.Errorf("%d requests late, lag up to %v; virtual time knows no lag", late.Requests, r.total.Lag.Max())
		}
		if r.intervals < 599 || r.intervals > 602 {
			t.Errorf("%d intervals in ten minutes", r.intervals)
		}
	})
}

// TestStallShowsInLatency: an endpoint that stands still for a second in five
// delays a fifth of the requests by half a second on average. The 99th
// percentile of latency says so, however few connections there are, while the
// service time's median stays at nothing.
func TestStallShowsInLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{
			scenario: load(t, "const(1000, 15s)", ""),
			endpoint: staging.Config{Stall: staging.Stall{Every: 5 * time.Second, For: time.Second}},
		}
		r.run(t)
		r.balance(t)
		// Due times are even, so a fifth of all latencies is even between 0 and
		// 1 s: the 99th percentile is at 1 - 0.01/0.2 = 0.95 s.
		if p99 := r.total.Latency.Quantile(0.99); math.Abs(p99.Seconds()-0.95) > 0.02 {
			t.Errorf("latency p99 is %v, want 950 ms", p99)
		}
		if p50 := r.total.Service.Quantile(0.5); p50 > time.Millisecond {
			t.Errorf("service p50 is %v, want next to nothing", p50)
		}
		// 16 connections wait; the other requests of each stall find none free.
		if n := r.total.Late[results.NoConnection].Requests; n == 0 || r.total.Late[results.LateBuild].Requests+r.total.Late[results.LatePace].Requests > 0 {
			t.Errorf("late for want of a connection: %d; by our own fault: %v", n, r.total.Late)
		}
	})
}

// TestSkip sends nothing that finds no connection: with one connection and
// 100 ms of service, 10 of 100 requests a second can be sent.
func TestSkip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(1000, 10s)", ", late: skip")
		s.Target.Connections = 1
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 100 * time.Millisecond}}
		r.run(t)
		fates := r.balance(t)
		if got := fates[capture.FateAccepted].Requests; got < 95 || got > 105 {
			t.Errorf("%d requests were accepted in 10 s of 100 ms each", got)
		}
		skipped := r.total.Refusals[results.Refusal{Reason: capture.NoFreeConnection}]
		if skipped.Requests != fates[capture.FateUnsent].Requests || skipped.Events != 10*skipped.Requests {
			t.Errorf("unsent %+v, for want of a connection %+v", fates[capture.FateUnsent], skipped)
		}
	})
}

// TestQueueEnds: a run whose endpoint cannot keep up ends Grace after its
// profile, and what was not sent by then is accounted for.
func TestQueueEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(1000, 10s)", "")
		s.Target.Connections = 1
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 100 * time.Millisecond}}
		begin := time.Now()
		r.run(t)
		fates := r.balance(t)
		// 10 s and the grace of 30 s at ten requests a second
		if got := fates[capture.FateAccepted].Requests; got < 395 || got > 405 {
			t.Errorf("%d requests were accepted, want 400", got)
		}
		if took := time.Since(begin); took > Grace+80*time.Second {
			t.Errorf("the run took %v", took)
		}
		if r.summary.OutOfTime != true {
			t.Errorf("the summary does not say that time ran out")
		}
	})
}

// TestInterrupt stops a run in its middle: what is in flight is awaited, what
// was not due is unsent, and nothing is lost.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, time.Millisecond, 2 * time.Second, 7500 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				soft, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				stop, now := context.WithCancel(t.Context())
				context.AfterFunc(soft, now)
				r := stageRun{
					scenario: load(t, "const(1000, 8s)", ""), soft: stop,
					endpoint: staging.Config{Delay: 50 * time.Millisecond},
				}
				r.run(t)
				fates := r.balance(t)
				if fates[capture.FateAmbiguous].Requests != 0 || r.stats.Events.Accepted != fates[capture.FateAccepted].Events {
					t.Errorf("%+v, the endpoint accepted %d", fates, r.stats.Events.Accepted)
				}
				want := int64(after/time.Millisecond) / 10
				if got := fates[capture.FateAccepted].Requests; got < want-2 || got > want+2 {
					t.Errorf("%d requests accepted, want about %d", got, want)
				}
				if !r.summary.Interrupted {
					t.Errorf("the summary does not say that the run was interrupted")
				}
			})
		})
	}
}

// TestHardStop breaks off requests in flight at an endpoint that hangs: they may
// have been ingested, and the run ends at once.
func TestHardStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soft, endSoft := context.WithCancel(t.Context())
		hard, endHard := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, endSoft)
		time.AfterFunc(3*time.Second, endHard)
		s := load(t, "const(1000, 20s)", "")
		s.Target.Timeout = time.Minute
		r := stageRun{scenario: s, soft: soft, hard: hard, endpoint: staging.Config{Delay: 30 * time.Second}}
		r.run(t)
		fates := r.balance(t)
		abandoned := r.total.Refusals[results.Refusal{Reason: capture.Abandoned}]
		if fates[capture.FateAmbiguous].Requests != 16 || abandoned.Requests != 16 {
			t.Errorf("%+v, %d abandoned; want the 16 in flight", fates, abandoned.Requests)
		}
	})
}

// TestSameEventsOverAnyConnections: what the endpoint gets does not depend on
// how many connections and builders bring it.
func TestSameEventsOverAnyConnections(t *testing.T) {
	t.Parallel()
	sums := map[string]int{}
	for _, n := range []int{1, 4, 64} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(1000, 3s)", "")
			s.Target.Connections = n
			r := stageRun{scenario: s}
			r.run(t)
			r.balance(t)
			sums[r.stats.Checksum]++
		})
	}
	if len(sums) != 1 {
		t.Errorf("the checksums differ: %v", sums)
	}
}

// TestLead: what lies before the start is in no interval.
func TestLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: load(t, "const(100, 3s)", ""), lead: 4500 * time.Millisecond}
		r.run(t)
		r.balance(t)
		if r.intervals != 3 {
			t.Errorf("%d intervals of a run of 2.9 s", r.intervals)
		}
		soft, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		early := stageRun{scenario: r.scenario, lead: 4500 * time.Millisecond, soft: soft}
		early.run(t)
		if fates := early.balance(t); fates[capture.FateUnsent].Events != 300 {
			t.Errorf("%+v of a run that was ended before its start", fates)
		}
	})
}
