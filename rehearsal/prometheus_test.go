package rehearsal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rehearse/internal/permit"
	"rehearse/results"
	"rehearse/scenario"
)

// watchedScenario asks a Prometheus for a queue.
const watchedScenario = `name: watched
target: {prometheus: '%s', metrics: {lag: up}, backlog: lag, connections: 4, compression: none}
load: {profile: 'const(100, 1s)'}
batching: {events: 10}
traffic: {properties: {bytes: {p50: 1, p99: 1}}}
thresholds: [p99 < 20s, metric(lag) < 100]
`

// runWatched runs it, with a Prometheus at a URL.
func runWatched(t *testing.T, url string) *results.Result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "watched.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, watchedScenario, url), 0o600); err != nil {
		t.Fatal(err)
	}
	run, err := Run(t.Context(), t.Context(), Options{Scenario: path, Directory: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	return run.Result
}

// A queue that grows while a run goes on is awaited after it, and its metric is judged; a
// Prometheus that is down makes the run invalid, and is named.
func TestMetricsOfTheTarget(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	lengths := []string{"5", "40", "12", "5"} // before, after, and while it is awaited
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := min(int(asked.Add(1)), len(lengths))
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"%s"]}}`, lengths[n-1])
	}))
	t.Cleanup(server.Close)
	r := runWatched(t, server.URL)
	q := r.Backlog.Queue
	if q == nil || q.Before != 5 || q.Most != 40 || q.Last != 5 || q.Drained == nil || *q.Drained < 1 {
		t.Errorf("the queue: %+v", q)
	}
	if m := r.Metrics; len(m) != 1 || m[0].Samples != 2 || m[0].Max != 40 {
		t.Errorf("metrics %+v", m)
	}
	server.Close()
	r = runWatched(t, server.URL)
	if r.Verdict != results.Invalid || !strings.Contains(strings.Join(r.Warnings, "\n"),
		"not known: metric(lag) < 100: 2 of 2 questions not answered: the Prometheus at 127.0.0.1:") {
		t.Errorf("%s: %q", r.Verdict, r.Warnings)
	}
	if q := r.Backlog.Queue; q == nil || q.Drained != nil || q.Because == "" {
		t.Errorf("the queue of nobody: %+v", q)
	}
}

// What waits behind the embedded endpoint is a metric, and is awaited: partitions that are worked
// off at 200 events/s have some to do after 400 events/s.
func TestWhatWaitsBehindTheEmbeddedEndpoint(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "waiting.yaml")
	const text = `name: waiting
target: {metrics: {waiting: {endpoint: waiting}}, backlog: waiting, connections: 4, compression: none}
load: {profile: 'const(400, 1s)'}
batching: {events: 10}
traffic: {events: {$pageview: 1}, properties: {bytes: {p50: 1, p99: 1}}}
thresholds: [p99 < 20s, metric(waiting) < 1000]
staging: {partitions: 1, pipeline: {costs: {partition: 200/s}}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run, err := Run(t.Context(), t.Context(), Options{Scenario: path, Directory: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	q := run.Result.Backlog.Queue
	if q == nil || q.Before != 0 || q.Most < 1 || q.Last != 0 || q.Drained == nil {
		t.Errorf("the queue: %+v", q)
	}
	page, err := os.ReadFile(filepath.Join(run.Path, "report.html"))
	if err != nil || !strings.Contains(string(page), "predicted: 1 s after the end of the load") {
		t.Errorf("the drain is not set beside what was predicted: %v", err)
	}
}

// A Prometheus is asked on this machine, or where the permit allows it.
func TestRouteOfPrometheus(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		url, permit string
		kind        Kind
	}{
		{"http://127.0.0.1:9090", "", 0},
		{"http://[::1]:9090", "192.0.2.1:8010", 0},
		{"http://192.0.2.1:9090", "", Refused},
		{"http://192.0.2.1:9090", "192.0.2.1:8010", Refused},
		{"http://192.0.2.1:9090", "192.0.2.1:9090", 0},
	} {
		r := rehearsal{authorized: &authorization{guard: newGuard(nil, nil)}, scenario: &scenario.Scenario{}}
		r.scenario.Target.Watched = scenario.Watched{Prometheus: row.url, Metrics: []scenario.Query{{Name: "a", PromQL: "up"}}}
		if row.permit != "" {
			h, err := permit.ParseHost(row.permit)
			if err != nil {
				t.Fatal(err)
			}
			r.authorized.guard = newGuard([]permit.Host{h}, nil)
		}
		if err := r.routePrometheus(); KindOf(err) != row.kind || err == nil && r.prometheus == nil {
			t.Errorf("%+v: %v", row, err)
		}
		r.close()
	}
}
