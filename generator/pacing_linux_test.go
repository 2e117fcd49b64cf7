package generator

import (
	"context"
	"errors"
	"net"
	"net/url"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// watchedConn is a connection that counts how often its descriptor is used by another
// goroutine than that which reads, and what is written in the ordinary way.
type watchedConn struct {
	*net.TCPConn
	handed, written *atomic.Int64
}

func (c watchedConn) Write(p []byte) (int, error) {
	c.written.Add(1)
	return c.TCPConn.Write(p)
}

func (c watchedConn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.TCPConn.SyscallConn()
	return watchedRaw{raw, c.handed}, err
}

// watchedRaw is its descriptor.
type watchedRaw struct {
	syscall.RawConn
	handed *atomic.Int64
}

func (r watchedRaw) Control(use func(fd uintptr)) error {
	r.handed.Add(1)
	return r.RawConn.Control(use)
}

// pacedRun is a run in real time over sockets of this machine.
type pacedRun struct {
	handed, written atomic.Int64 // requests that the pacing thread wrote; that were written in the ordinary way
	balance         stageRun
	stats           staging.Stats
}

// run runs a scenario until soft ends.
func (r *pacedRun) run(t *testing.T, soft context.Context, profile string, endpoint staging.Config, limit Limit) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, served := staging.New(endpoint), make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s := parse(t, "name: a\nload: {profile: '"+profile+"', late: queue}\nbatching: {events: 1}\ntraffic: {}\n"+
		"target: {connections: 8, compression: none, endpoint: capture}\n")
	o, err := source.Open(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	dial := transport.Loopback(time.Minute)
	r.balance.summary, err = Run(soft, t.Context(), Config{
		Scenario: s, Source: o, Plan: o.Plan, Start: time.Now().Add(20 * ms), Builders: 1, Limit: limit,
		Destination: transport.Destination{
			URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, UserAgent: "test", Timeout: time.Minute,
			Dial: func(ctx context.Context, addr string) (net.Conn, error) {
				c, err := dial(ctx, addr)
				if err != nil {
					return nil, err
				}
				return watchedConn{c.(*net.TCPConn), &r.handed, &r.written}, nil
			},
		},
		Observe: func(iv *results.Interval) {
			r.balance.ledger = append(r.balance.ledger, iv.Ledger...)
			r.balance.total = *iv.Total
		},
	})
	r.stats = server.Stats()
	if err := errors.Join(err, server.Shutdown(context.Background()), <-served); err != nil {
		t.Error(err)
	}
}

// TestPacedBySockets: what the pacing thread writes arrives once and is accounted for once.
func TestPacedBySockets(t *testing.T) {
	t.Parallel()
	r := &pacedRun{}
	r.run(t, t.Context(), "const(200, 500ms)", staging.Config{}, Limit{})
	for tries := 1; tries < 5 && r.handed.Load() == 0; tries++ { // on a busy machine all may be behind schedule
		r = &pacedRun{}
		r.run(t, t.Context(), "const(200, 500ms)", staging.Config{}, Limit{})
	}
	fates := r.balance.balance(t)
	if fates[capture.FateAccepted].Requests != 100 || r.stats.Events.Accepted != 100 {
		t.Errorf("%+v, the endpoint accepted %d", fates, r.stats.Events.Accepted)
	}
	if r.written.Load() > 8 {
		t.Errorf("%d requests were written in the ordinary way, over 8 connections", r.written.Load())
	}
	if r.handed.Load() == 0 {
		t.Error("the pacing thread wrote nothing")
	}
}

// TestPacedBelowALimit: what the limiter keeps back goes past the pacing thread, and the rest
// does not.
func TestPacedBelowALimit(t *testing.T) {
	t.Parallel()
	for limit, least := range map[int64]time.Duration{1000: 0, 20: time.Second} {
		var r pacedRun
		began := time.Now()
		r.run(t, t.Context(), "const(100, 300ms)", staging.Config{}, Limit{Events: limit})
		if fates := r.balance.balance(t); fates[capture.FateAccepted].Requests != 30 || r.stats.Events.Accepted != 30 {
			t.Errorf("at most %d a second: %+v, the endpoint accepted %d", limit, fates, r.stats.Events.Accepted)
		}
		if took := time.Since(began); took < least {
			t.Errorf("at most %d a second: 30 in %v", limit, took)
		}
	}
}

// TestPacedUntilTheEnd: when the run is to end, what has not left stays, and is known to.
func TestPacedUntilTheEnd(t *testing.T) {
	t.Parallel()
	soft, end := context.WithCancel(t.Context())
	time.AfterFunc(150*ms, end)
	var r pacedRun
	r.run(t, soft, "const(500, 10s)", staging.Config{}, Limit{})
	fates := r.balance.balance(t)
	if sent := fates[capture.FateAccepted]; sent.Events != r.stats.Events.Accepted || sent.Events+fates[capture.FateUnsent].Events != 5000 || !r.balance.summary.Interrupted {
		t.Errorf("%+v, the endpoint accepted %d", fates, r.stats.Events.Accepted)
	}
}

// TestPacedByOddEndpoints: an endpoint that hangs up after each answer, or breaks
// connections, costs no event its account.
func TestPacedByOddEndpoints(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]staging.Config{
		"resets": {Reset: 0.3}, "refuses": {Reject: []staging.Rejection{{Status: 503, Share: 0.3}}}, "is slow": {Delay: 20 * ms},
	} {
		var r pacedRun
		r.run(t, t.Context(), "const(500, 300ms)", endpoint, Limit{})
		fates := r.balance.balance(t)
		if took := fates[capture.FateAccepted].Events; took > r.stats.Events.Accepted || took+fates[capture.FateAmbiguous].Events < r.stats.Events.Accepted {
			t.Errorf("%s: %+v, the endpoint accepted %d", name, fates, r.stats.Events.Accepted)
		}
	}
}

// TestServiceWhilePacing: the thread that paces keeps no sender from reading answers. Without a
// processor for it, an answer would lie unread until the next request is due, and the
// endpoint be blamed. On a busy machine that can be for other reasons, now and then.
func TestServiceWhilePacing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // one and one to spare, as for a run
	fastest, paced := time.Minute, false
	for range 8 {
		var r pacedRun
		r.run(t, t.Context(), "const(250, 300ms)", staging.Config{}, Limit{})
		if r.handed.Load() < 40 {
			continue // too much else is going on
		}
		paced = true
		if fastest = min(fastest, r.balance.total.Service.Quantile(0.5)); fastest < 2*ms {
			return
		}
	}
	if paced {
		t.Errorf("half of all answers took more than %v, with requests every 4 ms", fastest)
	}
}
