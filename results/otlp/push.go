package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"rehearse/results"
)

// queued is how many pushes may wait for the one before them.
const queued = 2

// Pusher pushes the metrics of one stream of a run. A nil Pusher does nothing.
type Pusher struct {
	config   Config
	client   *http.Client
	resource *resourcepb.Resource
	origin   origin
	queue    chan *metricspb.MetricsData
	done     chan struct{}

	cancel context.CancelFunc

	total  *results.Tally // copies of what an Interval only lends
	last   results.Row    // as far as it is pushed
	pushed time.Duration  // the end of the last interval that was pushed
	fresh  bool           // something came after it
	pushes int

	mu     sync.Mutex
	failed int   // pushes that did not arrive
	first  error // why the first did not
	told   bool
}

// origin is where the numbers of a Pusher come from.
type origin struct {
	start  time.Time // from which they are counted
	stream string    // of the run, as each point says
}

// New starts to push the metrics of a stream of a run. When ctx ends, what is under way is
// broken off and nothing more is pushed.
func New(ctx context.Context, c *Config, m *results.Manifest, stream string) *Pusher {
	if c == nil {
		return nil
	}
	p := &Pusher{
		config: *c, resource: resourceOf(c.resource, m), origin: origin{m.StartedAt, stream}, total: results.NewTally(),
		queue: make(chan *metricspb.MetricsData, queued), done: make(chan struct{}),
		client: &http.Client{
			Transport: c.Transport,
			Timeout:   c.timeout,
			// the headers are for the endpoint alone
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	ctx, p.cancel = context.WithCancel(ctx)
	go p.work(ctx)
	return p
}

// Observe takes in an interval, and pushes what the run has come to if it is
// time. Its error is the first failure of a push, once.
func (p *Pusher) Observe(iv *results.Interval) error {
	if p == nil {
		return nil
	}
	p.total.Add(&iv.Tally)
	p.last, p.fresh = results.Row{To: iv.To.Seconds(), InFlight: iv.InFlight, Target: iv.Target}, true
	if iv.To-p.pushed < p.config.Interval {
		return p.news()
	}
	select {
	case p.queue <- p.gather():
	default:
		p.fail(errors.New("the previous push is still in progress"))
	}
	p.pushed = iv.To
	return p.news()
}

// Close pushes what the run came to, and waits for that for ten seconds at most.
// Its error tells how many pushes did not arrive.
func (p *Pusher) Close() error {
	if p == nil {
		return nil
	}
	patience := time.NewTimer(min(p.config.timeout, defaultTimeout))
	defer patience.Stop()
	if p.fresh {
		select {
		case p.queue <- p.gather():
		case <-patience.C:
			patience.Reset(0)
			p.fail(errors.New("the previous push is still in progress"))
		}
	}
	close(p.queue)
	select {
	case <-p.done:
	case <-patience.C:
	}
	p.cancel()
	<-p.done
	if p.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d pushes of metrics did not arrive; the first: %w", p.failed, p.pushes, p.first)
}

// gather puts together what has not been pushed yet. MetricsData has the fields
// of ExportMetricsServiceRequest, whose package links gRPC.
func (p *Pusher) gather() *metricspb.MetricsData {
	p.fresh = false
	p.pushes++
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: p.resource,
		ScopeMetrics: []*metricspb.ScopeMetrics{{
			Scope:   &commonpb.InstrumentationScope{Name: "rehearse"},
			Metrics: metricsOf(p.total, &p.last, p.origin),
		}},
	}}}
}

// encode writes a push. The JSON of OTLP is that of protobuf with numbers for
// enumerations (OTLP specification, "JSON Protobuf Encoding").
func (p *Pusher) encode(data *metricspb.MetricsData) ([]byte, error) {
	if p.config.json {
		return protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(data)
	}
	return proto.Marshal(data)
}

// work posts what is queued.
func (p *Pusher) work(ctx context.Context) {
	defer close(p.done)
	for data := range p.queue {
		body, err := p.encode(data)
		if err == nil && p.config.gzip {
			body, err = compressed(body)
		}
		if err == nil {
			err = p.post(ctx, body)
		}
		if err != nil {
			p.fail(err)
		}
	}
}

// compressed is a body as gzip.
func compressed(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// post sends one request. Its error names no header and nothing of the URL but
// the host: both may hold a key.
func (p *Pusher) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.config.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the endpoint is no URL")
	}
	for name, values := range p.config.headers {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if p.config.json {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.config.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := p.client.Do(r)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err
		}
		return fmt.Errorf("%s: %w", r.URL.Host, err)
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%s answered %d", r.URL.Host, answer.StatusCode)
	}
	return nil
}

// fail counts a push that did not arrive.
func (p *Pusher) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed++
	if p.first == nil {
		p.first = err
	}
}

// news is the first failure, the first time that it is asked for.
func (p *Pusher) news() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil || p.told {
		return nil
	}
	p.told = true
	return fmt.Errorf("cannot push metrics: %w (the run goes on without)", p.first)
}
