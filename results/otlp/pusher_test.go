package otlp

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"rehearse/results"
	"rehearse/results/metrics"
)

// TestPushesFollowTheInterval: of ten seconds, with a push every three, the third,
// sixth and ninth are pushed, and the last when the run ends.
func TestPushesFollowTheInterval(t *testing.T) {
	t.Parallel()
	url, _, bodies := collector(t, 202)
	c, err := FromEnv(env("EXPORTER_OTLP_ENDPOINT="+url, "METRIC_EXPORT_INTERVAL=3000"))
	if err != nil {
		t.Fatal(err)
	}
	p := New(t.Context(), c, &results.Manifest{StartedAt: begun}, metrics.RunStream)
	var seconds []float64
	next := func() {
		data := &metricspb.MetricsData{}
		if err := proto.Unmarshal(<-bodies, data); err != nil {
			t.Fatal(err)
		}
		point := data.ResourceMetrics[0].ScopeMetrics[0].Metrics[0].GetSum().DataPoints[1]
		seconds = append(seconds, float64(point.TimeUnixNano-point.StartTimeUnixNano)/1e9)
	}
	for i, iv := range ticks(10) {
		if err := p.Observe(iv); err != nil {
			t.Error(err)
		}
		if (i+1)%3 == 0 {
			next()
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	next()
	if want := []float64{3, 6, 9, 10}; !slices.Equal(seconds, want) {
		t.Errorf("pushed after %v s, want %v", seconds, want)
	}
}

// TestFailuresAreToldOnceAndCounted: no header, and of the URL only the host.
func TestFailuresAreToldOnceAndCounted(t *testing.T) {
	t.Parallel()
	url, _, bodies := collector(t, 302) // not followed: the headers are for the endpoint alone
	c, err := FromEnv(env("EXPORTER_OTLP_METRICS_ENDPOINT="+url+"/secret?key=secret",
		"EXPORTER_OTLP_HEADERS=api-key=secret", "METRIC_EXPORT_INTERVAL=1000"))
	if err != nil {
		t.Fatal(err)
	}
	p := New(t.Context(), c, &results.Manifest{StartedAt: begun}, metrics.RunStream)
	var told []string
	for i, iv := range ticks(4) {
		if err := p.Observe(iv); err != nil {
			told = append(told, err.Error())
		}
		<-bodies
		for p.failures() <= i {
			runtime.Gosched() // until the answer was read
		}
	}
	host := strings.TrimPrefix(url, "http://")
	if len(told) != 1 || told[0] != "cannot push metrics: "+host+" answered 302 (the run goes on without)" {
		t.Errorf("told %q", told)
	}
	if err := p.Close(); err == nil || err.Error() != "4 of 4 pushes of metrics did not arrive; the first: "+host+
		" answered 302" {
		t.Errorf("at the end: %v", err)
	}
}

// TestACollectorThatHangs: pushes are dropped while one is under way,
// and the end waits no longer than the timeout.
func TestACollectorThatHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c, err := FromEnv(env("EXPORTER_OTLP_ENDPOINT="+server.URL, "METRIC_EXPORT_INTERVAL=1000",
		"EXPORTER_OTLP_TIMEOUT=50"))
	if err != nil {
		t.Fatal(err)
	}
	p := New(t.Context(), c, &results.Manifest{StartedAt: begun}, metrics.RunStream)
	for _, iv := range ticks(6) {
		p.Observe(iv) // tells of failures, or does not yet
	}
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "pushes of metrics did not arrive") {
		t.Errorf("at the end: %v", err)
	}
}

func TestAnEndedRunPushesNothingMore(t *testing.T) {
	t.Parallel()
	url, posts, _ := collector(t, 200)
	c, err := FromEnv(env("EXPORTER_OTLP_ENDPOINT=" + url))
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	p := New(ctx, c, &results.Manifest{StartedAt: begun}, metrics.RunStream)
	interrupt()
	if err := p.Observe(tick()); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err == nil || len(posts) != 0 {
		t.Errorf("%v, %d pushes", err, len(posts))
	}
}

func TestNoPusherDoesNothing(t *testing.T) {
	t.Parallel()
	p := New(t.Context(), nil, nil, "")
	if p != nil || p.Observe(tick()) != nil || p.Close() != nil {
		t.Error("a pusher without a configuration does something")
	}
}

// failures are the pushes that did not arrive so far.
func (p *Pusher) failures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}
