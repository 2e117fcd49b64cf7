package otlp

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJSONIsThatOfTheSpecification holds a push against the OTLP specification,
// "JSON Protobuf Encoding": keys in lowerCamelCase, 64-bit integers as text,
// enumerations as numbers. The messages of the protocol would read other forms
// too, so it is read without them.
func TestJSONIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	url, _, bodies := collector(t, 200)
	if warnings, err := pushed(t, url, "EXPORTER_OTLP_PROTOCOL=http/json"); err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	var got struct {
		ResourceMetrics []struct {
			Resource     any
			ScopeMetrics []struct {
				Scope   any
				Metrics []map[string]any
			}
		}
	}
	if err := json.Unmarshal(<-bodies, &got); err != nil {
		t.Fatal(err)
	}
	scope := got.ResourceMetrics[0].ScopeMetrics[0]
	named := func(name string) map[string]any {
		i := slices.IndexFunc(scope.Metrics, func(m map[string]any) bool { return m["name"] == name })
		return scope.Metrics[i]
	}
	latency := named("rehearse.latency")
	point := latency["histogram"].(map[string]any)["dataPoints"].([]any)[0].(map[string]any)
	for _, decimal := range []string{"sum", "max"} { // a thousandth off, as the histogram is
		if x, ok := point[decimal].(float64); !ok || x <= 0 {
			t.Errorf("%s is %v", decimal, point[decimal])
		}
		delete(point, decimal)
	}
	// The run starts at 2026-12-01T10:00:00Z, which is 1796119200 s after 1970.
	const times = `"startTimeUnixNano": "1796119200000000000", "timeUnixNano": "1796119201000000000"`
	const stream = `{"key": "stream", "value": {"stringValue": "run"}}`
	for _, c := range []struct {
		got  any
		want string
	}{
		{got.ResourceMetrics[0].Resource, `{"attributes": [
			{"key": "service.name", "value": {"stringValue": "rehearse"}},
			{"key": "service.instance.id", "value": {"stringValue": "r1"}},
			{"key": "rehearse.run.id", "value": {"stringValue": "r1"}},
			{"key": "rehearse.scenario", "value": {"stringValue": "acme"}}]}`},
		{scope.Scope, `{"name": "rehearse"}`},
		{named("rehearse.not_accepted"),
			`{"name": "rehearse.not_accepted", "description": "Requests that were not accepted, by reason.",
			"sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [{` + times +
				`, "asInt": "10", "attributes": [
				{"key": "reason", "value": {"stringValue": "rate_limited"}},
				{"key": "side", "value": {"stringValue": "server"}},
				{"key": "status", "value": {"stringValue": "429"}}, ` + stream + `]}]}}`},
		{named("rehearse.in_flight_requests"),
			`{"name": "rehearse.in_flight_requests", "description": "Requests sent and unanswered.",
			"gauge": {"dataPoints": [{` + times + `, "asDouble": 3, "attributes": [` + stream + `]}]}}`},
		{latency,
			`{"name": "rehearse.latency", "description": "From due to done: what a customer would have felt.",
			"unit": "s",
			"histogram": {"aggregationTemporality": 2, "dataPoints": [{` + times + `, "count": "100", "attributes": [` + stream + `],
				"bucketCounts": ["0", "0", "0", "0", "100", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0"],
				"explicitBounds": [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
					1, 2.5, 5, 10, 30, 60]}]}}`},
	} {
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("JSON (-want +got):\n%s", diff)
		}
	}
}
