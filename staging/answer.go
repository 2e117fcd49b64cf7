package staging

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/internal/capture"
)

// answer writes the answer and returns its status, 0 for none.
func (s *Server) answer(ctx *fasthttp.RequestCtx, w *worker, submission *capture.Submission, no *capture.Refusal) int {
	switch {
	case w.route == v1Route && (no == nil || no.Status != 0):
		w.answerV1(ctx, submission, no)
	case no == nil && submission.Beacon:
		say(ctx, 204, "")
	case no == nil:
		sayOk(ctx)
	case no.Status == 0:
		abort(ctx)
		return 0
	default:
		say(ctx, no.Status, no.Text)
	}
	if after := int(w.mishap.phase.RetryAfter / time.Second); after > 0 && no != nil &&
		(no.Status == 429 || no.Status == 503) {
		ctx.Response.Header.Set("Retry-After", fmt.Sprint(after))
	}
	return ctx.Response.StatusCode()
}

// hangUp closes the connection before the body is read.
func (s *Server) hangUp(ctx *fasthttp.RequestCtx, r route) {
	abort(ctx)
	s.shard(ctx).request(answer{r, 0}, 0)
	s.refusals.add(refusal{text: "connection reset before reading"}, 0)
}

// breakOff ends the connection in the middle of the answer that ctx holds.
func breakOff(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetContentLength(len(ctx.Response.Body()))
	whole := append([]byte(nil), ctx.Response.Header.Header()...)
	whole = append(whole, ctx.Response.Body()...)
	half := whole[:len(whole)-(len(ctx.Response.Body())+1)/2]
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { c.Write(half) })
}

// abort closes the connection without an answer, over TCP with a reset.
func abort(ctx *fasthttp.RequestCtx) {
	setLinger(ctx.Conn())
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(net.Conn) {})
}

func say(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	if text == "" {
		ctx.Response.Header.SetNoDefaultContentType(true)
		return
	}
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(text)
}

// sayAllowed answers a method that the route does not take with those that it
// does, as axum does.
func sayAllowed(ctx *fasthttp.RequestCtx, methods string) {
	say(ctx, 405, "")
	ctx.Response.Header.Set("Allow", methods)
}

func sayOk(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("application/json")
	ctx.SetBodyString(capture.AnswerOk)
}

func (s *Server) sayStats(ctx *fasthttp.RequestCtx) {
	text, err := json.MarshalIndent(s.Stats(), "", "  ")
	if err != nil {
		say(ctx, 500, fmt.Sprintf("cannot write the counts: %v", err))
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(text)
}

// allowOrigin answers a browser as the service does: any origin, mirrored, with
// credentials (capture router.rs; tower-http cors).
func allowOrigin(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Vary", "origin, access-control-request-method, access-control-request-headers")
	if origin := ctx.Request.Header.Peek("Origin"); len(origin) > 0 {
		h.SetBytesV("Access-Control-Allow-Origin", origin)
	}
}

// sayPreflight answers OPTIONS, on whatever path: the service's CORS layer does so
// before the routes are looked at.
func sayPreflight(ctx *fasthttp.RequestCtx) {
	say(ctx, 200, "")
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Methods", "GET,POST,OPTIONS")
	if asked := ctx.Request.Header.Peek("Access-Control-Request-Headers"); len(asked) > 0 {
		h.SetBytesV("Access-Control-Allow-Headers", asked)
	}
}

// textOf returns what the service answers with a status of its own (capture
// api.rs), else the name of the status.
func textOf(status int) string {
	switch status {
	case 408:
		return "client stopped sending data"
	case 429:
		return "rate limited"
	case 500:
		return "internal server error"
	case 503:
		return "transient error, please retry"
	}
	return fasthttp.StatusMessage(status)
}

// dated is the head of an answer that says when it was made, read into the answers
// of v1: SDKs correct their clocks by it (v1/analytics/response.rs). The HTTP
// library allows no date but its own, which keeps a goroutine for
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
