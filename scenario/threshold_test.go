package scenario

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseThreshold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Threshold{
		"p99 < 500ms":         {Metric: Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: 500},
		"p50<=1.5s":           {Metric: Metric{Name: "latency", Quantile: 0.5}, Op: "<=", Value: 1500},
		"max < 2s":            {Metric: Metric{Name: "latency", Quantile: 1}, Op: "<", Value: 2000},
		"latency mean < 20ms": {Metric: Metric{Name: "latency", Mean: true}, Op: "<", Value: 20},
		"service p99 < 50ms":  {Metric: Metric{Name: "service", Quantile: 0.99}, Op: "<", Value: 50},
		"lag p99.9 < 5ms":     {Metric: Metric{Name: "lag", Quantile: 0.999}, Op: "<", Value: 5},
		"lag  max  >=  100us": {Metric: Metric{Name: "lag", Quantile: 1}, Op: ">=", Value: 0.1},
		"rejected < 0.1%":     {Metric: Metric{Name: "rejected"}, Op: "<", Value: 0.001, Share: true},
		"rejected(429) < 1%":  {Metric: Metric{Name: "rejected", Status: "429"}, Op: "<", Value: 0.01, Share: true},
		"rejected(5xx) == 0":  {Metric: Metric{Name: "rejected", Status: "5xx"}, Op: "=="},
		"accepted > 99.9%":    {Metric: Metric{Name: "accepted"}, Op: ">", Value: 0.999, Share: true},
		"accepted >= 1M":      {Metric: Metric{Name: "accepted"}, Op: ">=", Value: 1e6},
		"ambiguous != 0":      {Metric: Metric{Name: "ambiguous"}, Op: "!="},
		"unsent < 1%":         {Metric: Metric{Name: "unsent"}, Op: "<", Value: 0.01, Share: true},
		"late < 0.1%":         {Metric: Metric{Name: "late"}, Op: "<", Value: 0.001, Share: true},
		"dropped == 0":        {Metric: Metric{Name: "dropped"}, Op: "=="},
		"rejected < 2 %":      {Metric: Metric{Name: "rejected"}, Op: "<", Value: 0.02, Share: true},

		"p99 < 500ms in hold": {
			Metric: Metric{Name: "latency", Quantile: 0.99},
			Op:     "<",
			Value:  500,
			Stage:  "hold",
		},
		"p99 < 500ms in stage 2": {
			Metric: Metric{Name: "latency", Quantile: 0.99},
			Op:     "<",
			Value:  500,
			Stage:  "stage 2",
		},
		"rejected(429) < 1% every 30s": {
			Metric: Metric{Name: "rejected", Status: "429"},
			Op:     "<",
			Value:  0.01,
			Share:  true,
			Every:  30 * time.Second,
		},
		"service  p50  <=  20ms  every  1m30s": {
			Metric: Metric{Name: "service", Quantile: 0.5},
			Op:     "<=",
			Value:  20,
			Every:  90 * time.Second,
		},
	} {
		want.Text = text
		got, err := ParseThreshold(" " + text + " ")
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseThresholdRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "p99", "< 5ms", "p99 <", "p99 < 500", "p99 < 5%", "p99 = 5ms", "p99 =< 5ms", "p99 <> 5ms",
		"p99 < 5ms < 6ms",
		"p0 < 1s", "p100 < 1s", "p < 1s", "p1e1 < 1s", "pNaN < 1s", "p-5 < 1s", "q99 < 1s", "service < 1s",
		"latency p99 p50 < 1s",
		"rejected < 5ms", "rejected < 101%", "rejected < 0.5", "rejected(600) < 1%", "rejected(42) < 1%",
		"rejected(4x9) < 1%",
		"rejected(429 < 1%", "rejected() < 1%", "accepted(200) > 1%", "late now < 1%", "lost < 1%", "lag(1) p99 < 1s",
		"p99 < 5ms in", "p99 < 5ms every", "p99 < 5ms every hold", "p99 < 5ms every 10ms", "p99 < 5ms every 2d",
		"p99 < 5ms at night", "p99 < 5ms in a every 3s <", "rejected < 1 % %",
	} {
		if got, err := ParseThreshold(text); err == nil {
			t.Errorf("%q = %+v, want an error", text, got)
		}
	}
}

func TestThresholdHolds(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for op, want := range map[string][4]bool{ // at 1, 2, 3 and no number, against 2
		"<": {true, false, false, false}, "<=": {true, true, false, false},
		">": {false, false, true, false}, ">=": {false, true, true, false},
		"==": {false, true, false, false}, "!=": {true, false, true, false},
	} {
		threshold, err := ParseThreshold("p99 " + op + " 2ms")
		if err != nil {
			t.Fatal(err)
		}
		for i, measured := range []float64{1, 2, 3, nan} {
			if got := threshold.Holds(measured); got != want[i] {
				t.Errorf("%v %s 2 is %t, want %t", measured, op, got, want[i])
			}
		}
	}
}

func FuzzParseThreshold(f *testing.F) {
	for _, text := range []string{"p99 < 500ms", "service p99.9 <= 1.5s", "rejected(5xx) == 0", "accepted > 99.9%",
		"lag mean != 1ms", "late < 10k", "p99 < 1s in hold", "late < 1% every 10s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseThreshold(text)
		if err != nil {
			return
		}
		again, err := ParseThreshold(first.Text)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
		if first.Value < 0 || first.Share && first.Value > 1 || first.Metric.Quantile > 1 ||
			strings.TrimSpace(first.Text) != first.Text {
			t.Errorf("%q = %+v", text, first)
		}
	})
}

// TestThresholdsOfArrival: demands on what arrived stand among those on the run, and are
// kept apart; a background can have none.
func TestThresholdsOfArrival(t *testing.T) {
	t.Parallel()
	const text = "name: a\nload: {profile: 'const(5, 1s)'}\nthresholds: ['p99 < 1s', 'lost == 0', 'visible p95 < 30s', " +
		"'duplicated < 0.01%']\n"
	s, err := Parse("a.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Thresholds) != 1 || len(s.Arrived) != 3 || s.Arrived[1].Of != "p95" || s.Arrived[1].Value != 30_000 ||
		!s.Arrived[2].Share || s.Arrived[2].Value != 0.0001 {
		t.Errorf("%+v %+v", s.Thresholds, s.Arrived)
	}
	_, err = Parse("a.yaml", []byte("name: a\nload: {profile: 'const(5, 1s)'}\nbackground: {load: {profile: 'const(5, 1s)'}, "+
		"thresholds: [lost == 0]}\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), "has no meaning in a background") {
		t.Error(err)
	}
	for _, wrong := range []string{"lost", "lost == 5ms", "visible < 5s", "visible p98 < 5s", "lost p95 < 5", "lost =< 5"} {
		if _, err := ParseArrival(wrong); err == nil {
			t.Errorf("%q is read as a threshold", wrong)
		}
	}
}
