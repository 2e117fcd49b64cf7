package generator

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/results"
	"rehearse/scenario"
)

// wire is one connection to the endpoint: at most one request at a time, never
// a silent retry, never a redirect followed.
type wire struct {
	client  *fasthttp.HostClient
	request *fasthttp.Request
	answer  *fasthttp.Response
	base    string // host and path prefix, as a URL
	path    string // of the request as prepared
	timeout time.Duration
	v1      *headersV1         // nil: v0
	batch   *Batch             // as prepared
	carried []recording.Header // headers that the request has from its recording
	meter   meter

	inflater capture.Inflater // of answers
	said     []byte           // the body of the last answer, decoded; valid until the next exchange

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
	Dial      func(ctx context.Context, addr string) (net.Conn, error) // nil: TCP. It sees every address before it is connected to

	Roots   *x509.CertPool      // who is trusted to certify an https target; nil: the system's
	Resolve map[string][]string // where a host:port leads, as host:port; missing: by the name's look-up
	Proxy   *url.URL            // http, https, socks5 or socks5h: on the way to the target; nil: none
}

// newWire returns a wire to d; connections die when hard ends.
func newWire(hard context.Context, d *Destination) *wire {
	w := &wire{
		request: &fasthttp.Request{},
		answer:  &fasthttp.Response{},
		base:    "http://" + d.URL.Host + trimSlash(d.URL.Path), // encryption is the dialer's: the client need not know
		timeout: d.Timeout, rehearsal: d.Rehearsal,
	}
	w.meter.dialer = newDialer(d)
	w.meter.hard = hard
	w.meter.head = make([]byte, 0, keptAnswer)
	w.client = &fasthttp.HostClient{
		Addr:                          address(d.URL),
		Dial:                          w.meter.connect,
		MaxConns:                      1,
		MaxIdemponentCallAttempts:     1,
		RetryIfErr:                    func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
		MaxIdleConnDuration:           maxIdle,
		WriteBufferSize:               writeBuffer,
		NoDefaultUserAgentHeader:      true,
		DisableHeaderNamesNormalizing: true,
		DisablePathNormalizing:        true,
	}
	w.request.Header.SetMethod(fasthttp.MethodPost)
	w.request.Header.SetUserAgent(d.UserAgent)
	return w
}

// shape makes requests look as the scenario wants them.
func (w *wire) shape(s *scenario.Scenario, start time.Time) {
	if h, known := s.Target.Client.Habits(); known {
		w.speakAs(&h)
	}
	if s.Target.Reconnect {
		w.request.Header.Del(fasthttp.HeaderConnection) // of a client that would keep it
		w.request.SetConnectionClose()
	}
	if s.Target.Endpoint == scenario.EndpointV1 {
		w.speakV1(s, start)
	}
}

// speakAs makes w send what a client's HTTP library adds of its own.
func (w *wire) speakAs(h *scenario.Habits) {
	w.countsRetry = h.CountsRetry
	for _, header := range h.Headers {
		w.request.Header.Set(header.Name, header.Value)
	}
}

// maxIdle is how long a connection may rest before it is replaced: less than
// servers and load balancers wait before they close it, which would lose the
// next request.
const maxIdle = 10 * time.Second

// writeBuffer holds most requests whole, so that each is one write. What is
// larger takes a second write, without a copy.
const writeBuffer = 8 << 10

// prepare makes the request for b at a time. Everything that can be done before
// the due time has been; this only points at it.
func (w *wire) prepare(b *Batch, now time.Duration) {
	if w.meter.dead(now) {
		w.close()
	}
	path := b.Path
	if w.countsRetry && b.attempt > 0 {
		path = joinQuery(path, "retry_count="+strconv.Itoa(b.attempt))
	}
	if w.path != path {
		w.path = path
		w.request.SetRequestURI(w.base + path)
	}
	w.batch = b
	h := &w.request.Header
	h.SetContentType(b.ContentType)
	w.client.MaxResponseBodySize = capture.MaxAnswerV1(len(b.results))
	if w.v1 != nil {
		w.v1.set(w, b, now)
	}
	w.carry(b)
	setOrDelete(h, fasthttp.HeaderContentEncoding, b.ContentEncoding)
	setOrDelete(h, fasthttp.HeaderXForwardedFor, b.ForwardedFor)
	if w.rehearsal != "" {
		h.Set(HeaderRehearsal, w.rehearsal) // whatever a recording brought along
	}
	w.request.SetBodyRaw(b.Body)
}

// carry sets the headers that a recorded request brings along, in place of those
// of the one before.
func (w *wire) carry(b *Batch) {
	for _, was := range w.carried {
		w.request.Header.Del(was.Name)
	}
	for _, is := range b.headers {
		w.request.Header.Set(is.Name, is.Value)
	}
	if w.carried = b.headers; w.carried != nil && b.attempt > 0 {
		w.request.Header.Set(capture.HeaderAttempt, strconv.Itoa(b.attempt+1))
	}
}

// joinQuery adds a parameter to a path.
func joinQuery(path, parameter string) string {
	if strings.Contains(path, "?") {
		return path + "&" + parameter
	}
	return path + "?" + parameter
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
	w.meter.begin(time.Now().Add(w.timeout))
	err := w.client.Do(w.request, w.answer)
	o.WireBytes = int32(w.meter.written)
	o.Opening = w.meter.opening
	if err != nil {
		if o.Reason = w.meter.reason(err); o.Reason != capture.Abandoned {
			o.Answer = w.meter.sample()
		}
		return
	}
	if w.judge(o); w.meter.broken != nil {
		w.close() // what comes next on the connection would stand behind half a request
		if o.Reason == capture.Accepted {
			o.Reason, o.Answer = capture.UnknownAnswer, w.said // a yes to what it did not get
		}
	}
}

// judge understands the answer that was read.
func (w *wire) judge(o *results.Outcome) {
	w.said = w.decoded()
	o.Status = w.answer.StatusCode()
	if len(w.batch.results) > 0 {
		o.Reason = capture.JudgeV1(o.Status, w.said, w.batch.results)
	} else {
		o.Reason = capture.Judge(o.Status, w.said)
	}
	if o.Reason != capture.Accepted {
		o.Answer = w.said
	}
}

// decoded returns the body of the answer, which an endpoint may compress when a
// client's headers allow it to. What cannot be decoded, or is larger than any
// answer, is returned as it came: the status may say enough.
func (w *wire) decoded() []byte {
	body := w.answer.Body()
	coding := w.answer.Header.ContentEncoding()
	if len(coding) == 0 || string(coding) == "identity" {
		return body
	}
	plain, err := w.inflater.Inflate(capture.Coding(coding), body, capture.MaxAnswerV1(len(w.batch.results))+1)
	if err != nil {
		return body
	}
	return plain
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

// trimSlash removes a slash at the end: paths begin with one.
func trimSlash(path string) string {
	if n := len(path); n > 0 && path[n-1] == '/' {
		return path[:n-1]
	}
	return path
}
