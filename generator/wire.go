package generator

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/capture"
	"rehearse/results"
)

// wire is one connection to the endpoint: at most one request at a time, never
// a silent retry, never a redirect followed.
type wire struct {
	client  *fasthttp.HostClient
	request *fasthttp.Request
	answer  *fasthttp.Response
	base    string // scheme, host and path prefix
	path    string // of the request as prepared
	timeout time.Duration
	v1      *headersV1 // nil: v0
	batch   *Batch     // as prepared
	meter   meter

	rehearsal   string // the value of HeaderRehearsal; empty: without
	countsRetry bool   // a retry says its number in the URL
}

// HeaderRehearsal names the run, its permit and whom to ask, whatever client the
// requests look like.
const HeaderRehearsal = "X-Rehearsal"

// Destination is where requests go and how they introduce themselves.
type Destination struct {
	URL       *url.URL
	UserAgent string
	Rehearsal string // the value of HeaderRehearsal; empty: without
	Timeout   time.Duration
	Dial      func(ctx context.Context, addr string) (net.Conn, error) // nil: TCP
}

// newWire returns a wire to d; connections die when hard ends.
func newWire(hard context.Context, d *Destination) *wire {
	w := &wire{
		request: &fasthttp.Request{},
		answer:  &fasthttp.Response{},
		base:    d.URL.Scheme + "://" + d.URL.Host + trimSlash(d.URL.Path),
		timeout: d.Timeout, rehearsal: d.Rehearsal,
	}
	w.meter.dial = d.dialer(hard)
	w.meter.hard = hard
	w.client = &fasthttp.HostClient{
		Addr:                          address(d.URL),
		IsTLS:                         d.URL.Scheme == "https",
		TLSConfig:                     &tls.Config{ServerName: d.URL.Hostname()},
		Dial:                          w.meter.connect,
		MaxConns:                      1,
		MaxIdemponentCallAttempts:     1,
		RetryIfErr:                    func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
		MaxIdleConnDuration:           maxIdle,
		MaxResponseBodySize:           capture.MaxAnswer,
		WriteBufferSize:               writeBuffer,
		NoDefaultUserAgentHeader:      true,
		DisableHeaderNamesNormalizing: true,
		DisablePathNormalizing:        true,
	}
	w.request.Header.SetMethod(fasthttp.MethodPost)
	w.request.Header.SetUserAgent(d.UserAgent)
	return w
}

// maxIdle is how long a connection may rest before it is replaced: less than
// servers and load balancers wait before they close it, which would lose the
// next request.
const maxIdle = 10 * time.Second

// writeBuffer holds most requests whole, so that each is one write.
const writeBuffer = 16 << 10

// prepare makes the request for b at a time. Everything that can be done before
// the due time has been; this only points at it.
func (w *wire) prepare(b *Batch, now time.Duration) {
	if w.meter.dead(now) {
		w.close()
	}
	path := b.Path
	if w.countsRetry && b.attempt > 0 {
		path += "?retry_count=" + strconv.Itoa(b.attempt)
	}
	if w.path != path {
		w.path = path
		w.request.SetRequestURI(w.base + path)
	}
	w.batch = b
	h := &w.request.Header
	h.SetContentType(b.ContentType)
	if w.v1 != nil {
		w.v1.set(w, b, now)
	}
	setOrDelete(h, fasthttp.HeaderContentEncoding, b.ContentEncoding)
	setOrDelete(h, fasthttp.HeaderXForwardedFor, b.ForwardedFor)
	if w.rehearsal != "" {
		h.Set(HeaderRehearsal, w.rehearsal) // whatever a recording brought along
	}
	w.request.SetBodyRaw(b.Body)
}

// setOrDelete sets a header, or removes it where there is no value.
func setOrDelete(h *fasthttp.RequestHeader, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}

// exchange sends the prepared request, reads its answer and judges it. What it
// stores in o.Answer is valid until the next exchange.
func (w *wire) exchange(o *results.Outcome) {
	w.meter.begin()
	err := w.client.DoTimeout(w.request, w.answer, w.timeout)
	o.WireBytes = int32(w.meter.written)
	if err != nil {
		o.Reason = w.meter.reason(err)
		return
	}
	o.Status = w.answer.StatusCode()
	if w.v1 != nil {
		o.Reason = capture.JudgeV1(o.Status, w.answer.Body(), w.batch.results)
	} else {
		o.Reason = capture.Judge(o.Status, w.answer.Body())
	}
	if o.Reason != capture.Accepted {
		o.Answer = w.answer.Body()
	}
}

// longestAsked bounds what an endpoint may ask for in Retry-After.
const longestAsked = time.Hour

// retryAfter is how long the last answer asks to wait, 0 if it does not: a number
// of seconds, or a date. Names of headers come in any case.
func (w *wire) retryAfter() time.Duration {
	for name, value := range w.answer.Header.All() {
		if !strings.EqualFold(string(name), fasthttp.HeaderRetryAfter) {
			continue
		}
		asked := time.Duration(0)
		if seconds, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			asked = time.Duration(seconds) * time.Second
		} else if at, err := http.ParseTime(string(value)); err == nil {
			asked = time.Until(at)
		}
		return min(max(asked, 0), longestAsked)
	}
	return 0
}

// close gives up the connection.
func (w *wire) close() { w.client.CloseIdleConnections() }

// dialer returns the function that opens connections.
func (d *Destination) dialer(hard context.Context) func(string) (net.Conn, error) {
	if d.Dial != nil {
		return func(addr string) (net.Conn, error) { return d.Dial(hard, addr) }
	}
	dialer := &net.Dialer{Timeout: d.Timeout}
	return func(addr string) (net.Conn, error) { return dialer.DialContext(hard, "tcp", addr) }
}

// address is host and port of u.
func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// trimSlash removes a slash at the end: paths begin with one.
func trimSlash(path string) string {
	if n := len(path); n > 0 && path[n-1] == '/' {
		return path[:n-1]
	}
	return path
}
