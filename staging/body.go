package staging

import (
	"errors"
	"io"
	"slices"
	"time"

	"rehearse/capture"

	"github.com/valyala/fasthttp"
)

// wireRules say how large a body may be as it travels, and what is answered to
// one that is larger or breaks off.
type wireRules struct {
	limit    int
	rate     int // how fast it is read, in bytes a second; 0: at once
	tooLarge func(limit int) *capture.Refusal
	broken   func() *capture.Refusal
}

// rules returns what holds on a route.
func (c *Config) rules(r route) wireRules {
	if r != v1Route {
		return wireRules{c.maxBody(), 0, c.Generation.RefuseWire, c.Generation.RefuseBroken}
	}
	limit := capture.MaxWireV1
	if c.MaxBody > 0 {
		limit = c.MaxBody
	}
	return wireRules{limit, 0, capture.RefuseWireV1, capture.RefuseBrokenV1}
}

// readBody appends the body of the request to dst, at most w.limit bytes of it. A
// body that is larger is drained up to one further limit, so that the connection
// lives on; beyond that it is closed, as the service does
// (integration_wire_body_limits.rs).
func readBody(ctx *fasthttp.RequestCtx, dst []byte, w wireRules) ([]byte, *capture.Refusal) {
	limit := w.limit
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return append(dst, ctx.Request.Body()...), nil
	}
	if w.rate > 0 {
		stream = &slow{stream, w.rate}
	}
	declared := ctx.Request.Header.ContentLength() // -1: chunked
	if declared > 2*limit {
		ctx.SetConnectionClose()
		return dst, w.tooLarge(limit)
	}
	dst, err := appendUpTo(dst, stream, limit+1)
	if len(dst) > limit {
		if _, err := io.CopyN(io.Discard, stream, int64(limit)); !errors.Is(err, io.EOF) {
			ctx.SetConnectionClose()
		}
		return dst, w.tooLarge(limit)
	}
	if err == nil && (declared > len(dst) || declared < 0 && hasEnded(ctx.Conn())) {
		err = io.ErrUnexpectedEOF // the stream ends like this when the client goes away
	}
	if err != nil {
		ctx.SetConnectionClose()
		return dst, w.broken()
	}
	return dst, nil
}

// appendUpTo appends what r yields to dst, up to its end or until dst holds most
// bytes. The buffer grows with what comes, not with what was announced.
func appendUpTo(dst []byte, r io.Reader, most int) ([]byte, error) {
	for len(dst) < most {
		dst = slices.Grow(dst, 512)
		n, err := r.Read(dst[len(dst):min(cap(dst), most)])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// slow reads no faster than rate, in bytes a second.
type slow struct {
	io.Reader
	rate int
}

// Read reads a tenth of a second's worth at most, and takes its time.
func (s *slow) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p[:min(len(p), max(s.rate/10, 1))])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate))
	return n, err
}
