package rundir

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

func sampleRows() []results.Row {
	return []results.Row{
		{From: 0, To: 1, Target: 2500.5, InFlight: results.Count{Requests: 3, Events: 300},
			Accepted: results.Count{Requests: 25, Events: 2500}, LatencyP50: 1.25, LagMax: 0.017},
		{From: 1, To: 2.001, Unsent: results.Count{Requests: 1, Events: 1 << 40}, LateBuild: 1, LatePace: 2,
			NoConnection: 3, Held: 6, LateStall: 7, Stalled: 20.5, Overflow: 4, LeftOut: 5},
	}
}

func timelineOf(rows []results.Row) string {
	text := []byte(timelineHeader())
	for _, r := range rows {
		text = appendRow(text, r)
	}
	return string(text)
}

func TestTimelineRoundTrip(t *testing.T) {
	t.Parallel()
	want := sampleRows()
	got, err := ReadTimeline(strings.NewReader(timelineOf(want)))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("rows %v, error %v, want %v", got, err, want)
	}
}

// A second without an answer has no quantiles: their cells are empty, and no zero.
// A zero of an earlier version is read as it stands; a time may not be missing.
func TestTimelineOfNothing(t *testing.T) {
	t.Parallel()
	text := timelineOf([]results.Row{results.RowOf(&results.Interval{
		Tally: *results.NewTally(),
		From:  time.Second,
		To:    2 * time.Second,
	})})
	line := strings.Split(text, "\n")[1]
	if want := "1.000,2.000,0.000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,,,,,,0,0,,0,0"; !strings.HasPrefix(line, want) {
		t.Errorf("the row is %q, want %q", line, want)
	}
	rows, err := ReadTimeline(strings.NewReader(text))
	if err != nil || len(rows) != 1 || !math.IsNaN(rows[0].LatencyP99) || !math.IsNaN(rows[0].LagMax) ||
		rows[0].To != 2 {
		t.Errorf("rows %+v, error %v", rows, err)
	}
	rows, err = ReadTimeline(strings.NewReader(strings.Replace(text, ",,,,,,,,",
		",0.000,0.000,0.000,0.000,0.000,0.000,0.000,", 1)))
	if err != nil || len(rows) != 1 || rows[0].LatencyP99 != 0 || !math.IsNaN(rows[0].LatencyP90) {
		t.Errorf("with zeros: rows %+v, error %v", rows, err)
	}
	for _, wrong := range []string{strings.Replace(text, "1.000", "", 1), strings.Replace(text, "2.000", "NaN", 1)} {
		if _, err := ReadTimeline(strings.NewReader(wrong)); err == nil ||
			!strings.Contains(err.Error(), "is no number") {
			t.Errorf("a row without a time: error %v", err)
		}
	}
}

// Every column is a field of its own: a row numbered by column comes back so.
func TestTimelineColumnsAreDistinct(t *testing.T) {
	t.Parallel()
	var r results.Row
	for i, c := range columns {
		switch v := c.of(&r).(type) {
		case *int64:
			*v = int64(i)
		case *float64:
			*v = float64(i)
		}
	}
	for i, c := range columns {
		switch v := c.of(&r).(type) {
		case *int64:
			if *v != int64(i) {
				t.Errorf("column %q is also column %d", c.name, *v)
			}
		case *float64:
			if *v != float64(i) {
				t.Errorf("column %q is also column %v", c.name, *v)
			}
		default:
			t.Errorf("column %q is a %T", c.name, v)
		}
	}
}

func TestTimelineCutAnywhere(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	rows := sampleRows()
	text := timelineOf(rows)
	for cut := range text {
		got, err := ReadTimeline(strings.NewReader(text[:cut]))
		lines := strings.Count(text[:cut], "\n")
		if want := max(lines-1, 0); len(got) != want {
			t.Errorf("cut at %d: %d rows, want %d", cut, len(got), want)
		}
		if whole := cut > 0 && text[cut-1] == '\n'; whole != (err == nil) || !whole && !errors.Is(err, ErrTorn) {
			t.Errorf("cut at %d: error %v", cut, err)
		}
	}
}

func TestTimelineOfLaterVersions(t *testing.T) {
	t.Parallel()
	text := timelineOf(sampleRows()[:1])
	text = strings.Replace(text, "\n", ",moon_phase\n", 1)
	text = strings.TrimSuffix(text, "\n") + ",waning\n"
	rows, err := ReadTimeline(strings.NewReader(text))
	if err != nil || !slices.Equal(rows, sampleRows()[:1]) {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

// A timeline from before there were columns for what was sent again, kept back or
// expected to be refused.
func TestTimelineOfEarlierVersions(t *testing.T) {
	t.Parallel()
	earlier := sampleRows()
	for i := range earlier {
		r := &earlier[i]
		r.Retried, r.Held, r.LateStall, r.Stalled, r.ExpectedRefused = 0, 0, 0, 0, 0
	}
	text := strings.ReplaceAll(timelineOf(earlier),
		",retried_requests,late_held_requests,late_stall_requests,stalled_ms,expected_refused_events\n", "\n")
	text = strings.ReplaceAll(text, ",0,0,0,0.000,0\n", "\n")
	rows, err := ReadTimeline(strings.NewReader(text))
	if err != nil || !slices.Equal(rows, earlier) || strings.Contains(text, "retried") {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

func TestTimelineRefuses(t *testing.T) {
	t.Parallel()
	good := timelineOf(sampleRows()[:1])
	for _, c := range []struct{ name, text, want string }{
		{"a missing column", strings.Replace(good, "lag_p99_ms", "lag", 1), `line 1: no column "lag_p99_ms"`},
		{"a word for a number", strings.Replace(good, "2500.500", "many", 1),
			`column target_events_per_s: "many" is no number`},
		{"too few fields", strings.Replace(good, "2500.500,", "", 1),
			fmt.Sprintf("%d fields under %d columns", len(columns)-1, len(columns))},
	} {
		if _, err := ReadTimeline(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestRowOfInterval(t *testing.T) {
	t.Parallel()
	r := results.NewRecorder(1)
	for i := range 100 {
		o := runtest.Outcome(i, capture.Accepted, 200)
		if i < 2 {
			o.Sent += 60 * time.Millisecond
			o.Done += 60 * time.Millisecond
			o.Cause = results.NoConnection
		}
		r.Sender(0).Record(&o)
	}
	iv := r.Tick(2_000*time.Millisecond, results.Count{Requests: 1, Events: 10})
	iv.Target = 500
	got := results.RowOf(iv)
	want := results.Row{
		To: 2, Target: 500, InFlight: results.Count{Requests: 1, Events: 10},
		Accepted: results.Count{Requests: 100, Events: 1000}, NoConnection: 2,
		BodyBytes: 100_000, WireBytes: 30_000,
		LatencyP50: 5.003, LatencyP90: 5.003, LatencyP99: 65.023, LatencyMax: 65.023, // the ends of their buckets
		ServiceP50: 5.003, ServiceP99: 5.003, LagP99: 60.031, LagMax: 60.031,
	}
	if got != want {
		t.Errorf("row\n%+v, want\n%+v", got, want)
	}
}

func FuzzReadTimeline(f *testing.F) {
	f.Add(timelineOf(sampleRows()))
	f.Add(timelineHeader())
	f.Add(timelineHeader() + strings.Repeat(",", len(columns)-1) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadTimeline(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := ReadTimeline(strings.NewReader(timelineOf(rows)))
		if err != nil || len(again) != len(rows) {
			t.Fatalf("written again: %d rows, error %v, want %d", len(again), err, len(rows))
		}
	})
}
