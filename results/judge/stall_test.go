package judge

import (
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// TestStallsDecideNothing: a threshold that the generator's own stalls may have
// decided, or that they fill to more than a tenth, is in doubt; one that they cannot
// have changed is not.
func TestStallsDecideNothing(t *testing.T) {
	t.Parallel()
	limit := func(text string) []scenario.Threshold {
		th, err := scenario.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		return []scenario.Threshold{th}
	}
	// The last of 1,000 requests stall; each takes 5 ms otherwise.
	stall := func(n int, by time.Duration) func(int, *results.Outcome) {
		return func(i int, o *results.Outcome) {
			if i >= 1000-n {
				o.Sent, o.Done, o.Stalled, o.Cause = o.Sent+by, o.Done+by, by, results.LateStall
			}
		}
	}
	slow := func(by time.Duration, then func(int, *results.Outcome)) func(int, *results.Outcome) {
		return func(i int, o *results.Outcome) { o.Done += by; then(i, o) }
	}
	for _, c := range []struct {
		name      string
		threshold string
		change    func(int, *results.Outcome)
		verdict   results.Verdict
		doubt     string
	}{
		{"they break it", "p99.5 < 100ms", stall(8, 400*time.Millisecond), results.Invalid,
			"without them it may have been 5"},
		{"they fill it, though it is met", "p99.5 < 1s", stall(8, 400*time.Millisecond), results.Invalid,
			"without them it may have been 5"},
		{"they hardly fill it", "p99.5 < 5s", stall(8, 400*time.Millisecond), results.Pass, ""},
		{"they are too few for the quantile", "p99 < 100ms", stall(8, 400*time.Millisecond), results.Pass, ""},
		{"they are too short to matter", "p99.5 < 500ms", stall(100, 30*time.Millisecond), results.Pass, ""},
		{"it is broken without them", "p99.5 < 100ms", slow(200*time.Millisecond, stall(8, 400*time.Millisecond)),
			results.Fail, ""},
		{"in the mean", "mean < 6ms", stall(8, 400*time.Millisecond), results.Invalid,
			"without them it may have been 5"},
		{"as lateness", "late < 0.5%", stall(8, 400*time.Millisecond), results.Invalid,
			"without them it may have been 0 % (0)"},
		{"as lateness of another kind", "late < 0.5%", late(8, results.LateBuild), results.Invalid,
			"without them it may have been 0 % (0)"},
		{"lateness that is the endpoint's", "late < 0.5%", late(8, results.NoConnection), results.Fail, ""},
		{"as requests that were skipped", "unsent == 0", unsent(5, capture.NotBuiltInTime), results.Invalid,
			"without them it may have been 0 events"},
		{"requests that the endpoint kept from leaving", "unsent == 0", unsent(5, capture.NoFreeConnection),
			results.Fail, ""},
		{"as time that ran out", "ambiguous == 0", func(i int, o *results.Outcome) {
			if i < 3 {
				o.Reason, o.Status, o.Stalled = capture.AnswerTimeout, 0, 4*time.Millisecond
			}
		}, results.Invalid, "without them it may have been 0 events"},
		{"refusals are the endpoint's", "rejected < 0.1%", func(i int, o *results.Outcome) {
			if i < 3 {
				o.Reason, o.Status, o.Stalled = capture.RateLimited, 429, 4*time.Millisecond
			}
		}, results.Fail, ""},
	} {
		tally := results.NewTally()
		for i := range 1000 {
			o := runtest.Outcome(i, capture.Accepted, 200)
			o.Due = o.Sent
			o.Done = o.Sent + 5*time.Millisecond
			c.change(i, &o)
			tally.Record(&o)
		}
		m := runtest.Manifest(1000)
		m.Shard.Of = 1
		r := newResult(&m, tally, 10*time.Second)
		r.Run.Ended = results.Completed
		judge(r, evidence{tally: tally, thresholds: newEvaluators(limit(c.threshold), nil)})
		row := r.Thresholds[0]
		if r.Verdict != c.verdict || !strings.HasPrefix(row.Doubt, c.doubt) || (row.Doubt == "") != (c.doubt == "") ||
			row.Doubt != "" && row.OK {
			t.Errorf("%s: %s because %q; %+v", c.name, r.Verdict, Because(r), row)
		}
	}
}

// TestStallInAWindow: of windows, one that is not met for sure decides before one that
// is in doubt, and that before one that is met.
func TestStallInAWindow(t *testing.T) {
	t.Parallel()
	th, err := scenario.ParseThreshold("p99 < 100ms every 1s")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		windows []string
		ok      bool
		doubt   bool
	}{
		{[]string{"met", "met"}, true, false},
		{[]string{"met", "stalled", "met"}, false, true},
		{[]string{"stalled", "slow", "met"}, false, false},
		{[]string{"slow", "stalled"}, false, false},
	} {
		d := newEvaluators([]scenario.Threshold{th}, nil)[0]
		for i, kind := range c.windows {
			tally := results.NewTally()
			o := runtest.Outcome(i, capture.Accepted, 200)
			switch kind {
			case "stalled":
				o.Done, o.Stalled = o.Done+time.Second, time.Second
			case "slow":
				o.Done += 200 * time.Millisecond
			}
			tally.Record(&o)
			d.observe(time.Duration(i)*time.Second, time.Duration(i+1)*time.Second, tally)
		}
		if row := d.now(); row.OK != c.ok || (row.Doubt != "") != c.doubt {
			t.Errorf("%v: %+v", c.windows, row)
		}
	}
}

// TestStallAbortsNothing: what the generator's own stall made slow does not end a run,
// and what the endpoint made slow does, stall or not.
func TestStallAbortsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		took, stalled time.Duration
		fires         bool
	}{
		"a stall":                  {1200 * time.Millisecond, 1100 * time.Millisecond, false},
		"a slow endpoint":          {1200 * time.Millisecond, 0, true},
		"a slow endpoint, a stall": {3200 * time.Millisecond, 1100 * time.Millisecond, true},
	} {
		a := NewAborts([]scenario.Abort{{
			Text: "latency", Kind: scenario.AbortLatency, Slow: time.Second, Limit: 0.5, Window: time.Second,
		}})
		iv := results.NewInterval()
		iv.To = time.Second
		for i := range 20 {
			o := runtest.Outcome(i, capture.Accepted, 200)
			o.Done, o.Stalled = o.Due+c.took, c.stalled
			iv.Record(&o)
		}
		if fired := a.Observe(iv); (fired != nil) != c.fires {
			t.Errorf("%s: %+v", name, fired)
		}
	}
}

// TestStalledStageIsDoubted: a stage that only a stall of the generator's broke says
// so.
func TestStalledStageIsDoubted(t *testing.T) {
	t.Parallel()
	for _, stalled := range []time.Duration{0, 700 * time.Millisecond} {
		m := runtest.Manifest(100)
		m.Stages = []schedule.StageSpan{{Name: "hold", To: 10 * time.Second, Start: 100, End: 100}}
		m.Thresholds = p99Below(100)
		w := newStageTracker(&m)
		tally := results.NewTally()
		for i := range 100 {
			o := runtest.Outcome(i, capture.Accepted, 200)
			o.Done, o.Stalled = o.Done+700*time.Millisecond, stalled
			tally.Record(&o)
		}
		w.observe(0, 5*time.Second, tally)
		if came := w.current(); len(came.Broken) != 1 || (came.Doubt != "") != (stalled > 0) {
			t.Errorf("stalled %v: broke %q, doubt %q", stalled, came.Broken, came.Doubt)
		}
	}
}
