package transport

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// canned is a connection whose other side answers everything with the same.
type canned struct {
	net.Conn
	answer []byte
	rest   []byte
}

func (c *canned) Write(p []byte) (int, error) { c.rest = c.answer; return len(p), nil }

func (c *canned) Read(p []byte) (int, error) {
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
func (c *canned) LocalAddr() net.Addr              { return nil }
func (c *canned) RemoteAddr() net.Addr             { return nil }

// TestExchangeDoesNotAllocate: a request that is accepted costs no memory.
func TestExchangeDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector makes pools forget")
	}
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk)
	w := New(t.Context(), &Destination{
		URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test", Timeout: time.Minute,
		Dial: func(context.Context, string) (net.Conn, error) { return &canned{answer: answer}, nil },
	})
	defer w.Close()
	b := &body.Request{Path: "/batch/", ContentType: "application/json", ContentEncoding: "gzip", Body: bytes.Repeat([]byte("x"), 4000)}
	var o results.Outcome
	exchange := func() {
		w.Prepare(b, Attempt{}, 0)
		w.Exchange(&o)
	}
	exchange()
	if n := testing.AllocsPerRun(200, exchange); n != 0 || o.Reason != capture.Accepted {
		t.Errorf("an exchange that ends in %v allocates %v times, want 0", o.Reason, n)
	}
}

// BenchmarkExchange is one request of one event over a loopback connection, the
// endpoint's work included, from a built body to the judged answer.
func BenchmarkExchange(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := staging.New(staging.Config{})
	go server.Serve(listener)
	defer listener.Close()
	w := New(b.Context(), &Destination{
		URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, UserAgent: "test", Timeout: time.Minute, Dial: Loopback(time.Minute),
	})
	defer w.Close()
	batch := &body.Request{
		Path: "/i/v0/e/", ContentType: "application/json",
		Body: []byte(`{"api_key":"phc_x","event":"$pageview","distinct_id":"user_1","properties":{"a":1}}`),
	}
	b.ReportAllocs()
	var o results.Outcome
	for b.Loop() {
		w.Prepare(batch, Attempt{}, 0)
		w.Exchange(&o)
	}
	if o.Reason != capture.Accepted {
		b.Fatal(o.Reason)
	}
}

// BenchmarkQuiet is what it costs to see that an endpoint has said nothing more,
// which is done before every request.
func BenchmarkQuiet(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	open := &countingConn{Conn: newSocket(c), to: &persistConn{}}
	open.socket = socketOf(open.Conn)
	b.ReportAllocs()
	for b.Loop() {
		if !open.quiet() {
			b.Fatal("it is not")
		}
	}
}
