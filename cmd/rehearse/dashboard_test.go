package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is the part of a Grafana dashboard that asks for metrics.
type dashboard struct {
	Panels []struct {
		ID      int
		Title   string
		Targets []struct{ Expr string }
	}
	Templating struct {
		List []struct {
			Query json.RawMessage
		}
	}
}

// queries are all that a dashboard asks.
func (d *dashboard) queries(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, p := range d.Panels {
		if p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d has no title, or asks nothing", p.ID)
		}
		for _, q := range p.Targets {
			all = append(all, q.Expr)
		}
	}
	for _, v := range d.Templating.List {
		all = append(all, string(v.Query))
	}
	return all
}

// scraped is what a real run, some of whose requests are refused, serves under
// /metrics: the names of its series, each with the labels that it has.
func scraped(t *testing.T) map[string]string {
	t.Helper()
	path, out := writeScenario(t, slowScenario+"staging: {script: [{from: 0s, to: 1h, reject: {503: 20%}}]}\n")
	ended := make(chan int, 1)
	stderr := &locked{}
	go func() {
		ended <- run([]string{"run", path, "--out", out, "--quiet", "--live", "127.0.0.1:0"},
			env{stdout: &locked{}, stderr: stderr})
	}()
	var page, metrics string
	until(t, "live page", func() bool {
		_, text, _ := strings.Cut(stderr.String(), "live on ")
		var whole bool
		page, _, whole = strings.Cut(text, "\n")
		return whole
	})
	until(t, "refusal among the metrics", func() bool {
		metrics = visit(t, "GET", page+"metrics")
		return strings.Contains(metrics, `status="503"`)
	})
	visit(t, "POST", page+"stop")
	if code := <-ended; code != exitInterrupted {
		t.Errorf("the run ended with %d: %s", code, stderr)
	}
	series := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^(rehearse_\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(metrics, -1) {
		series[m[1]] += "," + m[2]
	}
	return series
}

// visit makes a request to the live page, as its own button does.
func visit(t *testing.T, method, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Rehearse", "stop")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestDashboardAsksForWhatARunServes holds the Grafana dashboard to the metrics
// that there are: every name, and every label but those that Prometheus adds.
func TestDashboardAsksForWhatARunServes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/grafana/rehearse.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	series := scraped(t)
	asked := map[string]bool{}
	for _, q := range d.queries(t) {
		for name, labels := range selections(q) {
			asked[name] = true
			known, served := series[name]
			if !served {
				t.Errorf("%s: no run serves %s", q, name)
			}
			for _, l := range labels {
				if served && !strings.Contains(known, ","+l+"=") {
					t.Errorf("%s: %s has no label %s", q, name, l)
				}
			}
		}
	}
	for name := range series {
		if strings.HasPrefix(name, "rehearse_service_") || strings.HasPrefix(name, "rehearse_lag_") {
			continue // some of their parts are enough
		}
		if !asked[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// selections are the names that a query selects, each with the labels that it
// wants of it, without those that Prometheus adds.
func selections(query string) map[string][]string {
	all := make(map[string][]string)
	var grouped []string
	for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(query, -1) {
		grouped = append(grouped, strings.Split(by[1], ", ")...)
	}
	for _, m := range regexp.MustCompile(`(rehearse_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(query, -1) {
		labels := slices.Clone(grouped)
		for _, l := range regexp.MustCompile(`(\w+)[!=]~?=?"`).FindAllStringSubmatch(m[2], -1) {
			if l[1] != "job" && l[1] != "instance" {
				labels = append(labels, l[1])
			}
		}
		all[m[1]] = append(all[m[1]], labels...)
	}
	return all
}
