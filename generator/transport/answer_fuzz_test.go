package transport

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// saying is a connection whose other side says one thing, whatever it hears, and
// hangs up.
type saying struct{ canned }

func (c *saying) Write(p []byte) (int, error) { return len(p), nil }

func (c *saying) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	return c.canned.Read(p)
}

// FuzzAnswer: whatever stands in the place of an answer comes to one reason, with
// a status only if there was one, and a sample that is bounded.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"+capture.AnswerOk), false)
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Wait\r\nRetry-After: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), true)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: "+coding+"\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"), true)
	}
	f.Fuzz(func(t *testing.T, said []byte, v1 bool) {
		w := New(t.Context(), &Destination{
			URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
			Dial: func(context.Context, string) (net.Conn, error) { return &saying{canned{rest: bytes.Clone(said)}}, nil },
		})
		defer w.Close()
		b := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}
		if v1 {
			b.Results = []capture.EventResult{{UUID: capture.UUID{1}}}
		}
		var o results.Outcome
		w.Prepare(b, Attempt{}, 0)
		w.Exchange(&o)
		if o.Reason.Fate() == capture.FateUnsent || len(o.Answer) > capture.MaxAnswerV1(1) || (o.Status == 0) != (o.Reason.Side() == capture.Network) {
			t.Errorf("%q: %v, %d, %d bytes", said, o.Reason, o.Status, len(o.Answer))
		}
		if wait := w.RetryAfter(); wait < 0 || wait > longestAsked {
			t.Errorf("%q: wait %v", said, wait)
		}
	})
}

// FuzzAnswerReader: what net/http takes for an answer is the same answer here: its
// status, its body, and whether the connection ends with it.
func FuzzAnswerReader(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, said := range []string{
		ok + "Content-Length: 3\r\n\r\nabcd",
		"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.0 503 \r\nConnection: keep-alive, a\r\nContent-Length: 0\r\n\r\n",
		ok + "transfer-encoding: chunked\r\nTrailer: X\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
		ok + "X: a\r\n b\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		ok + "Connection: close\n\nuntil the end",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	} {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		const limit = 1 << 10
		theirs, text, err := readAsNetHTTP(said)
		if err != nil || len(text) > limit || len(said) > readBuffer {
			return
		}
		var a httpAnswer
		if err := a.read(bufio.NewReaderSize(bytes.NewReader(said), readBuffer), limit); err != nil {
			if theirs.StatusCode == 101 || !strings.HasPrefix(string(bytes.TrimLeft(said, "\r\n")), "HTTP/1.") || len(theirs.TransferEncoding) > 0 {
				return // nobody asks for 101; they take other versions, and sizes that end in other ways
			}
			t.Fatalf("%q: %v, and net/http says %d %q", said, err, theirs.StatusCode, text)
		}
		if a.status != theirs.StatusCode || string(a.body) != string(text) {
			t.Errorf("%q: %d %q, and net/http says %d %q", said, a.status, a.body, theirs.StatusCode, text)
		}
		if !a.closes && theirs.Close {
			t.Errorf("%q: the connection is kept, by net/http it is not", said)
		}
	})
}

// readAsNetHTTP reads an answer, past informational ones.
func readAsNetHTTP(said []byte) (*http.Response, []byte, error) {
	from := bufio.NewReader(bytes.NewReader(said))
	for {
		r, err := http.ReadResponse(from, &http.Request{Method: http.MethodPost})
		if err != nil {
			return nil, nil, err
		}
		if r.StatusCode >= 200 || r.StatusCode == 101 {
			text, err := io.ReadAll(r.Body)
			return r, text, err
		}
	}
}

// FuzzProxy: whatever a proxy says, either it leads on or there is no connection.
func FuzzProxy(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"), false)
	f.Add([]byte("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\nabc"), false)
	f.Add([]byte{5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0}, true)
	f.Add([]byte{5, 2, 1, 0, 5, 0, 0, 3, 1, 'a', 0, 0}, true)
	f.Fuzz(func(t *testing.T, said []byte, socks bool) {
		at := "http://ada:secret@proxy.test"
		if socks {
			at = "socks5://ada:secret@proxy.test"
		}
		d := newDialer(&Destination{
			URL: parseURL(t, "http://capture.test"), Proxy: parseURL(t, at), Timeout: time.Minute,
			Dial: func(context.Context, string) (net.Conn, error) { return &saying{canned{rest: said}}, nil },
		})
		var o results.ConnectAttempt
		conn, err := d.dial(t.Context(), &o)
		if (conn == nil) != (err != nil) || o.Open != (err == nil) || err != nil && dialReason(err).Fate() != capture.FateRejected {
			t.Errorf("%q: %v, %v, %+v", said, conn, err, o)
		}
		if err != nil && bytes.Contains([]byte(err.Error()), []byte("secret")) && !bytes.Contains(said, []byte("secret")) {
			t.Errorf("%q: %v", said, err)
		}
	})
}
