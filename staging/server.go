package staging

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
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

// New returns an endpoint that behaves as c says. It runs nothing until Serve.
func New(c Config) *Server {
	if c.Pipeline.Facts == nil {
		c.Pipeline.Facts = pipeline.Default(c.Generation == capture.Generation2024)
	}
	c.Policy.Import = c.Policy.Import || c.Pipeline.Facts.Import
	c.Policy.Drop = slices.Concat(c.Policy.Drop, c.Pipeline.Facts.Matches(pipeline.Drop))
	c.Policy.OverQuota = slices.Concat(c.Policy.OverQuota, c.Pipeline.OverQuota)
	s := &Server{config: c, faults: newFaults(&c), pipeline: pipeline.New(c.Pipeline),
		open: open{all: map[net.Conn]struct{}{}}}
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
		return fmt.Errorf("cannot answer the last of the requests (%d): %w", s.open.count(),
			cmp.Or(context.Cause(ctx), err))
	}
	return nil
}

// onItsWay is how long requests may still come in after the end. The endpoint has
// no other bound for that, as the service has none unless it is configured.
const onItsWay = time.Second

// Local is a Server on a free port of this machine: the default target of a run, and
// what stands in for the service in a test.
type Local struct {
	*Server
	URL string // as in http://127.0.0.1:40123

	listener net.Listener
	served   chan error
}

// Start serves an endpoint that behaves as c says. It has to be closed.
func Start(c Config) (*Local, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot find a port of this machine to serve on: %w", err)
	}
	l := &Local{Server: New(c), URL: "http://" + listener.Addr().String(), listener: listener,
		served: make(chan error, 1)}
	go func() { l.served <- l.Serve(listener) }()
	return l, nil
}

// closeWithin is how long connections may take to close.
const closeWithin = 100 * time.Millisecond

// Close ends the endpoint, and returns when it has. What has no answer by then, for a
// stall say, is not waited for. What was counted can still be asked for.
func (l *Local) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = l.Shutdown(ctx)    // that somebody still waits for an answer was said to be no matter
	_ = l.listener.Close() // which Shutdown did, unless the endpoint had not begun to serve
	<-l.served
}

// watched is a listener whose connections know when the other side has ended.
type watched struct{ net.Listener }

// Accept waits for the next connection.
func (w watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn is a connection that knows whether it was read to its end. To the HTTP
// library a chunked body that ends without its last chunk is whole.
type conn struct {
	net.Conn
	ended atomic.Bool
}

// Read reads what the client sent.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		c.ended.Store(true)
	}
	return n, err
}

// hasEnded reports whether a connection was read to its end.
func hasEnded(c net.Conn) bool {
	w, ok := c.(*conn)
	return ok && w.ended.Load()
}

// setLinger lets a close of c reset the connection, if it is one of TCP.
func setLinger(c net.Conn) {
	if w, ok := c.(*conn); ok {
		c = w.Conn
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		// Without the option the connection ends with a FIN: closed all the same.
		_ = tcp.SetLinger(0)
	}
}

// open are the connections that clients have open.
type open struct {
	mu  sync.Mutex // guards all
	all map[net.Conn]struct{}
}

// follow is told whenever the state of a connection changes.
func (o *open) follow(c net.Conn, now fasthttp.ConnState) {
	switch now {
	case fasthttp.StateNew:
		o.mu.Lock()
		o.all[c] = struct{}{}
		o.mu.Unlock()
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		o.mu.Lock()
		delete(o.all, c)
		o.mu.Unlock()
	}
}

// count is how many there are.
func (o *open) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.all)
}

// hush ends what is still being read: a request that is not here by now is not
// waited for. Answers may still be written.
func (o *open) hush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.all {
		c.SetReadDeadline(time.Now()) // of one that broke, reading has ended anyway
	}
}
