package staging

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"rehearse/internal/capture"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"
)

// request is one row's request; kind is its content type.
type request struct {
	method, target, kind, encoding string
	body                           []byte
}

func post(target, body string) request {
	return request{method: "POST", target: target, kind: "application/json", body: []byte(body)}
}

// handled gives r to the handler of s, without a network, and returns the
// context with the answer.
func handled(s *Server, r request) *fasthttp.RequestCtx {
	var in fasthttp.Request
	in.Header.SetMethod(r.method)
	in.SetRequestURI(r.target)
	if r.kind != "" {
		in.Header.SetContentType(r.kind)
	}
	if r.encoding != "" {
		in.Header.SetContentEncoding(r.encoding)
	}
	in.SetBody(r.body)
	var ctx fasthttp.RequestCtx
	ctx.Init(&in, nil, silence{})
	s.handle(&ctx)
	return &ctx
}

// said is the status and the body of the answer.
func said(ctx *fasthttp.RequestCtx) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body()))
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// batchOf is a /batch/ body of the events first to first+n-1 of an endless list.
func batchOf(first, n int) []byte {
	envelope := capture.Envelope{Token: "phc_a"}
	body := envelope.AppendHead(nil)
	for i := first; i < first+n; i++ {
		if i > first {
			body = append(body, ',')
		}
		body = capture.AppendEvent(body, eventOf(i))
	}
	return envelope.AppendTail(body)
}

func eventOf(i int) *capture.Event {
	return &capture.Event{
		Name:       []byte([]string{"$pageview", "purchase", "$identify"}[i%3]),
		DistinctID: fmt.Appendf(nil, "user-%d", i%7),
		UUID:       capture.UUID{0: byte(i >> 8), 15: byte(i), 6: 0x70, 8: 0x80},
		Properties: fmt.Appendf(nil, `{"n":%d,"padding":"%s"}`, i, strings.Repeat("x", 180)),
	}
}

// served runs s on l until the test ends.
func served(t *testing.T, s *Server, l net.Listener) {
	t.Helper()
	done := make(chan error)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(s.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
	})
}

// loopback is a port of the system's choosing.
func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
