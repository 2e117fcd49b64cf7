package staging

import (
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

// answerV1 writes the answer of v1: a verdict for each event, or an error. The
// service also says Date, for SDKs that correct their clocks by it; the HTTP
// library only has one that keeps a goroutine for ever.
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
