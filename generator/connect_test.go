package generator

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// TestConnecting: what it takes to open connections is recorded apart, once a
// connection, and lies in latency and service, not in lag.
func TestConnecting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := fasthttputil.NewInmemoryListener()
		server := staging.New(staging.Config{})
		served := make(chan error)
		go func() { served <- server.Serve(listener) }()
		const slow = 300 * time.Millisecond
		tries := 0
		r := stageRun{
			scenario: parse(t, "name: a\nload: {profile: 'const(100, 10s)'}\ntarget: {connections: 1}\nbatching: {events: 100}\ntraffic: {}\n"),
			dial: func(context.Context, string) (net.Conn, error) {
				if tries++; tries == 1 {
					return nil, io.ErrClosedPipe
				}
				time.Sleep(slow)
				return listener.Dial()
			},
		}
		r.run(t)
		// Ten requests a second apart: the first finds no connection, the second opens one, the others use it.
		if c := r.total.Connections; c != (results.Connections{Opened: 1, Failed: 1}) || r.total.TLS != nil {
			t.Errorf("%+v", c)
		}
		within := func(d time.Duration) bool { return d >= slow && d < slow+slow/500 }
		if c := r.total.Connect; c == nil || c.Count() != 1 || !within(c.Max()) {
			t.Errorf("%+v", c)
		}
		if !within(r.total.Latency.Max()) || !within(r.total.Service.Max()) || r.total.Service.Quantile(0.8) > time.Millisecond || r.total.Lag.Max() > time.Millisecond {
			t.Errorf("latency %v, service %v, lag %v at most", r.total.Latency.Max(), r.total.Service.Max(), r.total.Lag.Max())
		}
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // lets the cleaners end
	})
}

// TestConnectionRestsAtTheLimiter: a connection that lay idle while the limiter kept the next
// request back is given up like one that had nothing to send.
func TestConnectionRestsAtTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(20, 1s)", ", late: queue")
		s.Target.Connections = 1
		dialed := 0
		r := stageRun{
			scenario: s, limit: Limit{Events: 3000},
			endpoint: staging.Config{Reject: []staging.Rejection{{Status: 429, Share: 1}}, RetryAfter: 10 * time.Second},
			over: func(d transport.DialFunc) transport.DialFunc {
				return func(ctx context.Context, addr string) (net.Conn, error) {
					dialed++
					return d(ctx, addr)
				}
			},
		}
		r.run(t)
		if r.balance(t); r.total.Fates[capture.FateRejected].Requests != 2 || dialed != 2 {
			t.Errorf("%+v over %d connections, want one each", r.total.Fates, dialed)
		}
	})
}
