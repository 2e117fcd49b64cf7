package staging

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/internal/capture"
)

// route is one of the paths that the endpoint knows.
type route uint8

const (
	noRoute route = iota
	index         // /, /_readiness, /_liveness
	statistics
	metrics
	batchRoute // from here on: event routes
	eRoute
	singleRoute
	captureRoute
	trackRoute
	engageRoute
	v1Route
)

// routeOf returns the route of a path, which may have a trailing slash. The
// event routes are those of capture's router.rs; one handler serves them all.
func routeOf(path []byte) route {
	if len(path) > 1 {
		path = bytes.TrimSuffix(path, []byte("/"))
	}
	switch string(path) {
	case "/", "/_readiness", "/_liveness":
		return index
	case "/_rehearse/stats":
		return statistics
	case "/metrics":
		return metrics
	case "/batch":
		return batchRoute
	case "/e":
		return eRoute
	case "/i/v0/e":
		return singleRoute
	case "/capture":
		return captureRoute
	case "/track":
		return trackRoute
	case "/engage":
		return engageRoute
	}
	if capture.IsV1(string(path)) {
		return v1Route
	}
	return noRoute
}

// of returns what r is to an endpoint: the generation of 2024 had three event
// routes only (hog-rs router.rs), and v1 is there where it was set up.
func (r route) of(c *Config) route {
	if c.Generation == capture.Generation2024 && r > singleRoute || c.NoV1 && r == v1Route {
		return noRoute
	}
	return r
}

func (r route) takesEvents() bool { return r >= batchRoute }

// String returns the path of r, without trailing slash.
func (r route) String() string {
	switch r {
	case index:
		return "/"
	case statistics:
		return "/_rehearse/stats"
	case metrics:
		return "/metrics"
	case batchRoute:
		return "/batch"
	case eRoute:
		return "/e"
	case singleRoute:
		return "/i/v0/e"
	case captureRoute:
		return "/capture"
	case trackRoute:
		return "/track"
	case engageRoute:
		return "/engage"
	case v1Route:
		return capture.PathV1
	}
	return "other"
}

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
