package staging

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"rehearse/capture"
	"rehearse/capture/pipeline"

	"github.com/valyala/fasthttp"
)

// shards is over how many counts the connections are spread.
const shards = 16

// keep is the largest body buffer that is held on to between requests, in bytes.
const keep = 8 << 20

// Server is a capture endpoint. Make it with New; all methods may be called at
// any time from any goroutine.
type Server struct {
	config   Config
	faults   *faults
	pipeline *pipeline.Pipeline
	http     fasthttp.Server
	open     open
	workers  sync.Pool // of *worker
	names    names
	refusals refusals
	shards   [shards]counts
}

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

// New returns an endpoint that behaves as c says. It runs nothing until Serve.
func New(c Config) *Server {
	// What overflowed in 2024 stayed on the main topic (hog-rs sinks/kafka.rs).
	c.Pipeline.InPlace = c.Pipeline.InPlace || c.Generation == capture.Generation2024
	c.Policy.OverQuota = slices.Concat(c.Policy.OverQuota, c.Pipeline.OverQuota)
	s := &Server{config: c, faults: newFaults(&c), pipeline: pipeline.New(c.Pipeline), open: open{all: map[net.Conn]struct{}{}}}
	s.workers.New = func() any {
		return &worker{
			decoder:   capture.Decoder{Limits: c.Limits, Generation: c.Generation, Policy: c.Policy},
			decoderV1: capture.DecoderV1{Limits: c.Limits, Policy: c.Policy},
		}
	}
	s.http = fasthttp.Server{
		Handler:                      s.handle,
		ConnState:                    s.open.follow,
		Name:                         "rehearse",
		StreamRequestBody:            true, // else a body over the limit ends the connection
		MaxRequestBodySize:           c.maxBody(),
		ReadBufferSize:               16 << 10, // a GET may carry its payload in the URL
		DisablePreParseMultipartForm: true,
		NoDefaultDate:                true, // the date would keep a goroutine for ever
		Logger:                       silence{},
	}
	return s
}

// silence is a logger that says nothing: what goes wrong on a connection is the
// client's to report.
type silence struct{}

func (silence) Printf(string, ...any) {}

// Serve answers requests on l until Shutdown, and returns nil then. It may be
// called for several listeners.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(watched{l}); err != nil {
		return fmt.Errorf("cannot serve on %q: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown closes the listeners and idle connections, waits until the requests
// in progress are answered or ctx is done, and then returns why it is. A request
// that is still on its way a second later is not waited for.
func (s *Server) Shutdown(ctx context.Context) error {
	hush := time.AfterFunc(onItsWay, s.open.hush)
	defer hush.Stop()
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("cannot answer the last of the requests (%d): %w", s.open.count(), cmp.Or(context.Cause(ctx), err))
	}
	return nil
}

// onItsWay is how long requests may still come in after the end. The endpoint has
// no other bound for that, as the service has none unless it is configured.
const onItsWay = time.Second

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
		stats := s.Stats()
		say(ctx, 200, stats.metrics())
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
		s.faults.capacity.work(submission.Len())
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
func (s *Server) decide(ctx *fasthttp.RequestCtx, w *worker, unread *capture.Refusal) (*capture.Submission, *capture.Refusal) {
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
	if share := w.mishap.phase.Stored; share > 0 && status == 503 && no == nil && submission.Discarded == capture.NotDiscarded {
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

// answer writes the answer and returns its status, 0 for none.
func (s *Server) answer(ctx *fasthttp.RequestCtx, w *worker, submission *capture.Submission, no *capture.Refusal) int {
	switch {
	case w.route == v1Route && (no == nil || no.Status != 0):
		w.answerV1(ctx, submission, no)
	case no == nil && submission.Beacon:
		say(ctx, 204, "")
	case no == nil:
		sayOk(ctx)
	case no.Status == 0:
		abort(ctx)
		return 0
	default:
		say(ctx, no.Status, no.Text)
	}
	if after := int(w.mishap.phase.RetryAfter / time.Second); after > 0 && no != nil && (no.Status == 429 || no.Status == 503) {
		ctx.Response.Header.Set("Retry-After", fmt.Sprint(after))
	}
	return ctx.Response.StatusCode()
}

// hangUp closes the connection before the body is read.
func (s *Server) hangUp(ctx *fasthttp.RequestCtx, r route) {
	abort(ctx)
	s.shard(ctx).request(answer{r, 0}, 0)
	s.refusals.add(refusal{text: "connection reset before reading"}, 0)
}

// breakOff ends the connection in the middle of the answer that ctx holds.
func breakOff(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetContentLength(len(ctx.Response.Body()))
	whole := append([]byte(nil), ctx.Response.Header.Header()...)
	whole = append(whole, ctx.Response.Body()...)
	half := whole[:len(whole)-(len(ctx.Response.Body())+1)/2]
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { c.Write(half) })
}

// abort closes the connection without an answer, over TCP with a reset.
func abort(ctx *fasthttp.RequestCtx) {
	setLinger(ctx.Conn())
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(net.Conn) {})
}

func say(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	if text == "" {
		ctx.Response.Header.SetNoDefaultContentType(true)
		return
	}
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(text)
}

// sayAllowed answers a method that the route does not take with those that it
// does, as axum does.
func sayAllowed(ctx *fasthttp.RequestCtx, methods string) {
	say(ctx, 405, "")
	ctx.Response.Header.Set("Allow", methods)
}

func sayOk(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("application/json")
	ctx.SetBodyString(capture.AnswerOk)
}

func (s *Server) sayStats(ctx *fasthttp.RequestCtx) {
	text, err := json.MarshalIndent(s.Stats(), "", "  ")
	if err != nil {
		say(ctx, 500, fmt.Sprintf("cannot write the counts: %v", err))
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(text)
}

// allowOrigin answers a browser as the service does: any origin, mirrored, with
// credentials (capture router.rs; tower-http cors).
func allowOrigin(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Vary", "origin, access-control-request-method, access-control-request-headers")
	if origin := ctx.Request.Header.Peek("Origin"); len(origin) > 0 {
		h.SetBytesV("Access-Control-Allow-Origin", origin)
	}
}

// sayPreflight answers OPTIONS, on whatever path: the service's CORS layer does so
// before the routes are looked at.
func sayPreflight(ctx *fasthttp.RequestCtx) {
	say(ctx, 200, "")
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Methods", "GET,POST,OPTIONS")
	if asked := ctx.Request.Header.Peek("Access-Control-Request-Headers"); len(asked) > 0 {
		h.SetBytesV("Access-Control-Allow-Headers", asked)
	}
}
