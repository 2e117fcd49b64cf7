package staging

import (
	"bufio"
	"bytes"
	"time"

	"rehearse/capture"

	"github.com/valyala/fasthttp"
)

// requestV1 gathers what v1 reads of a request.
func requestV1(ctx *fasthttp.RequestCtx, body []byte) *capture.RequestV1 {
	h := &ctx.Request.Header
	return &capture.RequestV1{
		Authorization:   h.Peek("Authorization"),
		UserAgent:       orNil(h.UserAgent()),
		ContentType:     orNil(h.ContentType()),
		ContentEncoding: h.ContentEncoding(),
		SDKInfo:         h.Peek(capture.HeaderSDKInfo),
		Attempt:         h.Peek(capture.HeaderAttempt),
		RequestID:       h.Peek(capture.HeaderRequestID),
		Timestamp:       h.Peek(capture.HeaderTimestamp),
		Body:            body,
	}
}

// orNil tells a header that is not there from one that is empty as well as it
// can: to fasthttp's own fields there is no difference.
func orNil(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return value
}

// dated is the head of an answer that says when it was made, read into the answers
// of v1: SDKs correct their clocks by it (v1/analytics/response.rs). The HTTP
// library lets nobody set a date but itself, and its own keeps a goroutine for
// ever; what it reads it keeps.
type dated struct {
	text []byte
	raw  bytes.Reader
	head *bufio.Reader
}

// say makes the answer of ctx say the time. Whatever its head held before is gone.
func (d *dated) say(ctx *fasthttp.RequestCtx, now time.Time) error {
	d.text = append(d.text[:0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: "...)
	d.text = append(fasthttp.AppendHTTPDate(d.text, now), "\r\n\r\n"...)
	d.raw.Reset(d.text)
	if d.head == nil {
		d.head = bufio.NewReader(&d.raw)
	} else {
		d.head.Reset(&d.raw)
	}
	return ctx.Response.Header.Read(d.head)
}

// answerV1 writes the answer of v1: a verdict for each event, or an error.
func (w *worker) answerV1(ctx *fasthttp.RequestCtx, s *capture.Submission, no *capture.Refusal) {
	h := &ctx.Response.Header
	var again bool
	if no == nil {
		w.said, again = capture.AppendResults(w.said[:0], s.Results)
	} else {
		w.said, again = no.AppendJSON(w.said[:0]), no.RetryAfter()
		ctx.SetStatusCode(no.Status)
	}
	if again {
		h.Set("Retry-After", capture.RetryAfterV1)
	}
	if id := ctx.Request.Header.Peek(capture.HeaderRequestID); len(id) > 0 {
		h.SetBytesV(capture.HeaderRequestID, id)
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(w.said)
}
