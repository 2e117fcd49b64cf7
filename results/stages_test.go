package results

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/scenario"
)

// climb runs three stages of 10 s at 100 requests a second, of ten events each:
// a ramp and two rates that are held. In the last one, requests take as long as
// told; so many of them leave late by the generator's fault.
func climb(t *testing.T, took time.Duration, late int, thresholds ...string) *Result {
	t.Helper()
	m := manifest(3000)
	m.Thresholds = nil
	for _, text := range thresholds {
		threshold, err := scenario.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Thresholds = append(m.Thresholds, threshold)
	}
	m.Stages = []scenario.Stretch{
		{Name: "1", From: 0, To: 10 * time.Second, End: 1000},
		{Name: "low", From: 10 * time.Second, To: 20 * time.Second, Start: 1000, End: 1000},
		{Name: "high", From: 20 * time.Second, To: 30 * time.Second, Start: 2000, End: 2000},
	}
	d, err := Create(filepath.Join(t.TempDir(), "run"), m)
	if err != nil {
		t.Fatal(err)
	}
	total := NewTally()
	for s := range 30 {
		of := secondOf(100, 0, 10*ms)
		if s >= 20 {
			of = secondOf(100, 2, took)
			of.Late[OnTime].Requests -= int64(late)
			of.Late[LatePace].Requests += int64(late)
		}
		total.Add(of)
		if err := d.Write(&Interval{From: time.Duration(s) * time.Second, To: time.Duration(s+1) * time.Second, Tally: *of, Total: total}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := d.Close(Final{Ended: Completed})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		took       time.Duration
		late       int
		thresholds []string
		want       string
	}{
		{"fast", 10 * ms, 0, []string{"p99 < 500ms", "rejected < 3%"}, "the thresholds held up to 2,000 events/s, the highest that was asked for"},
		// 2 of 100 requests are refused: 2 %, and 20 of 1,000 in all.
		{"slow", 900 * ms, 0, []string{"p99 < 500ms", "rejected < 1%"}, "the thresholds held up to 1,000 events/s, and broke at 2,000/s: p99 < 500ms was 900.1 ms; rejected < 1% was 2 % (20)"},
		{"our own doing", 900 * ms, 5, []string{"p99 < 500ms"}, "the thresholds held up to 1,000 events/s, and broke at 2,000/s: p99 < 500ms was 900.1 ms; but 5 % of its requests left late by the generator's own fault"},
		{"late, and yet fast enough", 10 * ms, 5, []string{"p99 < 500ms"}, "the thresholds held up to 2,000 events/s, the highest that was asked for"},
		{"never", 10 * ms, 0, []string{"p99 < 1ms"}, "the thresholds held at none of the rates, and broke at 1,000/s: p99 < 1ms was 10 ms"},
		{"of one stage", 900 * ms, 0, []string{"p99 < 500ms in low", "p99 < 1s in high"}, "the thresholds held up to 2,000 events/s, the highest that was asked for"},
		{"what no part can be held to", 10 * ms, 0, []string{"accepted > 20000", "rejected > 0", "p50 < 5ms every 5s"}, "the thresholds held up to 2,000 events/s, the highest that was asked for"},
		{"none of anything", 10 * ms, 0, []string{"rejected == 0"}, "the thresholds held up to 1,000 events/s, and broke at 2,000/s: rejected == 0 was 200 events"},
		{"nothing was demanded", 900 * ms, 0, nil, ""},
	} {
		if got := climb(t, c.took, c.late, c.thresholds...).Capacity(); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	r := climb(t, 900*ms, 0, "p99 < 500ms")
	if came := r.Stages[2].Came; came.Requests != 1000 || came.Answered != 1000 || came.Rejected != 0.02 || came.Mark() != "✗" {
		t.Errorf("%+v, want 1,000 requests, 1,000 events a second, 2 %% of them rejected, and p99 broken", came)
	}
	if !SameLoad(r, climb(t, 10*ms, 0)) {
		t.Error("what came of the stages counts as another load")
	}
	for width, want := range map[int]string{
		100: "  high                   2,000      1,000   900.1 ms   900.1 ms   900.1 ms       2 %       0 %  ✗\n",
		40:  "  ✗ high: 2,000/s asked for, 1,000/s\n",
	} {
		var text bytes.Buffer
		if err := WriteText(&text, &Run{Result: r}, width); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("%d columns (%v): %q is missing in\n%s", width, err, want, text.String())
		}
	}
	one := &Result{Stages: r.Stages[:2], Thresholds: r.Thresholds}
	if one.Climbs() || one.Capacity() != "" {
		t.Errorf("one rate alone tells no capacity: %q", one.Capacity())
	}
}
