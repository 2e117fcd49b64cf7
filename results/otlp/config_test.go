package otlp

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/results/metrics"
)

// env is an environment out of NAME=value lines, without the OTEL_ before them.
func env(lines ...string) func(string) (string, bool) {
	all := make(map[string]string)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		all["OTEL_"+name] = value
	}
	return func(name string) (string, bool) { v, ok := all[name]; return v, ok }
}

func TestConfigFromTheEnvironment(t *testing.T) {
	t.Parallel()
	const base = "EXPORTER_OTLP_ENDPOINT=http://c:4318"
	for _, c := range []struct {
		lines    []string
		endpoint string
		interval time.Duration
		timeout  time.Duration
		json     bool
	}{
		{[]string{base}, "http://c:4318/v1/metrics", time.Minute, 10 * time.Second, false},
		{[]string{base + "/otlp/"}, "http://c:4318/otlp/v1/metrics", time.Minute, 10 * time.Second, false},
		{[]string{"EXPORTER_OTLP_METRICS_ENDPOINT=https://c/api/v1/otlp"}, "https://c/api/v1/otlp", time.Minute,
			10 * time.Second, false},
		{[]string{base, "EXPORTER_OTLP_METRICS_ENDPOINT=http://m:1"}, "http://m:1", time.Minute,
			10 * time.Second, false},
		{[]string{base, "EXPORTER_OTLP_PROTOCOL=http/json", "METRIC_EXPORT_INTERVAL=5000", "EXPORTER_OTLP_TIMEOUT=250"},
			"http://c:4318/v1/metrics", 5 * time.Second, 250 * time.Millisecond, true},
		{[]string{
			base, "EXPORTER_OTLP_PROTOCOL=http/json", "EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf",
			"EXPORTER_OTLP_TIMEOUT=1", "EXPORTER_OTLP_METRICS_TIMEOUT=2",
		},
			"http://c:4318/v1/metrics", time.Minute, 2 * time.Millisecond, false},
		{[]string{base, "SDK_DISABLED=false", "METRICS_EXPORTER=otlp"}, "http://c:4318/v1/metrics", time.Minute,
			10 * time.Second, false},
	} {
		got, err := FromEnv(env(c.lines...))
		if err != nil {
			t.Errorf("%v: %v", c.lines, err)
			continue
		}
		if got.Endpoint().String() != c.endpoint || got.Interval != c.interval || got.timeout != c.timeout ||
			got.json != c.json {
			t.Errorf("%v: %+v", c.lines, got)
		}
	}
}

func TestConfigOfHeadersAndResource(t *testing.T) {
	t.Parallel()
	c, err := FromEnv(env("EXPORTER_OTLP_ENDPOINT=http://c", "EXPORTER_OTLP_HEADERS=api-key=a%20b, x-other = 5,",
		"SERVICE_NAME=mine", "RESOURCE_ATTRIBUTES=service.name=theirs,team=data%2Cflow"))
	if err != nil {
		t.Fatal(err)
	}
	if c.headers.Get("Api-Key") != "a b" || c.headers.Get("X-Other") != "5" || len(c.headers) != 2 {
		t.Errorf("headers %v", c.headers)
	}
	want := []metrics.Label{{Name: "service.name", Value: "mine"}, {Name: "team", Value: "data,flow"}}
	if diff := cmp.Diff(want, c.resource); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
}

func TestNoPushUnlessItIsAskedFor(t *testing.T) {
	t.Parallel()
	const base = "EXPORTER_OTLP_ENDPOINT=http://c:4318"
	for _, lines := range [][]string{
		nil,
		{"EXPORTER_OTLP_ENDPOINT="},
		{base, "SDK_DISABLED=TRUE"},
		{base, "METRICS_EXPORTER=none"},
		{"SERVICE_NAME=a"},
	} {
		if c, err := FromEnv(env(lines...)); c != nil || err != nil {
			t.Errorf("%v: %+v, %v", lines, c, err)
		}
	}
}

// TestWrongVariablesAreNamed, and not what is in them.
func TestWrongVariablesAreNamed(t *testing.T) {
	t.Parallel()
	const base = "EXPORTER_OTLP_ENDPOINT=http://c:4318"
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"EXPORTER_OTLP_ENDPOINT=collector-secret:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"},
		{[]string{"EXPORTER_OTLP_METRICS_ENDPOINT=ftp://secret"}, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is no URL"},
		{[]string{base, "EXPORTER_OTLP_PROTOCOL=grpc"},
			"OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json"},
		{[]string{base, "EXPORTER_OTLP_HEADERS=secret"}, "OTEL_EXPORTER_OTLP_HEADERS must be key=value pairs"},
		{[]string{base, "EXPORTER_OTLP_HEADERS=key=secret%0d%0aX: y"},
			"OTEL_EXPORTER_OTLP_HEADERS must be key=value pairs"},
		{[]string{base, "EXPORTER_OTLP_METRICS_HEADERS=key=secret%zz"},
			"OTEL_EXPORTER_OTLP_METRICS_HEADERS must be key=value pairs"},
		{[]string{base, "METRIC_EXPORT_INTERVAL=5s"},
			"OTEL_METRIC_EXPORT_INTERVAL must be a number of milliseconds above 0"},
		{[]string{base, "EXPORTER_OTLP_TIMEOUT=0"},
			"OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds above 0"},
		{[]string{base, "RESOURCE_ATTRIBUTES==secret"}, "OTEL_RESOURCE_ATTRIBUTES must be key=value pairs"},
	} {
		got, err := FromEnv(env(c.lines...))
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v, want %s", c.lines, err, c.want)
		}
	}
}
