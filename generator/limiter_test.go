package generator

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// most returns the largest sum of events, and number of requests, in any second,
// both its ends included. Such a second may begin with a departure.
func most(left []departure) (events, requests int64) {
	for i := range left {
		var e, n int64
		for _, d := range left[i:] {
			if d.at-left[i].at > time.Second {
				break
			}
			e += d.events
			n++
		}
		events, requests = max(events, e), max(requests, n)
	}
	return events, requests
}

// TestWindow: whatever is asked for and when, no second has more than its limit,
// and nothing waits longer than that takes.
func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := Limit{Events: rapid.Int64Range(1, 50).Draw(r, "events"), Requests: rapid.Int64Range(0, 10).Draw(r, "requests")}
		w := newWindow(l)
		var left []departure
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(r, "departures") {
			now += time.Duration(rapid.Int64Range(0, 400).Draw(r, "pause")) * time.Millisecond
			n := rapid.Int64Range(1, l.Events).Draw(r, "n")
			free := w.earliest(now, n)
			if free > now {
				if e, q := most(append(left, departure{free - 1, n})); e <= l.Events && (l.Requests == 0 || q <= l.Requests) {
					r.Fatalf("%d events may leave at %v only, and could have at %v", n, free, free-1)
				}
			}
			now = free
			if again := w.earliest(now, n); again != now {
				r.Fatalf("room at %v, and then only at %v", now, again)
			}
			w.add(now, n)
			left = append(left, departure{now, n})
		}
		if e, q := most(left); e > l.Events || l.Requests > 0 && q > l.Requests {
			r.Errorf("%d events and %d requests in a second, the limit is %+v", e, q, l)
		}
	})
}

// departures are what an endpoint saw: when each request came, by its first bytes.
type departures struct {
	begin time.Time
	mu    sync.Mutex
	left  []departure
}

// over notes what is sent over the connections that dial opens.
func (a *departures) over(dial func(context.Context, string) (net.Conn, error), events int64) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := dial(ctx, addr)
		return &departing{c, a, events}, err
	}
}

type departing struct {
	net.Conn
	to     *departures
	events int64
}

func (c *departing) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("POST ")) {
		c.to.mu.Lock()
		c.to.left = append(c.to.left, departure{time.Since(c.to.begin), c.events})
		c.to.mu.Unlock()
	}
	return c.Conn.Write(p)
}

// slowly opens connections that take a while, the first of each second the longest:
// so that those which begin to open one after the other are open at once.
func slowly(dial transport.DialFunc, longest time.Duration) transport.DialFunc {
	begin := time.Now()
	return func(ctx context.Context, addr string) (net.Conn, error) {
		time.Sleep(max(longest-time.Since(begin)%time.Second, 0))
		return dial(ctx, addr)
	}
}

// TestCapHolds: no second of any run exceeds the cap, as the endpoint sees it:
// stalls, pauses, refusals, retries and slow connections included.
func TestCapHolds(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("a hundred runs; the other tests of the gate are raced")
	}
	rapid.Check(t, func(r *rapid.T) {
		s := load(t, "const(300, 3s)", "")
		s.Target.Connections = rapid.IntRange(1, 6).Draw(r, "connections")
		s.Retry = rapid.SampledFrom([]scenario.Retry{scenario.RetryNone, scenario.RetrySDK}).Draw(r, "retry")
		s.Load.Late = rapid.SampledFrom([]scenario.Late{scenario.LateQueue, scenario.LateSkip}).Draw(r, "late")
		limit := Limit{Events: rapid.Int64Range(10, 400).Draw(r, "cap"), Requests: rapid.Int64Range(0, 60).Draw(r, "requests")}
		endpoint := staging.Config{
			Delay: time.Duration(rapid.IntRange(0, 50).Draw(r, "delay")) * time.Millisecond,
			Stall: staging.Stall{Every: time.Second, For: time.Duration(rapid.IntRange(0, 800).Draw(r, "stall")) * time.Millisecond},
			Script: []staging.Phase{{
				From: time.Second, To: 2 * time.Second, RetryAfter: time.Duration(rapid.IntRange(0, 2).Draw(r, "after")) * time.Second,
				Reject: []staging.Rejection{{Status: 503, Share: float64(rapid.IntRange(0, 10).Draw(r, "refused")) / 10}},
			}},
		}
		opening := time.Duration(rapid.IntRange(0, 2000).Draw(r, "opening")) * time.Millisecond
		s.Target.Reconnect = rapid.Bool().Draw(r, "reconnect")
		synctest.Test(t, func(t *testing.T) {
			seen := &departures{begin: time.Now()}
			run := stageRun{scenario: s, endpoint: endpoint, limit: limit, over: func(d transport.DialFunc) transport.DialFunc { return seen.over(slowly(d, opening), 10) }}
			run.run(t)
			run.balance(t)
			if e, q := most(seen.left); e > limit.Events || limit.Requests > 0 && q > limit.Requests {
				t.Errorf("%d events and %d requests in a second, the limit is %+v", e, q, limit)
			}
		})
	})
}

// TestCapOfThePeak: a cap that is the very peak of the load makes nobody late,
// and one that is twice as high lets a backlog be caught up at that rate.
func TestCapOfThePeak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: load(t, "const(1000, 5s)", ""), limit: Limit{Events: 1000}}
		r.run(t)
		r.balance(t)
		if lag := r.total.Lag.Max(); lag > 10*time.Microsecond {
			t.Errorf("the cap made requests wait up to %v", lag)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: load(t, "const(1000, 10s)", ""), limit: Limit{Events: 2000},
			endpoint: staging.Config{Script: []staging.Phase{{From: time.Second, To: 5 * time.Second, Stall: true}}}}
		seen := &departures{begin: time.Now()}
		r.over = func(d transport.DialFunc) transport.DialFunc { return seen.over(d, 10) }
		r.run(t)
		r.balance(t)
		if e, _ := most(seen.left); e != 2000 {
			t.Errorf("%d events in the fullest second, want the cap", e)
		}
		// At 5 s 400 requests wait, 16 of them sent. The cap lets 200 go at once,
		// for which only the stall is to blame, 200 at 6 s and 200 at 7 s; those due
		// from 7.16 s on wait for 8 s, 80 of them over 50 ms. Of those that go at 6 s, the
		// 100 due before 4 s had waited longer for the stall: 100 + 200 + 80.
		if held := r.total.Late[results.Held].Requests; held < 370 || held > 390 {
			t.Errorf("%d requests late because of the cap, want about 380", held)
		}
	})
}

// TestTooLargeForTheLimit: a request that no second has room for never leaves, and
// one that is larger than it may be neither.
func TestTooLargeForTheLimit(t *testing.T) {
	t.Parallel()
	for _, l := range []Limit{{Events: 9}, {Events: 100, Batch: 9}} {
		synctest.Test(t, func(t *testing.T) {
			r := stageRun{scenario: load(t, "const(100, 2s)", ""), limit: l}
			r.run(t)
			r.balance(t)
			if n := r.total.Refusals[results.Refusal{Reason: capture.HeldBack}].Requests; n != 20 || r.stats.Events.Accepted != 0 {
				t.Errorf("%+v: %d held back of 20, the endpoint accepted %d events", l, n, r.stats.Events.Accepted)
			}
		})
	}
}

// TestPauseWhenAsked: under a limit nothing at all leaves while an endpoint has
// asked for a pause, and what waits for it is counted as held.
func TestPauseWhenAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		late scenario.Late
		held int64 // requests that never left
	}{{scenario.LateQueue, 0}, {scenario.LateSkip, 300}} {
		t.Run(string(c.late), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := load(t, "const(1000, 8s)", ", late: "+string(c.late))
				seen := &departures{begin: time.Now()}
				r := stageRun{scenario: s, limit: Limit{Events: 3000}, over: func(d transport.DialFunc) transport.DialFunc { return seen.over(d, 10) },
					endpoint: staging.Config{Script: []staging.Phase{{
						From: 2 * time.Second, To: 2*time.Second + 5*time.Millisecond, RetryAfter: 3 * time.Second, Reject: []staging.Rejection{{Status: 429, Share: 1}},
					}}}}
				r.run(t)
				r.balance(t)
				longest := time.Duration(0)
				for i := 1; i < len(seen.left); i++ {
					longest = max(longest, seen.left[i].at-seen.left[i-1].at)
				}
				if longest < 3*time.Second || longest > 3*time.Second+10*time.Millisecond {
					t.Errorf("the longest pause was %v, want 3 s", longest)
				}
				if n := r.total.Refusals[results.Refusal{Reason: capture.HeldBack}].Requests; n < c.held-10 || n > c.held {
					t.Errorf("%d never left, want about %d", n, c.held)
				}
				if n := r.total.Late[results.NoConnection].Requests + r.total.Late[results.LatePace].Requests; n != 0 {
					t.Errorf("%d are late for another cause than the pause", n)
				}
			})
		})
	}
}

// TestLimiterEnds: who waits at the gate when the run ends has not started.
func TestLimiterEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soft, end := context.WithTimeout(t.Context(), 5*time.Second)
		defer end()
		r := stageRun{scenario: load(t, "const(1000, 20s)", ""), limit: Limit{Events: 10}, soft: soft}
		begin := time.Now()
		r.run(t)
		// one request a second, at 0, 1, 2, 3 and 4 s and a few ns
		if fates := r.balance(t); fates[capture.FateAccepted].Requests != 5 || !r.summary.Interrupted {
			t.Errorf("%+v, interrupted: %v", fates, r.summary.Interrupted)
		}
		if took := time.Since(begin); took > time.Minute+6*time.Second {
			t.Errorf("the run went on for %v", took-time.Minute)
		}
	})
}

// TestNothingGoesAroundTheLimiter: a request that was sent without having passed it
// passes when its first byte is written, and cancels nobody else's passing.
func TestNothingGoesAroundTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newRateLimiter(t.Context(), &Config{Limit: Limit{Events: 10}}, &pacer{start: time.Now(), sleep: time.Sleep})
		s := &sender{shared: &shared{limiter: l, pacer: l.pacer}, timer: stoppedTimer()}
		if !s.admitted(10, never) || !s.leaves() || s.out.Sent != 0 {
			t.Fatalf("the first request waited until %v", s.out.Sent)
		}
		s.inFlight.Store(10)
		if !s.leaves() || l.pacer.Now() != time.Second+1 {
			t.Errorf("one that went around the limiter left at %v, want a second after the first", l.pacer.Now())
		}
	})
}

// TestSecondsCountFromTheLastWrite: whoever was kept from writing by the operating
// system, after he was let go, has left when he wrote.
func TestSecondsCountFromTheLastWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newRateLimiter(t.Context(), &Config{Limit: Limit{Events: 10}}, &pacer{start: time.Now(), sleep: time.Sleep})
		near, far := net.Pipe()
		go func() {
			for from := bufio.NewReader(far); ; {
				request, err := http.ReadRequest(from)
				if err != nil {
					return
				}
				io.Copy(io.Discard, request.Body)
				io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"status\":1}")
			}
		}()
		s := &sender{shared: &shared{limiter: l, pacer: l.pacer}, timer: stoppedTimer()}
		c := transport.New(t.Context(), &transport.Destination{
			URL: &url.URL{Scheme: "http", Host: "endpoint"}, Timeout: time.Hour,
			Dial: func(context.Context, string) (net.Conn, error) { return slowToWrite{near, 3 * time.Millisecond}, nil },
		})
		c.Guard(s.leaves, s.left)
		for k := range 3 {
			if !s.admitted(10, never) {
				t.Fatal(s.out.Reason)
			}
			var o results.Outcome
			c.Prepare(&body.Request{Path: "/batch/", Body: []byte("{}")}, transport.Attempt{}, l.pacer.Now())
			if c.Exchange(&o); o.Reason != capture.Accepted {
				t.Fatal(o.Reason)
			}
			// let go at k·(1 s + 1 ns + 3 ms), written 3 ms later
			if want := time.Duration(k)*(time.Second+1+3*time.Millisecond) + 3*time.Millisecond; l.pacer.Now() != want {
				t.Errorf("request %d was written at %v, want %v", k, l.pacer.Now(), want)
			}
			c.Rest(l.pacer.Now())
		}
		if l.window.count != 1 || l.window.events != 10 {
			t.Errorf("the window holds %d requests of %d events", l.window.count, l.window.events)
		}
		c.Close()
	})
}

// slowToWrite is a connection on which a request takes a time to be written.
type slowToWrite struct {
	net.Conn
	takes time.Duration
}

func (c slowToWrite) Write(p []byte) (int, error) {
	time.Sleep(c.takes)
	return c.Conn.Write(p)
}

// TestLimiterAllocatesNothing, however long it runs.
func TestLimiterAllocatesNothing(t *testing.T) {
	l := newRateLimiter(t.Context(), &Config{Limit: Limit{Events: 1 << 40}}, &pacer{start: time.Now(), sleep: time.Sleep})
	timer := stoppedTimer()
	if n := testing.AllocsPerRun(1000, func() {
		if _, why := l.Acquire(10, time.Hour, timer); why != capture.Accepted {
			t.Fatal(why)
		}
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// BenchmarkWindow is what a limit costs a request, at 1,000 requests a second.
func BenchmarkWindow(b *testing.B) {
	w, now := newWindow(Limit{Events: 100_000}), time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now = w.earliest(now+time.Millisecond, 90)
		w.add(now, 90)
	}
}
