package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// follow is a threshold after a minute of 100 requests a second: a ramp of 20 s
// with latencies of 900 ms, a hold of 40 s with 10 ms, and 5 rejections each in
// the seconds 30 to 39.
func follow(t *testing.T, text string) evaluation {
	t.Helper()
	threshold, err := scenario.ParseThreshold(text)
	if err != nil {
		t.Fatal(err)
	}
	d := newEvaluators([]scenario.Threshold{threshold}, []schedule.StageSpan{
		{Name: "ramp", From: 0, To: 20 * time.Second}, {Name: "hold", From: 20 * time.Second, To: time.Minute},
	})[0]
	ramp := runtest.Second(100, 0, 900*time.Millisecond)
	hold := runtest.Second(100, 0, 10*time.Millisecond)
	bad := runtest.Second(100, 5, 10*time.Millisecond)
	for s := range 60 {
		tally := hold
		switch {
		case s < 20:
			tally = ramp
		case s >= 30 && s < 40:
			tally = bad
		}
		d.observe(time.Duration(s)*time.Second, time.Duration(s+1)*time.Second, tally)
	}
	return d.now()
}

func TestScopedThresholds(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for text, want := range map[string]results.ThresholdRow{
		"p99 < 500ms in hold": {Value: "10 ms", OK: true},
		"p99 < 500ms in ramp": {Value: "900.1 ms"},
		// 50 of 4,000 in the hold; none in the ramp.
		"rejected(429) < 1% in hold": {Value: "1.25 % (50)"},
		"rejected == 0 in ramp":      {Value: "0 events", OK: true},
		// Windows of 30 s: 0 of 3,000, then 50 of 3,000.
		"rejected(429) < 1% every 30s": {Value: "1.67 % (50) at worst, from 30s on; not met in 1 of 2 windows"},
		"rejected(429) < 2% every 30s": {Value: "1.67 % (50) at worst, from 30s on; not met in 0 of 2 windows",
			OK: true},
		"accepted > 96% every 10s": {Value: "95 % (9,500 of 10,000 events) at worst, from 30s on; not met in 1 " +
			"of 6 windows"},
		"p99 < 1s every 10s": {Value: "900.1 ms at worst, from 0s on; not met in 0 of 6 windows", OK: true},
		// A window of 50 s, and a rest of 10 s that is too short to be judged.
		"rejected < 2% every 50s": {Value: "1 % (50) at worst, from 0s on; not met in 0 of 1 window", OK: true},
		// The only window is not over: it is all there is.
		"rejected > 0 every 1h": {Value: "500 events at worst, from 0s on; not met in 0 of 1 window", OK: true},
	} {
		want.Text = text
		if got := follow(t, text).ThresholdRow; got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// TestLastStageOwesItsAnswers: a stage that the endpoint stood still in is judged by
// the answers that came when the load was over, if no stage follows.
func TestLastStageOwesItsAnswers(t *testing.T) {
	t.Parallel()
	stages := []schedule.StageSpan{
		{Name: "ramp", To: 10 * time.Second},
		{Name: "hold", From: 10 * time.Second, To: 20 * time.Second},
	}
	for text, want := range map[string]results.ThresholdRow{
		"p99 < 500ms in hold": {Value: "9 s"},
		"p99 < 500ms in ramp": {Value: "10 ms", OK: true},
	} {
		threshold, err := scenario.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		d := newEvaluators([]scenario.Threshold{threshold}, stages)[0]
		for s := range 25 {
			answered := runtest.Second(100, 0, 10*time.Millisecond)
			if s >= 11 {
				answered = results.NewTally() // until the 25th second
			}
			if s == 24 {
				answered = runtest.Second(1000, 0, 9*time.Second)
			}
			d.observe(time.Duration(s)*time.Second, time.Duration(s+1)*time.Second, answered)
		}
		want.Text = text
		if got := d.now().ThresholdRow; got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestScopedThresholdOnNothing(t *testing.T) {
	t.Parallel()
	d := newEvaluators([]scenario.Threshold{{
		Text: "x", Metric: scenario.Metric{Name: "latency", Quantile: 0.5}, Op: "<", Value: 1e9, Stage: "x",
	}}, nil)[0]
	if row := d.now(); row.OK || row.Value != "nothing measured" {
		t.Errorf("%+v", row)
	}
	few := follow(t, "p99.99 < 5s in hold").few
	if want := "only 3,950 requests (100,000 recommended)"; !strings.Contains(few, want) {
		t.Errorf("warning %q, want %q", few, want)
	}
}

func TestAborts(t *testing.T) {
	t.Parallel()
	// 100 requests a second; from second 20 on all of them bad.
	for _, c := range []struct {
		rule   string
		change func(*results.Outcome)
		fires  int // in which second, from 1; 0: never
		why    string
	}{
		// The window of 10 s holds 5 bad seconds of 10 after the 25th.
		{"rejected(49%, 10s)", status(503), 25, "rejected requests of the last 10s, 500 of 1,000 (50 %)"},
		// over a tenth from 24 on, but no window is full before 30
		{"http(5xx, 10%, 30s)", status(503), 30, "1,000 of 3,000 (33.33 %)"},
		{"http(503, 150, 10s)", status(503), 22, "200 of 1,000"},
		{"http(429, 1, 10s)", status(503), 0, ""},
		{"net(20%, 10s)", timedOut, 23, "300 of 1,000 (30 %)"},
		{"net(20%, 10s)", status(503), 0, ""},
		{"latency(p99, 5s, 10s)", slow, 21, "latencies over 5s of the last 10s, 100 of 1,000 (10 %)"},
		{"latency(max, 7s, 10s)", slow, 0, ""},
		{"http(200, 50%, 1s)", status(503), 1, "100 of 100 (100 %)"},
	} {
		rule, err := scenario.ParseAbort(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		fired, at := abortedAt(rule, c.change)
		if at != c.fires || at > 0 && (fired.Rule != c.rule || !strings.Contains(fired.Why, c.why)) {
			t.Errorf("%s: fired in second %d, %+v; want %d, %q", c.rule, at, fired, c.fires, c.why)
		}
	}
}

// abortedAt lets a minute pass before a rule.
func abortedAt(rule scenario.Abort, change func(*results.Outcome)) (*Fired, int) {
	a := NewAborts([]scenario.Abort{rule})
	for s := range 60 {
		iv := results.NewInterval()
		iv.From, iv.To = time.Duration(s)*time.Second, time.Duration(s+1)*time.Second
		for i := range 100 {
			o := runtest.Outcome(i, capture.Accepted, 200)
			if s >= 20 {
				change(&o)
			}
			iv.Record(&o)
		}
		if fired := a.Observe(iv); fired != nil {
			return fired, s + 1
		}
	}
	return nil, 0
}

// status makes an outcome one of a refused request.
func status(code int) func(*results.Outcome) {
	return func(o *results.Outcome) { o.Reason, o.Status = capture.Unavailable, code }
}

func timedOut(o *results.Outcome) { o.Reason, o.Status = capture.AnswerTimeout, 0 }

func slow(o *results.Outcome) { o.Done = o.Due + 6*time.Second }

// A share of next to nothing ends no run.
func TestAbortNeedsRequests(t *testing.T) {
	t.Parallel()
	rule, err := scenario.ParseAbort("rejected(50%, 1s)")
	if err != nil {
		t.Fatal(err)
	}
	a := NewAborts([]scenario.Abort{rule})
	for s, n := range []int{9, 0, 10} {
		iv := results.NewInterval()
		iv.From, iv.To = time.Duration(s)*time.Second, time.Duration(s+1)*time.Second
		for i := range n {
			o := runtest.Outcome(i, capture.Unavailable, 503)
			iv.Record(&o)
		}
		if fired := a.Observe(iv); (fired != nil) != (n == 10) {
			t.Errorf("%d requests: %+v", n, fired)
		}
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	h := results.NewHistogram()
	for _, d := range []time.Duration{0, time.Millisecond, time.Millisecond, 5 * time.Second, 2 * time.Hour} {
		h.Record(d)
	}
	got := h.Buckets()
	want := []results.Bucket{{Below: 0, Count: 1}, {Below: time.Millisecond, Count: 2}}
	if len(got) != 3 || !slices.Equal(got[:2], want) {
		t.Fatalf("%v, want %v and one more", got, want)
	}
	if last := got[2]; last.Count != 1 || last.Below < 5*time.Second || last.Below > 5010*time.Millisecond {
		t.Errorf("the last bucket is %v", last)
	}
	if over := h.Over(time.Millisecond); over != 2 { // 5 s, and the one that does not fit
		t.Errorf("%d over a millisecond, want 2", over)
	}
}
