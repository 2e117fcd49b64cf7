package generator

import (
	"bufio"
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
	request *fasthttp.Request
	writer  *bufio.Writer // of requests
	answer  answer
	base    string // host and path prefix, as a URL
	path    string // of the request as prepared
	beacon  bool   // it asks for a 204
	timeout time.Duration
	v1      *headersV1         // nil: v0
	batch   *Batch             // as prepared
	carried []recording.Header // headers that the request has from its recording
	meter   meter
	limit   int // bytes of an answer's body

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
	Proxy   *url.URL            // http, socks5 or socks5h: on the way to the target; nil: none
}

// newWire returns a wire to d; connections die when hard ends.
func newWire(hard context.Context, d *Destination) *wire {
	w := &wire{
		request: &fasthttp.Request{},
		writer:  bufio.NewWriterSize(nil, writeBuffer),
		base:    "http://" + d.URL.Host + trimSlash(d.URL.Path), // encryption is the dialer's: the client need not know
		timeout: d.Timeout, rehearsal: d.Rehearsal,
	}
	w.meter.dialer = newDialer(d)
	w.meter.hard = hard
	w.meter.head = make([]byte, 0, keptAnswer)
	w.meter.from = bufio.NewReaderSize(nil, readBuffer)
	w.request.Header.DisableNormalizing()
	w.request.URI().DisablePathNormalizing = true
	w.request.Header.SetNoDefaultContentType(true)
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

// writeBuffer holds most requests whole, so that each is one write. What is
// larger takes a second write, without a copy.
const writeBuffer = 8 << 10

// readBuffer holds most answers whole, and every line of a head that matters.
const readBuffer = 4 << 10

// prepare makes the request for b at a time. Everything that can be done before
// the due time has been; this only points at it.
func (w *wire) prepare(b *Batch, now time.Duration) {
	w.meter.retire(now)
	path := b.Path
	if w.countsRetry && b.attempt > 0 {
		path = joinQuery(path, "retry_count="+strconv.Itoa(b.attempt))
	}
	if w.path != path {
		w.path, w.beacon = path, capture.AsksForBeacon(path)
		w.request.SetRequestURI(w.base + path)
	}
	w.batch = b
	h := &w.request.Header
	h.SetContentType(b.ContentType)
	w.limit = capture.MaxAnswerV1(len(b.results))
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
	err := w.converse()
	o.WireBytes = int32(w.meter.written)
	if err != nil && !w.refused() {
		w.close()
		if o.Reason = w.meter.reason(err); o.Reason != capture.Abandoned {
			o.Answer = w.meter.sample()
		}
		o.Opening = w.meter.opening
		return
	}
	keep := err == nil && w.meter.broken == nil && !w.answer.closes && !w.request.ConnectionClose()
	doubtful := w.meter.settle(&w.answer, err == nil, keep)
	o.Opening = w.meter.opening
	w.judge(o)
	if w.meter.broken != nil {
		o.MayBeStored = false // what did not arrive whole is not read
	}
	if doubtful || o.Reason == capture.Accepted && w.meter.broken != nil { // a yes to what it did not get
		o.Reason, o.Answer, o.MayBeStored = capture.UnknownAnswer, w.said, false
	}
}

// converse sends the request and reads the answer, as soon as the one may leave. Of
// a request that could not be sent to its end the answer may be there all the same.
func (w *wire) converse() error {
	w.answer.reset()
	if err := w.meter.ready(); err != nil {
		return err
	}
	w.writer.Reset(w.meter.open)
	err := w.request.Write(w.writer)
	if err == nil {
		err = w.writer.Flush()
	}
	if err != nil && w.meter.broken == nil {
		return err
	}
	return w.answer.read(w.meter.from, w.limit)
}

// refused tells whether the head of an answer says no to the request, whatever
// became of its body: that it is too long, or broke off, takes nothing back.
func (w *wire) refused() bool { return w.answer.status != 0 && w.answer.status/100 != 2 }

// judge understands the answer that was read.
func (w *wire) judge(o *results.Outcome) {
	w.said = w.decoded()
	o.Status = w.answer.status
	switch {
	case len(w.batch.results) > 0:
		o.Reason = capture.JudgeV1(o.Status, w.said, w.batch.results)
	case w.beacon:
		o.Reason = capture.JudgeBeacon(o.Status, w.said)
	default:
		o.Reason = capture.Judge(o.Status, w.said)
	}
	if o.Reason == capture.Accepted {
		return
	}
	o.Answer = w.said
	o.MayBeStored = o.Reason.Fate() == capture.FateRejected && w.stored(o.Status) == capture.MayBeStored
}

// stored is what the answer, which is a refusal, leaves open.
func (w *wire) stored(status int) capture.Stored {
	if len(w.batch.results) > 0 {
		return capture.StoredOfV1(status, w.said)
	}
	return capture.StoredOf(status, w.said, w.batch.outstanding())
}

// decoded returns the body of the answer, which an endpoint may compress when a
// client's headers allow it to. What cannot be decoded, or is larger than any
// answer, is returned as it came: the status may say enough.
func (w *wire) decoded() []byte {
	body, coding := w.answer.body, w.answer.coding
	if len(coding) == 0 || string(coding) == "identity" {
		return body
	}
	plain, err := w.inflater.Inflate(capture.Coding(coding), body, capture.MaxAnswerV1(len(w.batch.results))+1)
	if err != nil {
		return body
	}
	return plain
}

// longestAsked bounds what an endpoint may ask for in Retry-After. Who asks for more
// has that: some clients have a bound of their own below it (scenario.RetryPolicy).
const longestAsked = time.Hour

// retryAfter is how long the last answer asks to wait, 0 if it does not: a number
// of seconds, or a date (RFC 9110, section 10.2.3). What is longer than longestAsked
// is that long, and what lies in the past, or below zero, is no wait.
func (w *wire) retryAfter() time.Duration {
	asked := w.answer.retry
	if len(asked) == 0 {
		return 0
	}
	if at, err := http.ParseTime(string(asked)); err == nil {
		return min(max(time.Until(at), 0), longestAsked)
	}
	return clampSeconds(asked, longestAsked)
}

// close gives up the connection.
func (w *wire) close() { w.meter.close() }

// trimSlash removes a slash at the end: paths begin with one.
func trimSlash(path string) string {
	if n := len(path); n > 0 && path[n-1] == '/' {
		return path[:n-1]
	}
	return path
}
