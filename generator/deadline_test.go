package generator

import (
	"context"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// TestHeldBackIsNotSlow: a request that has its connection and is kept back, for
// longer than an exchange may take, is as good as one that was not.
func TestHeldBackIsNotSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t.Context(), &Destination{
			URL: &url.URL{Scheme: "http", Host: "endpoint"}, Timeout: 10 * time.Second,
			Dial: func(context.Context, string) (net.Conn, error) {
				client, server := net.Pipe()
				go answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"status\":1}")(server)
				return client, nil
			},
		})
		w.meter.left = func() {}
		w.meter.leaves = func() bool { time.Sleep(time.Minute); return true }
		w.prepare(&Batch{Path: "/batch/", Body: []byte("{}")}, 0)
		var o results.Outcome
		if w.exchange(&o); o.Reason != capture.Accepted {
			t.Errorf("%v, want it accepted", o.Reason)
		}
		time.Sleep(time.Minute) // lets the cleaner end
	})
}

// TestRestsLongerThanTheTimeout: a connection that rested for longer than an exchange
// may take is as good as new.
func TestRestsLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	open := &metered{Conn: newSocket(c), meter: &meter{}}
	open.socket = socketOf(open.Conn)
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil || !open.quiet() {
		t.Errorf("it is taken for closed: %v", err)
	}
}
