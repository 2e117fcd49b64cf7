package recording

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// clocked are events at seconds, one a line.
func clocked(seconds ...float64) (content string) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, s := range seconds {
		at := start.Add(time.Duration(s * float64(time.Second)))
		content += fmt.Sprintf(`{"event":"a","distinct_id":"u-%d","timestamp":%q}`+"\n", i, at.Format(time.RFC3339Nano))
	}
	return content
}

// TestDisorder: how much is out of order, and which clocks are ahead, in small
// recordings that can be judged by eye.
func TestDisorder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what     string
		seconds  []float64
		backward int64
		worst    time.Duration
		ahead    int64
		line     int64 // of the one that is ahead the most
		most     time.Duration
	}{
		{"in order", []float64{0, 1, 2, 3, 4, 5}, 0, 0, 0, 0, 0},
		{"all at once", []float64{1, 1, 1, 1, 1, 1}, 0, 0, 0, 0, 0},
		{"neighbours that changed places", []float64{0, 2, 1, 3, 4, 5}, 1, time.Second, 0, 0, 0},
		{"a late one", []float64{10, 11, 12, 3, 13, 14, 15}, 1, 9 * time.Second, 0, 0, 0},
		{"a pause", []float64{0, 1, 2, 5000, 5001, 5002}, 0, 0, 0, 0, 0},
		{"one ahead", []float64{0, 1, 60, 2, 3, 4, 5}, 0, 0, 1, 3, 59 * time.Second},
		{"the first ahead", []float64{60, 1, 2, 3, 4}, 1, 0, 1, 1, 59 * time.Second},
		{"ahead for half a second is nothing", []float64{0, 2.5, 2, 2, 2}, 1, 500 * time.Millisecond, 0, 0, 0},
		{"two that follow are too few to tell", []float64{0, 60, 2, 3}, 1, 58 * time.Second, 0, 0, 0},
		{"the last one may be a pause", []float64{0, 1, 2, 60}, 0, 0, 0, 0, 0},
		{"one ahead and one late", []float64{10, 60, 11, 12, 2, 13, 14}, 1, 10 * time.Second, 1, 2, 50 * time.Second},
		{"newest first", []float64{5, 4, 3, 2, 1, 0}, 5, 2 * time.Second, 3, 1, time.Second},
	} {
		r := scenario.DefaultReplay()
		r.Paths = []string{writeLines(t, "a.jsonl", clocked(c.seconds...))}
		got := readAs(t, r, func(*event.Event) {})
		if c.what == "newest first" {
			if !got.NewestFirst() {
				t.Errorf("%s: %+v", c.what, got)
			}
			continue
		}
		if got.Backward != c.backward || got.Worst != c.worst || got.Ahead.Events != c.ahead ||
			got.Ahead.Place.Line != c.line || got.Ahead.Most != c.most || got.NewestFirst() {
			t.Errorf("%s: %d backward by up to %v, %+v", c.what, got.Backward, got.Worst, got.Ahead)
		}
	}
}

// TestAheadInOneOfSeveralFiles: a wrong clock does not hold back the rest of its file:
// all files are merged as if it were not there.
func TestAheadInOneOfSeveralFiles(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths = []string{
		writeLines(t, "a.jsonl", clocked(0, 2, 900, 4, 6, 8, 10)),
		writeLines(t, "b.jsonl", clocked(700, 1, 3, 5, 7, 9, 11)),
	}
	var got []int
	counts := readAs(t, r, func(e *event.Event) { got = append(got, e.Time.Minute()*60+e.Time.Second()) })
	want := []int{0, 700, 1, 2, 900, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	if slices.Sort(got[1:2]); counts.Ahead.Events != 2 || len(got) != len(want) {
		t.Fatalf("%v, %+v", got, counts.Ahead)
	}
	last := -1
	for _, s := range got {
		if s >= 700 {
			continue
		}
		if s < last {
			t.Fatalf("%v is not in order", got)
		}
		last = s
	}
	if where := slices.Index(got, 900); where < 3 || where > 5 {
		t.Errorf("the clock that is ahead stands at %d of %v", where, got)
	}
}

// TestJitterIsNoClock: events that are off by up to ten seconds, either way, have no
// clock that is ahead.
func TestJitterIsNoClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := disorder{counts: &Counts{}, found: &Learned{}}
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		latest, worst, backward, before := time.Time{}, time.Duration(0), int64(0), time.Time{}
		for i := range rapid.IntRange(1, 400).Draw(t, "events") {
			at := start.Add(time.Duration(i)*100*time.Millisecond +
				time.Duration(rapid.IntRange(0, 900).Draw(t, "jitter"))*time.Millisecond)
			if at.Before(before) {
				backward++
			}
			if latest.Before(at) {
				latest = at
			}
			worst, before = max(worst, latest.Sub(at)), at
			d.note(at, 0)
		}
		d.end()
		if d.counts.Ahead.Events != 0 || d.counts.Worst != worst || d.counts.Backward != backward {
			t.Fatalf("%+v, worst %v, backward %d", d.counts, worst, backward)
		}
	})
}

// BenchmarkDisorder is what it costs to look for clocks, in order and out of it.
func BenchmarkDisorder(b *testing.B) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, jitter := range map[string]int{"ordered": 1, "jitter": 10_000} {
		b.Run(name, func(b *testing.B) {
			d := disorder{counts: &Counts{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.note(start.Add(time.Duration(i)*10*time.Millisecond+time.Duration(i*7919%jitter)*time.Millisecond), 0)
			}
		})
	}
}
