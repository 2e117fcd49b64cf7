package staging

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// exchange writes raw to c and returns the answer.
func exchange(t *testing.T, c net.Conn, r *bufio.Reader, raw string) string {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	return answered(t, r)
}

// answered reads an answer and returns its status, its body and whether the
// server announced to close the connection.
func answered(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var answer fasthttp.Response
	if err := answer.Read(r); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s close=%v", answer.StatusCode(), answer.Body(), answer.ConnectionClose())
}

// TestBodyOverLimit: one wire cap; up to twice the cap the body is drained and
// the connection lives on.
func TestBodyOverLimit(t *testing.T) {
	t.Parallel()
	s := New(Config{MaxBody: 1000})
	l := loopback(t)
	served(t, s, l)
	head := "POST /e HTTP/1.1\r\nHost: x\r\n"
	sized := func(n int) string {
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s%s", head, n, single, strings.Repeat(" ", n-len(single)))
	}
	chunked := func(n int) string {
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s%s\r\n0\r\n\r\n", head, n, single,
			strings.Repeat(" ", n-len(single)))
	}
	const refused = "413 maximum event size exceeded: Request body exceeds limit of 1000 bytes"
	for _, row := range []struct{ name, raw, want string }{
		{"at the cap", sized(1000), ok + " close=false"},
		{"over the cap", sized(1001), refused + " close=false"},
		{"twice the cap", sized(2000), refused + " close=false"},
		{"more than that", sized(2001), refused + " close=true"},
		{"chunked, at the cap", chunked(1000), ok + " close=false"},
		{"chunked, over the cap", chunked(1001), refused + " close=false"},
		{"chunked, more than that", chunked(3000), refused + " close=true"},
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		if got := exchange(t, c, r, row.raw); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if strings.HasSuffix(row.want, "close=false") {
			if got, want := exchange(t, c, r, sized(100)), ok+" close=false"; got != want {
				t.Errorf("%s, the next request: got %s, want %s", row.name, got, want)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBodyCutShort: a client that goes away in the middle of a body submits
// nothing, whether it said how long that would be or sent it in chunks of which
// the last is missing.
func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	const now = "400 failed to decode request: Error reading request body: " +
		"error reading a body from connection close=true"
	const in24 = "400 Failed to buffer the request body: error reading a body from connection close=true"
	body := single + strings.Repeat(" ", 20_000)
	for name, r := range map[string]string{
		"sized":                   fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body)+1, body),
		"chunked":                 fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(body), body),
		"chunked, in its end":     fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(body), body),
		"chunked, inside a chunk": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(body)+5, body),
	} {
		for g, want := range map[capture.Generation]string{capture.Current: now, capture.Generation2024: in24} {
			s := New(Config{Generation: g})
			l := loopback(t)
			served(t, s, l)
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, "POST /e HTTP/1.1\r\nHost: x\r\n"+r); err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got := answered(t, bufio.NewReader(c)); got != want {
				t.Errorf("%s, %v: got %s, want %s", name, g, got, want)
			}
			if got := s.Stats().Events; got != (EventCounts{}) {
				t.Errorf("%s, %v: %+v, want none", name, g, got)
			}
			c.Close()
		}
	}
}

// TestReset: the connection ends without an answer, and the request is counted
// with status 0.
func TestReset(t *testing.T) {
	t.Parallel()
	statuses := make(chan int, 1)
	s := New(Config{Reset: 1, Observe: func(_ *capture.Request, status int) { statuses <- status }})
	l := loopback(t)
	served(t, s, l)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(single),
		single); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if len(answer) != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v, want nothing and a reset", answer, err)
	}
	if got := <-statuses; got != 0 {
		t.Errorf("observed status %d, want 0", got)
	}
	stats := s.Stats()
	if len(stats.Requests) != 1 || stats.Requests[0] != (RequestCount{Route: "/e", Status: 0, Requests: 1}) ||
		stats.Events != (EventCounts{Refused: 1}) {
		t.Errorf("%+v", stats)
	}
}

func TestServeFails(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	l := loopback(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(brokenListener{l}); err == nil {
		t.Error("a listener that fails: no error")
	}
}

// brokenListener fails for good.
type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("broken") }

// TestVirtualTime: a whole server and its client inside a synctest bubble, and
// no goroutine left.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Stall: Stall{Every: 5 * time.Second, For: time.Second}})
		l := fasthttputil.NewInmemoryListener()
		done := make(chan error)
		go func() { done <- s.Serve(l) }()
		client := fasthttp.HostClient{Addr: "x", Dial: func(string) (net.Conn, error) { return l.Dial() }}
		began, slow := time.Now(), 0
		for i := range 1000 { // every 10 ms, unless the one before is late
			time.Sleep(time.Until(began.Add(time.Duration(i) * 10 * ms)))
			at := time.Now()
			status, err := submit(&client)
			if err != nil || status != 200 {
				t.Fatal(status, err)
			}
			if time.Since(at) > 0 {
				slow++
			}
		}
		if slow != 2 { // 10 s with one connection: each stall meets one request
			t.Errorf("%d requests were stalled, want 2", slow)
		}
		client.CloseIdleConnections()
		if err := errors.Join(s.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // virtual: fasthttp's cleaners look at their stop signs every 10 s
	})
}

func submit(client *fasthttp.HostClient) (int, error) {
	in, out := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(in)
	defer fasthttp.ReleaseResponse(out)
	in.SetRequestURI("http://x/batch/")
	in.Header.SetMethod("POST")
	in.SetBody(batchOf(0, 3))
	err := client.Do(in, out)
	return out.StatusCode(), err
}
