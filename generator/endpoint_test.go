package generator

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/internal/capture"
	"rehearse/staging"
)

// staged is an endpoint on a port of the system's choosing.
type staged struct {
	server *staging.Server
	addr   string
}

// stagedOnLoopback serves an endpoint until stop, which waits for what is in
// progress.
func stagedOnLoopback(t *testing.T) (s staged, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = staged{staging.New(staging.Config{}), l.Addr().String()}
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(l) }()
	return s, func() {
		if err := errors.Join(s.server.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
	}
}

// TestKeepAlive: with it each sender opens one connection, without it each
// request.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		more string
		want int
	}{{"", 2}, {", keep_alive: false", 100}} {
		synctest.Test(t, func(t *testing.T) {
			listener := fasthttputil.NewInmemoryListener()
			server := staging.New(staging.Config{})
			done := make(chan error)
			go func() { done <- server.Serve(listener) }()
			var dialed atomic.Int64
			r := stageRun{
				scenario: parse(t, "name: a\nload: {profile: 'const(100, 10s)'}\ntarget: {connections: 2, compression: none"+row.more+"}\nbatching: {events: 10}\ntraffic: {}\n"),
				dial: func(context.Context, string) (net.Conn, error) {
					dialed.Add(1)
					return listener.Dial()
				},
			}
			r.run(t)
			fates := r.balance(t)
			if n := int(dialed.Load()); n > row.want || n < row.want/2 || fates[capture.FateAccepted].Requests != 100 {
				t.Errorf("%q: %d connections, %+v", row.more, n, fates)
			}
			listener.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute) // lets the server's cleaners end
		})
	}
}
