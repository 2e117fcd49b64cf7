package transport

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// TestBadAnswers: whatever an endpoint says instead of an answer has its reason
// and leaves a short sample, and costs no more than that.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	sized := func(n, text string) string { return ok + "Content-Length: " + n + "\r\n\r\n" + text }
	chunked := func(text string) string { return ok + "Transfer-Encoding: chunked\r\n\r\n" + text }
	long := strings.Repeat("text ", 2<<20) // 10 MB
	for _, row := range []struct {
		name, said string
		want       capture.Reason
		sample     string // how the sample begins
	}{
		{"half an object", sized("10", `{"status":`), capture.UnknownAnswer, `{"status":`},
		{"no object", sized("4", `"Ok"`), capture.UnknownAnswer, `"Ok"`},
		{"another object", sized("16", `{"status":"No!"}`), capture.UnknownAnswer, `{"status":"No!"}`},
		{"nesting without end", sized("1000", strings.Repeat("[", 1000)), capture.UnknownAnswer, "[[[["},
		{"nothing", sized("0", ""), capture.UnknownAnswer, ""},
		{"zeros", sized("4", "\x00\x00\x00\x00"), capture.UnknownAnswer, "\x00"},
		{"shorter than it says", sized("99", `{"status":"Ok"}`), capture.BrokenWhileReading, ok},
		{"longer than it says", sized("5", `{"status":"Ok"}`), capture.UnknownAnswer, `{"sta`},
		{"a length that is none", sized("many", `{"status":"Ok"}`), capture.GarbledAnswer, ok},
		{"a length below nothing", sized("-1", `{"status":"Ok"}`), capture.GarbledAnswer, ok},
		{"half a chunk", chunked("f\r\n{\"stat"), capture.BrokenWhileReading, ok},
		{"a chunk of no size", chunked("zz\r\n{}\r\n0\r\n\r\n"), capture.GarbledAnswer, ok},
		{"chunks without an end", chunked("f\r\n{\"status\":\"Ok\"}\r\n"), capture.BrokenWhileReading, ok},
		{"10 MB with a length", sized("10485760", long), capture.OversizedAnswer, ok + "Content-Length: 10485760\r\n\r\ntext text"},
		{"10 MB in a chunk", chunked("a00000\r\n" + long + "\r\n0\r\n\r\n"), capture.OversizedAnswer, ok},
		{"10 MB until it hangs up", ok + "Connection: close\r\n\r\n" + long, capture.OversizedAnswer, ok},
		{"10 MB of head", ok + "X: " + long + "\r\n\r\n", capture.OversizedAnswer, ok + "X: text"},
		{"10 MB of nothing known", long, capture.GarbledAnswer, "text text"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var peers sync.WaitGroup
			w := New(t.Context(), &Destination{
				URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Second,
				Dial: func(context.Context, string) (net.Conn, error) {
					client, server := net.Pipe()
					peers.Go(func() { answering(row.said)(server) })
					return client, nil
				},
			})
			var o results.Outcome
			w.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, Attempt{}, 0)
			w.Exchange(&o)
			if o.Reason != row.want || len(o.Answer) > capture.MaxAnswer || !strings.HasPrefix(string(o.Answer), row.sample) {
				t.Errorf("%s: %v %.80q, want %v %q", row.name, o.Reason, o.Answer, row.want, row.sample)
			}
			w.Close()
			peers.Wait()
			time.Sleep(time.Minute) // lets the client's cleaner end
		})
	}
}

// TestCompressedAnswers: who says like a client that answers may be compressed
// understands them: what was taken, what was refused, what v1 says of each event.
// A bomb is no answer, and costs no more memory than one.
func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	event := capture.EventResult{UUID: capture.UUID{1}}
	results1 := fmt.Sprintf(`{"results":{"%s":{"result":"drop","details":"event_too_big"}}}`, capture.AppendUUID(nil, event.UUID))
	bomb := strings.Repeat(" ", 1<<20) + capture.AnswerOk
	for _, row := range []struct {
		status int
		text   string
		v1     bool
		want   capture.Reason
		sample string // what is kept of the answer; "packed": as it came
	}{
		{200, capture.AnswerOk, false, capture.Accepted, ""},
		{200, `{"status":1,"quota_limited":["events"]}`, false, capture.BillingLimit, `{"status":1,"quota_limited":["events"]}`},
		{503, "transient error, please retry", false, capture.Unavailable, "transient error, please retry"},
		{200, results1, true, capture.Accepted, ""}, // what it says of the event is the event's
		{200, bomb, false, capture.UnknownAnswer, "packed"},
		{503, bomb, false, capture.Unavailable, "packed"},
	} {
		for _, coding := range []capture.Coding{"gzip", "deflate", "br", "zstd"} {
			packed := pack(t, coding, row.text)
			b := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}
			if row.v1 {
				b.Results = []capture.EventResult{event}
			}
			o := answeredWith(t, b, row.status, string(coding), packed)
			want := row.sample
			if want == "packed" {
				want = string(packed)
			}
			if o.Reason != row.want || o.Status != row.status || string(o.Answer) != want {
				t.Errorf("%s %d %.40q: %v, %d, %.40q", coding, row.status, row.text, o.Reason, o.Status, o.Answer)
			}
			if row.v1 && b.Results[0].Verdict != capture.VerdictDrop {
				t.Errorf("%s: %+v", coding, b.Results[0])
			}
		}
	}
}

// TestFalselyCompressedAnswers: an answer that is not in the coding that it claims
// is read as it came.
func TestFalselyCompressedAnswers(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"identity", "gzip", "deflate", "zstd", "br", "lzma", "gzip, br"} {
		for said, want := range map[string]capture.Reason{capture.AnswerOk: capture.Accepted, "\x1f\x8b\x08 half": capture.UnknownAnswer} {
			o := answeredWith(t, &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}, 200, coding, []byte(said))
			if o.Reason != want || want != capture.Accepted && string(o.Answer) != said {
				t.Errorf("%s %q: %v %q", coding, said, o.Reason, o.Answer)
			}
		}
	}
}

// answeredWith sends b to who answers with a body in a content coding.
func answeredWith(t *testing.T, b *body.Request, status int, coding string, body []byte) (o results.Outcome) {
	t.Helper()
	head := fmt.Appendf(nil, "HTTP/1.1 %d Said\r\ncontent-encoding: %s\r\nContent-Length: %d\r\n\r\n", status, coding, len(body))
	answer := bytes.Join([][]byte{head, body}, nil)
	w := New(t.Context(), &Destination{
		URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
		Dial: func(context.Context, string) (net.Conn, error) { return &canned{answer: answer}, nil },
	})
	defer w.Close()
	w.Prepare(b, Attempt{}, 0)
	w.Exchange(&o)
	o.Answer = bytes.Clone(o.Answer)
	return o
}

// pack compresses text.
func pack(t *testing.T, coding capture.Coding, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var z io.WriteCloser
	switch coding {
	case capture.Gzip:
		z = gzip.NewWriter(&out)
	case capture.Deflate:
		z = zlib.NewWriter(&out)
	case capture.Brotli:
		z = brotli.NewWriter(&out)
	case capture.Zstd:
		z, _ = zstd.NewWriter(&out)
	}
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
		t.Fatal("cannot compress", err)
	}
	return out.Bytes()
}
