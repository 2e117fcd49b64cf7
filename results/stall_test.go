package results

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/capture"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// TestUnstalledOutcome: without a stall a request leaves and is answered sooner, by
// no more than it took, and what a stall may have broken was accepted.
func TestUnstalledOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                  string
		o                     Outcome
		lag, service, latency time.Duration
		reason                capture.Reason
	}{
		{"left late", Outcome{Due: 10 * ms, Sent: 510 * ms, Done: 515 * ms, Stalled: 495 * ms}, 5 * ms, 0, 10 * ms, capture.Accepted},
		{"was in flight", Outcome{Due: 10 * ms, Sent: 10 * ms, Done: 515 * ms, Stalled: 500 * ms}, 0, 5 * ms, 5 * ms, capture.Accepted},
		{"no more than it took", Outcome{Due: 10 * ms, Sent: 12 * ms, Done: 15 * ms, Stalled: 2 * time.Second}, 0, 0, 0, capture.Accepted},
		{"a hair early", Outcome{Due: 10 * ms, Sent: 9 * ms, Done: 15 * ms, Stalled: 2 * ms}, -1 * ms, 4 * ms, 3 * ms, capture.Accepted},
		{"sent again", Outcome{Due: 0, Sent: 0, Done: 900 * ms, Waited: 700 * ms, Stalled: 100 * ms}, 0, 100 * ms, 800 * ms, capture.Accepted},
		{"no stall", Outcome{Due: 0, Sent: ms, Done: 9 * ms, Reason: capture.AnswerTimeout}, ms, 8 * ms, 9 * ms, capture.AnswerTimeout},
		{"our time ran out", Outcome{Done: 9 * ms, Reason: capture.AnswerTimeout, Stalled: ms}, 0, 8 * ms, 8 * ms, capture.Accepted},
		{"the endpoint's time ran out", Outcome{Done: 9 * ms, Reason: capture.RequestTimeout, Status: 408, Stalled: ms}, 0, 8 * ms, 8 * ms, capture.Accepted},
		{"skipped", Outcome{Sent: 9 * ms, Done: 9 * ms, Reason: capture.GeneratorStalled, Stalled: 20 * ms}, 0, 0, 0, capture.Accepted},
		{"the endpoint's own word", Outcome{Done: 9 * ms, Reason: capture.RateLimited, Status: 429, Stalled: ms}, 0, 8 * ms, 8 * ms, capture.RateLimited},
		{"nobody there", Outcome{Done: 9 * ms, Reason: capture.ConnectRefused, Stalled: ms}, 0, 8 * ms, 8 * ms, capture.ConnectRefused},
	} {
		at := c.o.unstalled()
		if at.Lag() != c.lag || at.Service() != c.service || at.Latency() != c.latency || at.Reason != c.reason || at.Stalled != 0 {
			t.Errorf("%s: lag %v, service %v, latency %v, %v; want %v, %v, %v, %v",
				c.name, at.Lag(), at.Service(), at.Latency(), at.Reason, c.lag, c.service, c.latency, c.reason)
		}
	}
}

// TestUnstalledTally: however outcomes are spread over tallies that are added up and
// used again, the tally without stalls is that of the outcomes without stalls.
func TestUnstalledTally(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		sum, want, stalled := NewTally(), NewTally(), false
		part := NewTally()
		for range rapid.IntRange(1, 4).Draw(r, "intervals") {
			part.reset()
			for i := range rapid.IntRange(0, 6).Draw(r, "requests") {
				o := outcome(i, rapid.SampledFrom([]capture.Reason{capture.Accepted, capture.AnswerTimeout, capture.RateLimited}).Draw(r, "reason"), 0)
				o.Cause = LateStall
				o.Done += time.Duration(rapid.IntRange(0, 300).Draw(r, "ms")) * ms
				o.Stalled = time.Duration(rapid.SampledFrom([]int{0, 0, 0, 40, 250}).Draw(r, "stalled")) * ms
				stalled = stalled || o.Stalled > 0
				part.record(&o)
				at := o.unstalled()
				want.record(&at)
			}
			sum.Add(part)
		}
		best := sum.AtBest()
		if (sum.Unstalled != nil) != stalled {
			t.Fatalf("stalled %v, a tally without stalls: %v", stalled, sum.Unstalled != nil)
		}
		if best.Fates != want.Fates || best.Late != want.Late || !slices.Equal(best.Latency.Buckets(), want.Latency.Buckets()) ||
			!slices.Equal(best.Service.Buckets(), want.Service.Buckets()) || !slices.Equal(best.Lag.Buckets(), want.Lag.Buckets()) {
			t.Fatalf("%+v, want %+v", best.Fates, want.Fates)
		}
	})
}

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
	stall := func(n int, by time.Duration) func(int, *Outcome) {
		return func(i int, o *Outcome) {
			if i >= 1000-n {
				o.Sent, o.Done, o.Stalled, o.Cause = o.Sent+by, o.Done+by, by, LateStall
			}
		}
	}
	slow := func(by time.Duration, then func(int, *Outcome)) func(int, *Outcome) {
		return func(i int, o *Outcome) { o.Done += by; then(i, o) }
	}
	for _, c := range []struct {
		name      string
		threshold string
		change    func(int, *Outcome)
		verdict   Verdict
		doubt     string
	}{
		{"they break it", "p99.5 < 100ms", stall(8, 400*ms), Invalid, "without them it may have been 5"},
		{"they fill it, though it is met", "p99.5 < 1s", stall(8, 400*ms), Invalid, "without them it may have been 5"},
		{"they hardly fill it", "p99.5 < 5s", stall(8, 400*ms), Pass, ""},
		{"they are too few for the quantile", "p99 < 100ms", stall(8, 400*ms), Pass, ""},
		{"they are too short to matter", "p99.5 < 500ms", stall(100, 30*ms), Pass, ""},
		{"it is broken without them", "p99.5 < 100ms", slow(200*ms, stall(8, 400*ms)), Fail, ""},
		{"in the mean", "mean < 6ms", stall(8, 400*ms), Invalid, "without them it may have been 5"},
		{"as lateness", "late < 0.5%", stall(8, 400*ms), Invalid, "without them it may have been 0 % (0)"},
		{"as lateness of another kind", "late < 0.5%", late(8, LateBuild), Invalid, "without them it may have been 0 % (0)"},
		{"lateness that is the endpoint's", "late < 0.5%", late(8, NoConnection), Fail, ""},
		{"as requests that were skipped", "unsent == 0", unsent(5, capture.NotBuiltInTime), Invalid, "without them it may have been 0 events"},
		{"requests that the endpoint kept from leaving", "unsent == 0", unsent(5, capture.NoFreeConnection), Fail, ""},
		{"as time that ran out", "ambiguous == 0", func(i int, o *Outcome) {
			if i < 3 {
				o.Reason, o.Status, o.Stalled = capture.AnswerTimeout, 0, 4*ms
			}
		}, Invalid, "without them it may have been 0 events"},
		{"refusals are the endpoint's", "rejected < 0.1%", func(i int, o *Outcome) {
			if i < 3 {
				o.Reason, o.Status, o.Stalled = capture.RateLimited, 429, 4*ms
			}
		}, Fail, ""},
	} {
		tally := NewTally()
		for i := range 1000 {
			o := outcome(i, capture.Accepted, 200)
			o.Due = o.Sent
			o.Done = o.Sent + 5*ms
			c.change(i, &o)
			tally.record(&o)
		}
		m := manifest(1000)
		m.Shard.Of = 1
		r := newResult(&m, tally, 10*time.Second)
		r.Run.Ended = Completed
		judge(r, evidence{tally: tally, demands: newDemands(limit(c.threshold), nil)})
		row := r.Thresholds[0]
		if r.Verdict != c.verdict || !strings.HasPrefix(row.Doubt, c.doubt) || (row.Doubt == "") != (c.doubt == "") || row.Doubt != "" && row.OK {
			t.Errorf("%s: %s because %q; %+v", c.name, r.Verdict, r.Because(), row)
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
		d := newDemands([]scenario.Threshold{th}, nil)[0]
		for i, kind := range c.windows {
			tally := NewTally()
			o := outcome(i, capture.Accepted, 200)
			switch kind {
			case "stalled":
				o.Done, o.Stalled = o.Done+time.Second, time.Second
			case "slow":
				o.Done += 200 * ms
			}
			tally.record(&o)
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
		"a stall":                  {1200 * ms, 1100 * ms, false},
		"a slow endpoint":          {1200 * ms, 0, true},
		"a slow endpoint, a stall": {3200 * ms, 1100 * ms, true},
	} {
		a := NewAborts([]scenario.Abort{{Text: "latency", Kind: scenario.AbortLatency, Slow: time.Second, Limit: 0.5, Window: time.Second}})
		iv := newInterval()
		iv.To = time.Second
		for i := range 20 {
			o := outcome(i, capture.Accepted, 200)
			o.Done, o.Stalled = o.Due+c.took, c.stalled
			iv.record(&o)
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
	for _, stalled := range []time.Duration{0, 700 * ms} {
		m := manifest(100)
		m.Stages = []schedule.StageSpan{{Name: "hold", To: 10 * time.Second, Start: 100, End: 100}}
		m.Thresholds = p99Below(100)
		w := newWalk(&m)
		tally := NewTally()
		for i := range 100 {
			o := outcome(i, capture.Accepted, 200)
			o.Done, o.Stalled = o.Done+700*ms, stalled
			tally.record(&o)
		}
		w.observe(0, 5*time.Second, tally)
		if came := w.now(); len(came.Broke) != 1 || (came.Doubt != "") != (stalled > 0) {
			t.Errorf("stalled %v: broke %q, doubt %q", stalled, came.Broke, came.Doubt)
		}
	}
}

// TestUnanswered: how long nothing was answered is counted from the last tick that saw
// an answer, and only while something was asked.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	r := NewRecorder(1)
	one := Count{Requests: 1}
	for i, c := range []struct {
		reason   capture.Reason // of a request that came to its end; noReason: none did
		inFlight Count
		want     time.Duration
	}{
		{noReason, Count{}, 0},
		{capture.Accepted, one, 0},
		{noReason, one, time.Second},
		{noReason, one, 2 * time.Second},
		{capture.AnswerTimeout, Count{}, 3 * time.Second},
		{capture.Unavailable, one, 0},
		{noReason, Count{}, 0},
		{noReason, one, time.Second},
	} {
		if c.reason != noReason {
			o := outcome(i, c.reason, 0)
			r.Shard(0).Record(&o)
		}
		iv := r.Tick(time.Duration(i+1)*time.Second, c.inFlight)
		if iv.Unanswered != c.want {
			t.Errorf("tick %d: no answer for %v, want %v", i, iv.Unanswered, c.want)
		}
	}
}

const noReason = capture.Reason(255)

// TestMergeKeepsStalls: whichever shard stood still, the merged run has its stalls, the
// same doubt as one run with all requests, and is not blamed on the endpoint.
func TestMergeKeepsStalls(t *testing.T) {
	t.Parallel()
	for _, stalledShard := range []int{0, 1, 2} {
		base := t.TempDir()
		var dirs []string
		for shard := range 3 {
			m := manifest(100)
			m.Shard = Shards{Index: shard, Of: 3}
			m.Thresholds[0].Text, m.Thresholds[0].Value = "p99 < 100ms", 100
			ambiguous, err := scenario.ParseThreshold("ambiguous == 0")
			if err != nil {
				t.Fatal(err)
			}
			m.Thresholds = append(m.Thresholds, ambiguous)
			m.Connections = 4
			dir := filepath.Join(base, string(rune('a'+shard)))
			writeStalled(t, dir, m, shard, shard == stalledShard)
			dirs = append(dirs, dir)
		}
		slices.Reverse(dirs)
		r, err := Merge(filepath.Join(base, "all"), dirs)
		if err != nil {
			t.Fatal(err)
		}
		row, g := r.Thresholds[0], &r.Generator // ten of 300 are late, one of which our time ran out on
		if row := r.Thresholds[2]; row.Doubt == "" || row.OK {
			t.Errorf("shard %d stood still while our time ran out: %+v", stalledShard, row)
		}
		if r.Verdict != Invalid || row.Doubt == "" || row.OK || g.Stalls.Count != 1 || g.Stalls.Seconds != 0.4 || g.Stalls.Cause != StallStopped || g.Connections != 12 {
			t.Errorf("shard %d stood still: %s, %+v, %+v, %d connections", stalledShard, r.Verdict, row, g.Stalls, g.Connections)
		}
		text, err := os.ReadFile(filepath.Join(base, "all", TimelineFile))
		if err != nil || !strings.Contains(string(text), ",2,400.000,0\n") {
			t.Errorf("%v, the timeline:\n%s", err, text)
		}
	}
}

// writeStalled writes a shard of 100 requests in three seconds. In the second of them
// ten are late for a stall, one of which our time ran out on.
func writeStalled(t *testing.T, dir string, m Manifest, shard int, stands bool) {
	t.Helper()
	d, err := Create(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(1)
	for second := range 3 {
		for i := range 33 + second/2 {
			o := outcome(second*33+i, capture.Accepted, 200)
			o.First = int64(shard*10000) + int64(second*330+i*10)
			if stands && second == 1 && i < 10 {
				o.Done, o.Stalled, o.Cause = o.Done+400*ms, 400*ms, LateStall
				if i < 2 {
					o.Sent += 400 * ms
				}
				if i == 9 {
					o.Reason, o.Status = capture.AnswerTimeout, 0
				}
			}
			r.Shard(0).Record(&o)
		}
		iv := r.Tick(time.Duration(second+1)*time.Second, Count{})
		if stands && second == 1 {
			iv.Stalls = append(iv.Stalls, Stall{From: 1100 * ms, To: 1500 * ms, Cause: StallStopped})
		}
		if err := d.Write(iv); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Close(Final{Ended: Completed}); err != nil {
		t.Fatal(err)
	}
}
