package staging

import (
	"errors"
	"io"
	"slices"

	"rehearse/capture"

	"github.com/valyala/fasthttp"
)

// readBody appends the body of the request to dst, at most MaxBody bytes of it. A
// body that is larger is drained up to one further limit, so that the connection
// lives on; beyond that it is closed, as the service does
// (integration_wire_body_limits.rs).
func (c *Config) readBody(ctx *fasthttp.RequestCtx, dst []byte) ([]byte, *capture.Refusal) {
	limit := c.maxBody()
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return append(dst, ctx.Request.Body()...), nil
	}
	declared := ctx.Request.Header.ContentLength() // -1: chunked
	if declared > 2*limit {
		ctx.SetConnectionClose()
		return dst, c.Generation.RefuseWire(limit)
	}
	dst, err := appendUpTo(dst, stream, limit+1)
	if len(dst) > limit {
		if _, err := io.CopyN(io.Discard, stream, int64(limit)); !errors.Is(err, io.EOF) {
			ctx.SetConnectionClose()
		}
		return dst, c.Generation.RefuseWire(limit)
	}
	if err == nil && declared > len(dst) {
		err = io.ErrUnexpectedEOF // the stream ends like this when the client goes away
	}
	if err != nil {
		ctx.SetConnectionClose()
		return dst, capture.RefuseBroken(err)
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
