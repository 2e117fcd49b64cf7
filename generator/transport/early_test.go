package transport

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// early is what an endpoint says that has read the head of a request and no more,
// and what that comes to. It holds half a request: a yes means nothing.
var early = []struct {
	said   string
	want   capture.Reason
	status int
}{
	{"413 Payload Too Large", capture.PayloadTooLarge, 413},
	{"429 Too Many Requests", capture.RateLimited, 429},
	{"401 Unauthorized", capture.Unauthorized, 401},
	{"503 Service Unavailable", capture.Unavailable, 503},
	{"200 OK", capture.UnknownAnswer, 200},
	{"", capture.BrokenWhileSending, 0},
}

// spoken is an answer that keeps the connection, whatever comes of it.
func spoken(said string) string {
	if said == "" {
		return ""
	}
	return "HTTP/1.1 " + said + "\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk
}

// unread is a connection whose other side answers before it has read everything,
// and reads no more.
type unread struct {
	canned
	why error
}

func (c *unread) Write(p []byte) (int, error) {
	if c.rest == nil {
		c.rest = c.answer
		return len(p) / 2, c.why
	}
	return 0, c.why
}

func (c *unread) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	return c.canned.Read(p)
}

// TestEarlyAnswers: what an endpoint said that would not read all of a request is
// its answer, and the connection is used no more.
func TestEarlyAnswers(t *testing.T) {
	t.Parallel()
	for _, row := range early {
		for _, why := range []error{syscall.EPIPE, syscall.ECONNRESET, timedOut{}} {
			dialed := 0
			w := New(t.Context(), &Destination{
				URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
				Dial: func(context.Context, string) (net.Conn, error) {
					dialed++
					return &unread{canned: canned{answer: []byte(spoken(row.said))}, why: why}, nil
				},
			})
			var o results.Outcome
			for range 2 {
				w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: make([]byte, 1<<16)}, Attempt{}, 0)
				o = results.Outcome{}
				w.Exchange(&o)
			}
			if o.Reason != row.want || o.Status != row.status || (row.status > 0) != (string(o.Answer) == capture.AnswerOk) || dialed != 2 {
				t.Errorf("%q after %v: %v, %d, %q over %d connections", row.said, why, o.Reason, o.Status, o.Answer, dialed)
			}
			if o.WireBytes >= 1<<16 {
				t.Errorf("%q: %d bytes are said to have left", row.said, o.WireBytes)
			}
			w.Close()
		}
	}
}

// timedOut is a write that took too long.
type timedOut struct{}

func (timedOut) Error() string   { return "timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// TestEarlyAnswersOverTCP: the same from a socket, which is reset because there
// was more to read.
func TestEarlyAnswersOverTCP(t *testing.T) {
	t.Parallel()
	for _, row := range early {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, spoken(row.said))
			}
		}()
		w := New(t.Context(), &Destination{URL: parseURL(t, "http://"+listener.Addr().String()), UserAgent: "test", Timeout: 10 * time.Second, Dial: Loopback(time.Minute)})
		var o results.Outcome
		w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: make([]byte, 16<<20)}, Attempt{}, 0) // more than sockets hold
		if w.Exchange(&o); o.Reason != row.want || o.Status != row.status {
			t.Errorf("%q: %v, %d, %q", row.said, o.Reason, o.Status, o.Answer)
		}
		w.Close()
		listener.Close()
	}
}

// TestTooLargeOverTCP: what the endpoint here would not even read is refused for its size,
// which is what is more than twice its limit.
func TestTooLargeOverTCP(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	server := staging.New(staging.Config{MaxBody: limit})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	w := New(t.Context(), &Destination{URL: parseURL(t, "http://"+listener.Addr().String()), UserAgent: "test", Timeout: 10 * time.Second, Dial: Loopback(time.Minute)})
	event := fmt.Sprintf(`{"event":"e","distinct_id":"d","properties":{"a":%q}}`, strings.Repeat("x", 28_000))
	for events, want := range map[int]capture.Reason{8: capture.PayloadTooLarge, 3: capture.PayloadTooLarge, 2: capture.Accepted} {
		text := `{"api_key":"t","batch":[` + strings.TrimSuffix(strings.Repeat(event+",", events), ",") + "]}"
		var o results.Outcome
		w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte(text)}, Attempt{}, 0)
		if w.Exchange(&o); o.Reason != want {
			t.Errorf("%d events of 28 kB: %v, %d, %.100q", events, o.Reason, o.Status, o.Answer)
		}
	}
	w.Close()
	listener.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
