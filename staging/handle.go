package staging

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// worker is the memory in which one request is served.
type worker struct {
	decoder   capture.Decoder
	decoderV1 capture.DecoderV1
	request   capture.Request
	body      []byte
	route     route
	mishap    mishap
	event     pipeline.Event
	said      []byte // the answer, of v1
	dated     dated
}

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	w := s.workers.Get().(*worker)
	defer s.release(w)
	r := routeOf(ctx.URI().PathOriginal()).of(&s.config) // axum routes what was written, too
	rules := s.config.rules(r)
	w.route, w.mishap = r, mishap{}
	if r == v1Route {
		_ = w.dated.say(ctx, time.Now()) // it reads what it has just written
	}
	if r.takesEvents() && (ctx.IsPost() || ctx.IsGet() || ctx.IsHead()) {
		w.mishap = s.faults.next()
		if rules.rate = w.mishap.phase.Read; w.mishap.answer == resetBefore {
			s.hangUp(ctx, r)
			return
		}
	}
	body, refusal := readBody(ctx, w.body[:0], rules)
	w.body = body
	if r != statistics && r != metrics {
		allowOrigin(ctx)
	}
	switch {
	case r.takesEvents():
		s.handleEvents(ctx, w, r, refusal)
		return
	case ctx.IsOptions():
		sayPreflight(ctx)
	case r == noRoute:
		say(ctx, 404, "")
	case !ctx.IsGet() && !ctx.IsHead():
		sayAllowed(ctx, "GET,HEAD")
	case r == index:
		say(ctx, 200, "capture")
	case r == statistics:
		s.sayStats(ctx)
	case r == metrics:
		counted := s.Stats()
		say(ctx, 200, metricsText(&counted))
		ctx.SetContentType("text/plain; version=0.0.4; charset=utf-8")
	}
	s.shard(ctx).request(answer{r, ctx.Response.StatusCode()}, len(body))
}

func (s *Server) release(w *worker) {
	w.request, w.event = capture.Request{}, pipeline.Event{}
	if cap(w.body) > keep {
		w.body = nil
	}
	s.workers.Put(w)
}

func (s *Server) shard(ctx *fasthttp.RequestCtx) *counts { return &s.shards[ctx.ConnID()%shards] }

func (s *Server) handleEvents(ctx *fasthttp.RequestCtx, w *worker, r route, unread *capture.Refusal) {
	switch {
	case r == v1Route && !ctx.IsPost():
		sayAllowed(ctx, "POST")
	case ctx.IsOptions():
		sayPreflight(ctx)
	case !ctx.IsGet() && !ctx.IsPost() && !ctx.IsHead(): // axum serves HEAD as GET
		sayAllowed(ctx, "POST,GET,HEAD,OPTIONS")
	default:
		s.submit(ctx, w, r, unread)
		return
	}
	s.shard(ctx).request(answer{r, ctx.Response.StatusCode()}, len(w.body))
}

// submit serves a request that submits events, faults included.
func (s *Server) submit(ctx *fasthttp.RequestCtx, w *worker, r route, unread *capture.Refusal) {
	m := w.mishap
	s.faults.enter(m)
	defer s.faults.leave()
	w.request = capture.Request{
		Path:            ctx.URI().PathOriginal(),
		Query:           ctx.URI().QueryString(),
		ContentType:     ctx.Request.Header.ContentType(),
		ContentEncoding: ctx.Request.Header.ContentEncoding(),
		ForwardedFor:    ctx.Request.Header.Peek("X-Forwarded-For"),
		Peer:            peerOf(ctx),
		Body:            w.body,
	}
	if s.config.Observe != nil {
		w.request.Headers = ctx.Request.Header.All()
	}
	submission, no := s.decide(ctx, w, unread)
	if no == nil {
		s.faults.capacity.work(s.faults.capacity.of(submission))
	}
	status := s.answer(ctx, w, submission, no)
	if no == nil && m.answer == truncate {
		breakOff(ctx)
	}
	c := s.shard(ctx)
	c.request(answer{r, status}, len(w.body))
	switch {
	case no != nil:
		s.refusals.add(refusal{no.Status, kindOf(no.Text)}, no.Events)
		if submission != nil { // the sink takes events in order, and had taken some
			c.store(submission)
			s.ingest(w, submission)
		}
	case m.answer == drop:
		c.lose(submission)
	default:
		c.accept(submission, &s.names)
		s.ingest(w, submission)
	}
	if s.config.Observe != nil {
		s.config.Observe(&w.request, status)
	}
}

// decide returns what the request submits, or what it is refused with. An
// injected answer comes before what the service would have said.
func (s *Server) decide(ctx *fasthttp.RequestCtx, w *worker, unread *capture.Refusal) (*capture.Submission,
	*capture.Refusal) {
	injected := w.mishap.answer
	no := unread
	var submission *capture.Submission
	if no == nil {
		var err error
		submission, err = w.decode(ctx)
		errors.As(err, &no)
	}
	if injected == serve || injected == truncate || injected == drop {
		return w.mishap.phase.lose(submission), no
	}
	return w.reject(submission, no)
}

// reject returns what an injected answer makes of what the request submits, or is
// refused with.
func (w *worker) reject(submission *capture.Submission, no *capture.Refusal) (*capture.Submission, *capture.Refusal) {
	status, events := int(w.mishap.answer), 0
	switch {
	case no != nil:
		events = no.Events
	case submission != nil:
		events = submission.Len() + submission.Filtered + submission.Dropped
	}
	if w.mishap.answer == reset {
		return nil, &capture.Refusal{Text: "connection reset", Events: events}
	}
	failed := &capture.Refusal{Status: status, Text: textOf(status)}
	if w.route == v1Route {
		failed = capture.RefuseV1(status)
	}
	failed.Events = events
	if share := w.mishap.phase.Stored; share > 0 && status == 503 && no == nil &&
		submission.Discarded == capture.NotDiscarded {
		failed.Stored = submission.Cut(int(share * float64(submission.Len())))
		return submission, failed
	}
	return nil, failed
}

// kindOf is a refusal without the place that serde_json names: the texts that are
// told apart are few.
func kindOf(text string) string {
	kind, _, _ := strings.Cut(text, " at line ")
	return kind
}

// peerOf is the address that the request came from.
func peerOf(ctx *fasthttp.RequestCtx) netip.Addr {
	peer, _ := netip.AddrFromSlice(ctx.RemoteIP())
	return peer
}

// decode reads the request by the rules of its route.
func (w *worker) decode(ctx *fasthttp.RequestCtx) (*capture.Submission, error) {
	if w.route == v1Route {
		return w.decoderV1.Decode(requestV1(ctx, w.body))
	}
	return w.decoder.Decode(&w.request)
}

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
