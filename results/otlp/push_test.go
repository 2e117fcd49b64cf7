package otlp

import (
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/metrics"
	"rehearse/results/report"
)

// begun is when the runs of these tests start.
var begun = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// ticks yields n intervals of a second, of a hundred requests each, of which ten
// were refused. Like any, they are lent.
func ticks(n int) iter.Seq2[int, *results.Interval] {
	r := results.NewRecorder(1)
	return func(yield func(int, *results.Interval) bool) {
		for k := range n {
			for i := range 100 {
				due := time.Duration(k)*time.Second + time.Duration(i)*10*time.Millisecond
				o := results.Outcome{
					First:  int64(100*k + i),
					Events: 2,
					Due:    due,
					Sent:   due,
					Done:   due + 20*time.Millisecond,
					Status: 200,
				}
				if i < 10 {
					o.Reason, o.Status = capture.RateLimited, 429
				}
				r.Sender(0).Record(&o)
			}
			iv := r.Tick(time.Duration(k+1)*time.Second, results.Count{Requests: 3, Events: 6})
			if iv.Target = 200; !yield(k, iv) {
				return
			}
		}
	}
}

// tick is one such interval.
func tick() (first *results.Interval) {
	for _, iv := range ticks(1) {
		first = iv
	}
	return first
}

// collector keeps what is posted to it, and answers a status.
func collector(t *testing.T, status int) (url string, posts <-chan *http.Request, bodies <-chan []byte) {
	t.Helper()
	requests, texts := make(chan *http.Request, 16), make(chan []byte, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- r
		texts <- body
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests, texts
}

// pushed runs a few intervals against a collector.
func pushed(t *testing.T, url string, lines ...string) (warnings []error, closing error) {
	t.Helper()
	c, err := FromEnv(env(append(lines, "EXPORTER_OTLP_ENDPOINT="+url)...))
	if err != nil {
		t.Fatal(err)
	}
	p := New(t.Context(), c, &results.Manifest{RunID: "r1", Scenario: "acme", StartedAt: begun}, metrics.RunStream)
	if err := p.Observe(tick()); err != nil {
		warnings = append(warnings, err)
	}
	return warnings, p.Close()
}

// TestBothEncodingsAreThoseOfTheProtocol reads the pushes with the protocol's own
// messages: the two say the same, and what the run did.
func TestBothEncodingsAreThoseOfTheProtocol(t *testing.T) {
	t.Parallel()
	read := func(protocol, contentType string, unmarshal func([]byte, proto.Message) error) *metricspb.MetricsData {
		url, posts, bodies := collector(t, 200)
		if warnings, err := pushed(t, url, "EXPORTER_OTLP_PROTOCOL="+protocol, "EXPORTER_OTLP_HEADERS=api-key=k1",
			"RESOURCE_ATTRIBUTES=team=data,odd=a%ff"); err != nil || warnings != nil {
			t.Fatal(warnings, err)
		}
		r := <-posts
		if r.Method != "POST" || r.URL.Path != "/v1/metrics" || r.Header.Get("Content-Type") != contentType ||
			r.Header.Get("Api-Key") != "k1" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		// ExportMetricsServiceRequest and MetricsData have the same fields.
		data := &metricspb.MetricsData{}
		if err := unmarshal(<-bodies, data); err != nil {
			t.Fatal(err)
		}
		return data
	}
	binary := read("http/protobuf", "application/x-protobuf", proto.Unmarshal)
	text := read("http/json", "application/json", protojson.Unmarshal)
	if diff := cmp.Diff(binary, text, protocmp.Transform()); diff != "" {
		t.Errorf("protobuf and JSON differ:\n%s", diff)
	}
	if len(binary.ProtoReflect().GetUnknown()) > 0 || len(binary.ResourceMetrics) != 1 {
		t.Fatalf("%v", binary)
	}
	attributes := map[string]string{}
	for _, a := range binary.ResourceMetrics[0].Resource.Attributes {
		attributes[a.Key] = a.Value.GetStringValue()
	}
	want := map[string]string{
		"service.name":        "rehearse",
		"service.instance.id": "r1",
		"rehearse.run.id":     "r1",
		"rehearse.scenario":   "acme",
		"team":                "data",
		"odd":                 "a\uFFFD",
	}
	if diff := cmp.Diff(want, attributes); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	checkNumbers(t, binary.ResourceMetrics[0].ScopeMetrics[0].Metrics)
}

// checkNumbers holds metrics against the only interval: 90 of 100 requests of two
// events were accepted, each after 20 ms.
func checkNumbers(t *testing.T, all []*metricspb.Metric) {
	t.Helper()
	numbers := map[string]float64{}
	for _, m := range all {
		for _, p := range m.GetSum().GetDataPoints() {
			label := m.Name
			for _, a := range p.Attributes {
				if a.Key != metrics.StreamLabel {
					label += " " + a.Value.GetStringValue()
				} else if stream := a.Value.GetStringValue(); stream != metrics.RunStream {
					t.Errorf("%s is of stream %q", m.Name, stream)
				}
			}
			numbers[label] = float64(p.GetAsInt())
			sum := m.GetSum()
			if sum.AggregationTemporality != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE ||
				!sum.IsMonotonic {
				t.Errorf("%s is no counter from the start", m.Name)
			}
			start, end := p.StartTimeUnixNano, p.TimeUnixNano
			if start != uint64(begun.UnixNano()) || end-start != 1e9 {
				t.Errorf("%s covers %d to %d", m.Name, start, end)
			}
		}
		for _, p := range m.GetGauge().GetDataPoints() {
			numbers[m.Name] = p.GetAsDouble()
		}
	}
	want := map[string]float64{
		"rehearse.requests unsent": 0, "rehearse.requests accepted": 90, "rehearse.requests rejected": 10,
		"rehearse.requests ambiguous": 0,
		"rehearse.events unsent":      0, "rehearse.events accepted": 180, "rehearse.events rejected": 20,
		"rehearse.events ambiguous": 0,
		"rehearse.late":             0, "rehearse.connections yes": 0, "rehearse.connections no": 0,
		"rehearse.in_flight_requests": 3, "rehearse.target_events_per_second": 200,
		"rehearse.not_accepted rate_limited server 429": 10,
		"rehearse.may_be_stored_events":                 0, "rehearse.may_be_stored_twice_events": 0,
	}
	if diff := cmp.Diff(want, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(all, func(m *metricspb.Metric) bool { return m.Name == "rehearse.latency" })
	p := all[i].GetHistogram().DataPoints[0]
	// 20 ms lie between the fourth bound, 10 ms, and the fifth, 25 ms.
	if p.Count != 100 || p.BucketCounts[4] != 100 || len(p.BucketCounts) != len(p.ExplicitBounds)+1 ||
		p.ExplicitBounds[4] != 0.025 || p.GetSum() < 1.99 || p.GetSum() > 2.01 {
		t.Errorf("latency is %v", p)
	}
}

// TestNamesAreThoseOfTheLivePage: Prometheus appends the unit, and _total to a
// counter; dots become underscores.
func TestNamesAreThoseOfTheLivePage(t *testing.T) {
	t.Parallel()
	live := report.NewLive(&results.Manifest{}, 0)
	iv := tick()
	live.Observe(iv, nil)
	var page strings.Builder
	if err := live.WriteMetrics(&page); err != nil {
		t.Fatal(err)
	}
	var served, sent []string
	for _, m := range regexp.MustCompile(`# TYPE (\S+) (\w+)`).FindAllStringSubmatch(page.String(), -1) {
		served = append(served, m[1]+" "+m[2])
	}
	for _, m := range metricsOf(iv.Total, &results.Row{To: 1}, origin{begun, metrics.Background}) {
		name := strings.ReplaceAll(m.Name, ".", "_")
		switch {
		case m.GetSum() != nil:
			name += "_total counter"
		case m.GetGauge() != nil:
			name += " gauge"
		default:
			name += "_seconds histogram"
		}
		sent = append(sent, name)
	}
	slices.Sort(served)
	slices.Sort(sent)
	if diff := cmp.Diff(served, sent); diff != "" {
		t.Errorf("metrics (-live +pushed):\n%s", diff)
	}
}

// BenchmarkObserve is what a second costs a run whose metrics are pushed, and
// BenchmarkEncode what a push does.
func BenchmarkObserve(b *testing.B) {
	c, err := FromEnv(env("EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"))
	if err != nil {
		b.Fatal(err)
	}
	p := New(b.Context(), c, &results.Manifest{StartedAt: begun}, metrics.RunStream)
	iv := tick()
	for b.Loop() {
		if err := p.Observe(iv); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	iv := tick()
	p := Pusher{total: iv.Total}
	for b.Loop() {
		if _, err := p.encode(p.gather()); err != nil {
			b.Fatal(err)
		}
	}
}
