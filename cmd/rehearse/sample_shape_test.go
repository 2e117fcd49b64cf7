package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/scenario"
)

// TestShapeText: what was measured stands beside what was asked for, a line each.
func TestShapeText(t *testing.T) {
	t.Parallel()
	s, err := scenario.Parse("test.yaml", []byte(`name: shape
load: {profile: 'const(1000, 20s)'}
traffic:
  distinct_ids: {count: 1M, hot: [{id: 'a<b', share: 5%}]}
  events: {a: 95, $identify: 5}
  merges: {delay: {p50: 1s, p90: 3s}}
  faults: {invalid: {illegal_id: 1%}}
`), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	shape, err := source.Measure(s, time.Unix(0, 0), 0, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := writeShape(&text, shape); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"events 0 to 19999",
		"  a<b                                1000         1000",
		"  illegal_id                          200          200",
		"in the whole run, to the event\n  a<b                                1000\n",
		"anonymous for, p90, in s             3.00",
	} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("%q is not in\n%s", line, text.String())
		}
	}
}
