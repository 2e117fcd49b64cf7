package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// The parts of answers.
const (
	yes       = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk
	busy      = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
	hints     = "HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
	processed = "HTTP/1.1 102 Processing\r\n\r\n"
	goOn      = "HTTP/1.1 100 Continue\r\n\r\n"
)

// TestOddAnswers: whatever HTTP allows is understood, and what it does not allow is
// no other request's answer.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for _, row := range oddAnswers() {
		for way, exchange := range ways {
			t.Run(row.name+"/"+way, func(t *testing.T) {
				t.Parallel()
				row.check(t, exchange)
			})
		}
	}
}

// ways are those in which a request that was prepared is exchanged.
var ways = map[string]func(*Conn, *results.Outcome){
	"buffered": func(c *Conn, o *results.Outcome) {
		if c.conn.open != nil {
			c.conn.open.plain = false
		}
		c.Exchange(o)
	},
	"direct": (*Conn).Exchange,
	"handed over": func(c *Conn, o *results.Outcome) {
		if !c.ExchangeAt(o, 0, func(t Ticket) { go c.Leave(t, func() bool { return true }) }) {
			c.Exchange(o)
		}
	},
}

// oddAnswer is a script of answers to three requests.
type oddAnswer struct {
	name        string
	script      []string
	want        capture.Reason // of all three requests; UnknownAnswer: of the second alone
	connections int            // for three requests
	unasked     int64
}

// oddAnswers are those that were met, and others of their kinds.
func oddAnswers() []oddAnswer {
	const kept, ok = 1, "HTTP/1.1 200 OK\r\n"
	head := func(n int) string { return "Content-Security-Policy: " + strings.Repeat("a", n) + "\r\n" }
	body := "\r\n" + capture.AnswerOk
	sized := "Content-Length: 15\r\n" + body
	chunks := "\r\nf\r\n" + capture.AnswerOk + "\r\n0\r\n"
	large := strings.Repeat("too much ", 12_000)
	return []oddAnswer{
		{"a plain answer", []string{yes}, capture.Accepted, kept, 0},
		{"103 before it", []string{hints + yes}, capture.Accepted, kept, 0},
		{"102 before it", []string{processed + yes}, capture.Accepted, kept, 0},
		{"many of them", []string{strings.Repeat(goOn+hints+processed, 500) + busy}, capture.Unavailable, kept, 0},
		{"101 that nobody asked for", []string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"}, capture.UnexpectedStatus, 3, 0},

		{"5 kB of head", []string{ok + head(5000) + sized}, capture.Accepted, kept, 0},
		{"60 kB of head in one field", []string{ok + head(60_000) + sized}, capture.Accepted, kept, 0},
		{"60 kB of head in 600", []string{ok + strings.Repeat(head(73), 600) + sized}, capture.Accepted, kept, 0},
		{"70 kB of head", []string{ok + head(70_000) + sized}, capture.OversizedAnswer, 3, 0},
		{"a length that fills the buffer", []string{ok + "Content-Length: " + strings.Repeat("0", 5000) + "15\r\n" + body}, capture.GarbledAnswer, 3, 0},

		{"names in lower case", []string{"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n" + body}, capture.Accepted, kept, 0},
		{"a blank before the colon", []string{ok + "Content-Length : 15\r\n" + body}, capture.Accepted, kept, 0},
		{"line feeds alone", []string{"HTTP/1.1 200 OK\nContent-Length: 15\n\n" + capture.AnswerOk}, capture.Accepted, kept, 0},
		{"no phrase", []string{"HTTP/1.1 200 \r\n" + sized}, capture.Accepted, kept, 0},
		{"no blank behind the code", []string{"HTTP/1.1 200\r\n" + sized}, capture.Accepted, kept, 0},
		{"folded", []string{ok + "X: a\r\n b: c\r\nContent-Length:\r\n\t15\r\n" + body}, capture.Accepted, kept, 0},
		{"a line end before it", []string{"\r\n" + yes}, capture.Accepted, kept, 0},
		{"a line without a colon", []string{ok + "surprise\r\n" + sized}, capture.GarbledAnswer, 3, 0},
		{"four digits", []string{"HTTP/1.1 2000 OK\r\n" + sized}, capture.GarbledAnswer, 3, 0},
		{"HTTP/2", []string{"HTTP/2 200 OK\r\n" + sized}, capture.GarbledAnswer, 3, 0},

		{"the length twice", []string{ok + "Content-Length: 15\r\n" + sized}, capture.Accepted, kept, 0},
		{"the length as a list", []string{ok + "Content-Length: 15, 15\r\n" + body}, capture.Accepted, kept, 0},
		{"two lengths", []string{ok + "Content-Length: 5\r\n" + sized}, capture.GarbledAnswer, 3, 0},
		{"a signed length", []string{ok + "Content-Length: +15\r\n" + body}, capture.GarbledAnswer, 3, 0},
		{"chunks", []string{ok + "Transfer-Encoding: chunked\r\n" + chunks + "\r\n"}, capture.Accepted, kept, 0},
		{"chunks with extensions", []string{ok + "Transfer-Encoding: Chunked\r\n\r\n00F ;a=b\r\n" + capture.AnswerOk + "\r\n0;c\r\n\r\n"}, capture.Accepted, kept, 0},
		{"chunks and trailers", []string{ok + "Transfer-Encoding: chunked\r\n" + chunks + "Server-Timing: db;dur=3\r\nContent-Length: 3\r\n\r\n"}, capture.Accepted, kept, 0},
		{"chunks and a length", []string{ok + "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n" + chunks + "\r\n"}, capture.Accepted, 3, 0},
		{"a length and chunks", []string{ok + "Transfer-Encoding: chunked\r\nContent-Length: 99\r\n" + chunks + "\r\n"}, capture.Accepted, 3, 0},
		{"a coding that is no chunks", []string{ok + "Transfer-Encoding: chunked, identity\r\nContent-Length: 3\r\n" + body + "#"}, capture.Accepted, 3, 0},

		{"it closes", []string{ok + "connection: foo, Close\r\n" + sized}, capture.Accepted, 3, 0},
		{"HTTP/1.0", []string{"HTTP/1.0 200 OK\r\n" + sized}, capture.Accepted, 3, 0},
		{"HTTP/1.0 that is kept", []string{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + sized}, capture.Accepted, kept, 0},
		{"HTTP/1.0 without a length", []string{"HTTP/1.0 200 OK\r\n" + body + "#"}, capture.Accepted, 3, 0},
		{"no length", []string{ok + body + "#"}, capture.Accepted, 3, 0},
		{"half closed", []string{yes + "~"}, capture.Accepted, 3, 0},
		{"reset behind it", []string{yes + "!"}, capture.Accepted, 3, 0},

		{"100 kB of refusal", []string{"HTTP/1.1 503 Busy\r\nContent-Length: 108000\r\n\r\n" + large}, capture.Unavailable, 3, 0},
		{"100 kB of refusal in chunks", []string{"HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n1a5e0\r\n" + large + "\r\n0\r\n\r\n"}, capture.PayloadTooLarge, 3, 0},
		{"half a refusal", []string{"HTTP/1.1 401 No\r\nContent-Length: 1000\r\n\r\nno#"}, capture.Unauthorized, 3, 0},
		{"100 kB of acceptance", []string{"HTTP/1.1 200 OK\r\nContent-Length: 108000\r\n\r\n" + large}, capture.OversizedAnswer, 3, 0},

		{"a second answer behind it", []string{yes + busy}, capture.Accepted, 3, 3},
		{"one that comes later", []string{yes + "|" + busy}, capture.Accepted, 3, 1}, // then no connection is used again
		{"one that comes too late", []string{yes, busy + yes, yes}, capture.UnknownAnswer, 2, 1},
		{"a body behind 204", []string{"HTTP/1.1 204 No Content\r\nContent-Length: 15\r\n" + body}, capture.UnknownAnswer, 3, 3},
		{"a body behind 304", []string{"HTTP/1.1 304 Not Modified\r\n\r\nsurprise"}, capture.Redirected, 3, 3},
		{"408 when it has rested", []string{yes + "|HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n#"}, capture.Accepted, 3, 0},
	}
}

// check sends three requests.
func (row *oddAnswer) check(t *testing.T, exchange func(*Conn, *results.Outcome)) {
	s := newSpeaker(t, row.script...)
	w := New(t.Context(), &Destination{URL: parseURL(t, "http://"+s.listener.Addr().String()), UserAgent: "test", Timeout: 10 * time.Second, Dial: Loopback(time.Minute)})
	defer w.Close()
	connections, unasked := 0, int64(0)
	for k := range 3 {
		var o results.Outcome
		w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, Attempt{}, 0)
		exchange(w, &o)
		want := row.want
		if want == capture.UnknownAnswer && k != 1 && len(row.script) > 1 {
			want = capture.Accepted
		}
		if o.Reason != want || (o.Status == 0) != (want.Side() == capture.Network) {
			t.Errorf("request %d: %v, %d, %.60q, want %v", k, o.Reason, o.Status, o.Answer, want)
		}
		if unasked += o.Connect.Unsolicited; o.Connect.Open {
			connections++
		}
		<-s.said
		said := row.script[min(k, len(row.script)-1)]
		if strings.Contains(said, "|") {
			s.more <- struct{}{}
			<-s.said
		}
		if strings.ContainsAny(said, "|#!~") {
			heard(w)
		}
	}
	if connections != row.connections || unasked != row.unasked {
		t.Errorf("three requests took %d connections, want %d; unasked %d times, want %d", connections, row.connections, unasked, row.unasked)
	}
	if size := w.conn.from.Size(); size != readBuffer {
		t.Errorf("the reader has grown to %d bytes", size)
	}
}

// TestUnaskedOverTLS: what nobody asked for is noticed behind encryption, too, and
// what belongs to TLS alone, as session tickets, is not taken for it.
func TestUnaskedOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil) // for its certificate
	defer server.Close()
	for script, want := range map[string]results.ConnectAttempt{yes: {}, yes + "|" + busy: {Unsolicited: 1, Open: true}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := serveScript(t, tls.NewListener(listener, server.TLS), []string{script})
		w := New(t.Context(), &Destination{
			URL: parseURL(t, "https://"+listener.Addr().String()), Roots: trusting(server), UserAgent: "test", Timeout: 10 * time.Second,
			Dial: Loopback(time.Minute),
		})
		var o results.Outcome
		for range 2 {
			w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, Attempt{}, 0)
			if w.Exchange(&o); o.Reason != capture.Accepted {
				t.Errorf("%q: %v", script, o.Reason)
			}
			if <-s.said; len(script) > len(yes) {
				s.more <- struct{}{}
				<-s.said
				heard(w)
			}
		}
		if o.Connect.Unsolicited != want.Unsolicited || o.Connect.Open != want.Open {
			t.Errorf("%q: the second request has %+v", script, o.Connect)
		}
		w.Close()
	}
}

// TestEndlessAnswers: what never comes to an answer costs the timeout, and neither
// more time nor memory.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		said string
		want capture.Reason
	}{
		"informational answers": {hints, capture.AnswerTimeout},
		"header fields":         {"X: y\r\n", capture.OversizedAnswer},
		"empty lines":           {"\r\n", capture.OversizedAnswer},
		"a line":                {"a", capture.GarbledAnswer},
		"chunks":                {"1\r\na\r\n", capture.OversizedAnswer},
	} {
		synctest.Test(t, func(t *testing.T) {
			const timeout = 2 * time.Second
			begins := map[string]string{
				"header fields": "HTTP/1.1 200 OK\r\n", "a line": "HTTP/1.1 200 ",
				"chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			}
			w := New(t.Context(), &Destination{
				URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: timeout,
				Dial: func(context.Context, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						server.Read(make([]byte, 4<<10))
						io.WriteString(server, begins[name])
						for said := []byte(strings.Repeat(row.said, 100)); ; time.Sleep(time.Millisecond) {
							if _, err := server.Write(said); err != nil {
								return
							}
						}
					}()
					return client, nil
				},
			})
			var o results.Outcome
			w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, Attempt{}, 0)
			began := time.Now()
			if w.Exchange(&o); o.Reason != row.want || time.Since(began) > timeout {
				t.Errorf("%s: %v after %v", name, o.Reason, time.Since(began))
			}
			if cap(w.answer.body) > 2*capture.MaxAnswer || w.conn.from.Size() > readBuffer || cap(w.answer.value) > readBuffer {
				t.Errorf("%s: %d bytes of body, a buffer of %d, a value of %d", name, cap(w.answer.body), w.conn.from.Size(), cap(w.answer.value))
			}
			time.Sleep(time.Second) // lets the endpoint end
		})
	}
}

// TestRest: a connection is given up before its endpoint gives it up.
func TestRest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		said string
		rest time.Duration
	}{
		{"", 4 * time.Second},
		{"Keep-Alive: timeout=5\r\n", 4 * time.Second},
		{"keep-alive: max=100, timeout = 20\r\n", 19 * time.Second},
		{"Keep-Alive: timeout=\"2\"\r\n", time.Second},
		{"Keep-Alive: timeout=1\r\n", time.Second / 2},
		{"Keep-Alive: timeout=0\r\n", 0},
		{"Keep-Alive: timeout=75\r\n", time.Minute},
		{"Keep-Alive: timeout=99999999999999999999\r\n", time.Minute},
		{"Keep-Alive: timeout=-1\r\n", 4 * time.Second},
		{"Keep-Alive: soon, timeout\r\n", 4 * time.Second},
	} {
		dialed := 0
		w := New(t.Context(), &Destination{
			URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
			Dial: func(context.Context, string) (net.Conn, error) {
				dialed++
				return &canned{answer: []byte("HTTP/1.1 200 OK\r\n" + row.said + "Content-Length: 15\r\n\r\n" + capture.AnswerOk)}, nil
			},
		})
		send := func(now time.Duration) {
			var o results.Outcome
			w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, Attempt{}, now)
			w.Exchange(&o)
			w.conn.touched = now
		}
		const little = 10 * time.Millisecond
		send(time.Hour)
		send(time.Hour + max(row.rest-little, 0))
		if row.rest > 0 && dialed != 1 {
			t.Errorf("%q: closed after less than %v", row.said, row.rest)
		}
		if send(time.Hour + 2*row.rest); dialed != 2 && row.rest > 0 || dialed != 3 && row.rest == 0 {
			t.Errorf("%q: %d connections, the last after a rest of %v", row.said, dialed, row.rest)
		}
		w.Close()
	}
}

// TestRetryAfter: what an endpoint asks for is never less than it asked, up to an
// hour.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := func(ahead time.Duration) string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
		for said, want := range map[string]time.Duration{
			"":                          0,
			"0":                         0,
			"5":                         5 * time.Second,
			"007":                       7 * time.Second,
			"1.5":                       1500 * time.Millisecond,
			"3600":                      time.Hour,
			"3601":                      time.Hour,
			"999999999999":              time.Hour,
			strings.Repeat("9", 400):    time.Hour,
			"1e999":                     time.Hour,
			"-5":                        0,
			"-999999999999999999999999": 0,
			"nan":                       0,
			"soon":                      0,
			date(time.Minute):           time.Minute,
			date(24 * 365 * time.Hour):  time.Hour,
			date(-time.Minute):          0,
		} {
			w := &Conn{answer: httpAnswer{retry: []byte(said)}}
			if got := w.RetryAfter(); got != want {
				t.Errorf("%.40q: %v, want %v", said, got, want)
			}
		}
	})
}
