package transport

import (
	"context"
	"net"
	"net/url"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// TestHeldBackIsNotSlow: a request that has its connection and is kept back, for
// longer than an exchange may take, is as good as one that was not.
func TestHeldBackIsNotSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := New(t.Context(), &Destination{
			URL: &url.URL{Scheme: "http", Host: "endpoint"}, Timeout: 10 * time.Second,
			Dial: func(context.Context, string) (net.Conn, error) {
				client, server := net.Pipe()
				go answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"status\":1}")(server)
				return client, nil
			},
		})
		w.conn.left = func() {}
		w.conn.leaves = func() bool { time.Sleep(time.Minute); return true }
		w.Prepare(&body.Request{Path: "/batch/", Body: []byte("{}")}, Attempt{}, 0)
		var o results.Outcome
		if w.Exchange(&o); o.Reason != capture.Accepted {
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
	open := &countingConn{Conn: newSocket(c), to: &persistConn{}}
	open.socket = socketOf(open.Conn)
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil || !open.quiet() {
		t.Errorf("it is taken for closed: %v", err)
	}
}

// TestClosedConnectionIsReplaced: an endpoint that closes a connection which
// rests, as they all do after a while, costs no request. This needs a real
// socket, and waits for the close to arrive.
func TestClosedConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	closed := make(chan struct{})
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			answering("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"status\":1}")(c)
			closed <- struct{}{}
		}
	}()
	w := New(t.Context(), &Destination{URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, Timeout: time.Minute, Dial: Loopback(time.Minute)})
	defer w.Close()
	for i := range 3 {
		w.Prepare(&body.Request{Path: "/batch/", Body: []byte("{}")}, Attempt{}, time.Duration(i)*time.Hour)
		var o results.Outcome
		w.Exchange(&o)
		if o.Reason != capture.Accepted {
			t.Errorf("request %d: %v", i, o.Reason)
		}
		<-closed
		for open := w.conn.open; open != nil && open.quiet(); {
			runtime.Gosched() // the close is on its way through the kernel
		}
	}
}
