package generator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
)

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
		for _, coding := range []scenario.Compression{"gzip", "deflate", "br", "zstd"} {
			z, name := newCompressor(coding)
			packed := compress(z, nil, []byte(row.text))
			b := &Batch{Path: "/batch/", ContentType: contentJSON, Body: []byte("{}")}
			if row.v1 {
				b.results = []capture.EventResult{event}
			}
			o := answeredWith(t, b, row.status, string(name), packed)
			want := row.sample
			if want == "packed" {
				want = string(packed)
			}
			if o.Reason != row.want || o.Status != row.status || string(o.Answer) != want {
				t.Errorf("%s %d %.40q: %v, %d, %.40q", coding, row.status, row.text, o.Reason, o.Status, o.Answer)
			}
			if row.v1 && b.results[0].Verdict != capture.VerdictDrop {
				t.Errorf("%s: %+v", coding, b.results[0])
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
			o := answeredWith(t, &Batch{Path: "/batch/", ContentType: contentJSON, Body: []byte("{}")}, 200, coding, []byte(said))
			if o.Reason != want || want != capture.Accepted && string(o.Answer) != said {
				t.Errorf("%s %q: %v %q", coding, said, o.Reason, o.Answer)
			}
		}
	}
}

// answeredWith sends b to who answers with a body in a content coding.
func answeredWith(t *testing.T, b *Batch, status int, coding string, body []byte) (o results.Outcome) {
	t.Helper()
	head := fmt.Appendf(nil, "HTTP/1.1 %d Said\r\ncontent-encoding: %s\r\nContent-Length: %d\r\n\r\n", status, coding, len(body))
	answer := bytes.Join([][]byte{head, body}, nil)
	w := newWire(t.Context(), &Destination{
		URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
		Dial: func(context.Context, string) (net.Conn, error) { return &canned{answer: answer}, nil },
	})
	defer w.close()
	w.prepare(b, 0)
	w.exchange(&o)
	o.Answer = bytes.Clone(o.Answer)
	return o
}
