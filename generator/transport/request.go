package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/zeebo/xxh3"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/scenario"
)

// requestHead is what stands before the body of a request, and what of it changes.
type requestHead struct {
	request     *fasthttp.Request
	base        string             // host and path prefix, as a URL
	path        string             // as set last
	beacon      bool               // it asks for a 204
	v1          *headersV1         // nil: v0
	carried     []recording.Header // headers that the request has from its recording
	rehearsal   string             // the value of HeaderRehearsal; empty: without
	countsRetry bool               // a retry says its number in the URL
	written     writtenHead
}

// writtenHead is a head as it was written last, for requests that differ from that one
// in the length of their bodies alone.
type writtenHead struct {
	of            headFields
	shared        bool   // it may fit another
	before, after []byte // around the digits of Content-Length; before is empty: there is none
}

// headFields are what a head says of one request and not of another.
type headFields struct{ path, contentType, contentEncoding, forwardedFor string }

// lengthField is the field of a head that changes with each request.
const lengthField = "\r\nContent-Length: "

// write writes the request that was set. Most have the head of the one before, which
// then is copied and not made again.
func (h *requestHead) write(w *bufio.Writer) error {
	if len(h.written.before) == 0 {
		if err := h.request.Write(w); err != nil {
			return err
		}
		h.keep()
		return nil
	}
	text, more := h.append(w.AvailableBuffer()) // which is where it belongs
	w.Write(text)                               // the first error of a bufio.Writer is that of all writes after
	_, err := w.Write(more)
	return err
}

// keep remembers the head that was written, if it fits other requests: with the
// headers of v1, of a retry or of a recording it does not.
func (h *requestHead) keep() {
	if !h.written.shared {
		return
	}
	text := h.request.Header.Header()
	before, rest, found := bytes.Cut(text, []byte(lengthField))
	digits := bytes.IndexByte(rest, '\r')
	if !found || digits < 0 {
		return
	}
	h.written.before = append(append(h.written.before[:0], before...), lengthField...)
	h.written.after = append(h.written.after[:0], rest[digits:]...)
}

// newRequestHead returns the head of requests to d.
func newRequestHead(d *Destination) requestHead {
	h := requestHead{
		request: &fasthttp.Request{},
		// Encryption is the dialer's: the client need not know.
		base:      "http://" + d.URL.Host + strings.TrimSuffix(d.URL.Path, "/"),
		rehearsal: d.Rehearsal,
	}
	h.request.Header.DisableNormalizing()
	h.request.URI().DisablePathNormalizing = true
	h.request.Header.SetNoDefaultContentType(true)
	h.request.Header.SetMethod(fasthttp.MethodPost)
	h.request.Header.SetUserAgent(d.UserAgent)
	return h
}

// shape makes requests look as the scenario wants them.
func (h *requestHead) shape(s *scenario.Scenario, start time.Time) {
	h.written = writtenHead{}
	if habits, known := s.Target.Client.Habits(); known {
		h.speakAs(&habits)
	}
	if s.Target.Reconnect {
		h.request.Header.Del(fasthttp.HeaderConnection) // of a client that would keep it
		h.request.SetConnectionClose()
	}
	if s.Target.Endpoint == scenario.EndpointV1 {
		h.speakV1(s, start)
	}
}

// speakAs adds what a client's HTTP library adds of its own.
func (h *requestHead) speakAs(habits *scenario.Habits) {
	h.countsRetry = habits.CountsRetry
	for _, header := range habits.Headers {
		h.request.Header.Set(header.Name, header.Value)
	}
}

// set makes the head that of r.
func (h *requestHead) set(r *body.Request, a Attempt, now time.Duration) {
	h.request.SetBodyRaw(r.Body)
	of := headFields{r.Path, r.ContentType, r.ContentEncoding, r.ForwardedFor}
	shared := h.v1 == nil && a.Number == 0 && len(r.Headers) == 0
	if shared && h.written.shared && h.written.of == of {
		return
	}
	h.written.of, h.written.shared, h.written.before = of, shared, h.written.before[:0]
	path := r.Path
	if h.countsRetry && a.Number > 0 {
		path = body.JoinQuery(path, "retry_count="+strconv.Itoa(a.Number))
	}
	if h.path != path {
		h.path, h.beacon = path, capture.AsksForBeacon(path)
		h.request.SetRequestURI(h.base + path)
	}
	fields := &h.request.Header
	fields.SetContentType(r.ContentType)
	if h.v1 != nil {
		h.v1.set(fields, a, now)
	}
	h.carry(r, a)
	setOrDelete(fields, fasthttp.HeaderContentEncoding, r.ContentEncoding)
	setOrDelete(fields, fasthttp.HeaderXForwardedFor, r.ForwardedFor)
	if h.rehearsal != "" {
		fields.Set(HeaderRehearsal, h.rehearsal) // whatever a recording brought along
	}
}

// carry sets the headers that a recorded request brings along, in place of those
// of the one before.
func (h *requestHead) carry(r *body.Request, a Attempt) {
	for _, was := range h.carried {
		h.request.Header.Del(was.Name)
	}
	for _, is := range r.Headers {
		h.request.Header.Set(is.Name, is.Value)
	}
	if h.carried = r.Headers; h.carried != nil && a.Number > 0 {
		h.request.Header.Set(capture.HeaderAttempt, strconv.Itoa(a.Number+1))
	}
}

// setOrDelete sets a header, or removes it where there is no value.
func setOrDelete(h *fasthttp.RequestHeader, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}

// headersV1 is what v1 wants to know besides the body.
type headersV1 struct {
	authorization string
	sdk           string
	start         time.Time
	seed          uint64
	text          []byte // backs the values that change
}

// speakV1 adds the headers of v1.
func (h *requestHead) speakV1(s *scenario.Scenario, start time.Time) {
	sdk, _, _ := strings.Cut(string(h.request.Header.UserAgent()), " ")
	h.v1 = &headersV1{authorization: "Bearer " + s.Target.Token.Reveal(), sdk: sdk, start: start}
	if s.Traffic != nil {
		h.v1.seed = s.Traffic.Seed
	}
}

// set writes the headers of an attempt at a time. The id of a request is the same
// for all its attempts, and a function of the seed and its events.
func (v *headersV1) set(h *fasthttp.RequestHeader, a Attempt, now time.Duration) {
	h.Set("Authorization", v.authorization)
	h.Set(capture.HeaderSDKInfo, v.sdk)
	v.text = strconv.AppendInt(v.text[:0], int64(a.Number)+1, 10)
	h.SetBytesV(capture.HeaderAttempt, v.text)
	v.text = capture.AppendUUID(v.text[:0], requestID(v.seed, a.First))
	h.SetBytesV(capture.HeaderRequestID, v.text)
	v.text = capture.AppendTime(v.text[:0], v.start.Add(now))
	h.SetBytesV(capture.HeaderTimestamp, v.text)
}

// requestID derives the id of the request that begins with an event (version 8
// of RFC 9562, section 5.8).
func requestID(seed uint64, first int64) capture.UUID {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(first))
	return capture.UUID(xxh3.Hash128Seed(number[:], seed^requestSalt).Bytes()).WithVersion(8)
}

// requestSalt keeps the ids of requests apart from those of events.
const requestSalt = 0x5be0cd19137e2179
