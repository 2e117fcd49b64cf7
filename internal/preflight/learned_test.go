package preflight_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"rehearse/internal/preflight"
)

// learned is a scenario of 10,000 events as it is learned: one id with 1,000 events, a
// hundred with 50 each, and 4,000 that are seen once.
const learned = `
name: a
load: {profile: 'const(10, 1000s)'}
traffic:
  distinct_ids:
    hot: [{share: 10%}]
    ranks: [{ids: 100, events: 50}, {ids: 4000, events: 1}]
learned:
  events: 10000
  distinct_ids: 4101
  top_1: 10%
  top_10: 14.5%
  top_100: 59.5%
  ids_once: 97.537%
  peak: 10
  empty: 0%
  cv_60s: 0.5
`

// TestLearned: what was learned stands beside the plan, and what is far from it is
// found.
func TestLearned(t *testing.T) {
	t.Parallel()
	r := foretell(t, parse(t, learned), nil)
	want := map[string][2]float64{
		"events": {10000, 10000}, "distinct_ids": {4101, 4101}, "top 1": {0.1, 0.1}, "top 10": {0.145, 0.145},
		"top 100": {0.595, 0.595}, "ids once": {0.97537, 0.97537}, "cv 60 s": {0.5, 0},
	}
	for _, f := range r.Learned {
		w := want[f.What]
		if math.Abs(f.Recorded-w[0]) > 1e-4*w[0] || math.Abs(f.Planned-w[1]) > 0.002*w[1]+1e-9 || f.Far != (f.What == "cv 60 s") {
			t.Errorf("%+v, want %v", f, w)
		}
		delete(want, f.What)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
	f := find(r, "unlike-recording")
	if f == nil || f.Severity != preflight.SeverityNote || !strings.Contains(f.Message, "cv 60 s 0 (recorded 0.50)") || strings.Contains(f.Message, "top") {
		t.Errorf("%+v", f)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text, preflight.Terminal{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "  ids once                                  97.54 %      97.54 %\n") {
		t.Error(text.String())
	}
}

// TestUnlikeLearned: a scenario that was changed since says so; one that was never
// learned says nothing.
func TestUnlikeLearned(t *testing.T) {
	t.Parallel()
	r := foretell(t, parse(t, learned, "load.profile=const(20, 1000s)", "learned.cv_60s=0"), nil)
	f := find(r, "unlike-recording")
	if f == nil || !strings.Contains(f.Message, "events 20,000 (recorded 10,000)") || !strings.Contains(f.Message, "ids once 0") {
		t.Errorf("%+v", f)
	}
	r = foretell(t, parse(t, "name: a\nload: {profile: 'const(10, 1000s)'}\ntraffic: {}\n"), nil)
	if r.Learned != nil || find(r, "unlike-recording") != nil {
		t.Errorf("%+v", r.Learned)
	}
}
