package generator

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/capture"
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
			w := newWire(t.Context(), &Destination{
				URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Second,
				Dial: func(context.Context, string) (net.Conn, error) {
					client, server := net.Pipe()
					peers.Go(func() { answering(row.said)(server) })
					return client, nil
				},
			})
			var o results.Outcome
			w.prepare(&Batch{Path: "/batch/", ContentType: contentJSON, Body: []byte("{}")}, 0)
			w.exchange(&o)
			if o.Reason != row.want || len(o.Answer) > capture.MaxAnswer || !strings.HasPrefix(string(o.Answer), row.sample) {
				t.Errorf("%s: %v %.80q, want %v %q", row.name, o.Reason, o.Answer, row.want, row.sample)
			}
			w.close()
			peers.Wait()
			time.Sleep(time.Minute) // lets the client's cleaner end
		})
	}
}
