package judge

import (
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
	"rehearse/scenario"
)

// judged is a run of requests by outcome, each changed by change, and what judge
// makes of it.
func judged(
	n int, ended results.Ended, demands []scenario.Threshold, change func(i int, o *results.Outcome),
) *results.Result {
	t := results.NewTally()
	for i := range n {
		o := runtest.Outcome(i, capture.Accepted, 200)
		change(i, &o)
		t.Record(&o)
	}
	m := runtest.Manifest(n)
	m.Shard.Of = 1
	r := newResult(&m, t, time.Second)
	r.Run.Ended = ended
	judge(r, evidence{tally: t, thresholds: newEvaluators(demands, nil)})
	return r
}

// p99Below is a threshold on a quantile of latency, in milliseconds.
func p99Below(below float64) []scenario.Threshold {
	return []scenario.Threshold{{
		Text: "p99 < limit", Metric: scenario.Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: below,
	}}
}

// late lets the first n requests leave late for a cause.
func late(n int, cause results.LateCause) func(int, *results.Outcome) {
	return func(i int, o *results.Outcome) {
		if i < n {
			o.Sent, o.Done, o.Cause = o.Sent+60*time.Millisecond, o.Done+60*time.Millisecond, cause
		}
	}
}

// unsent keeps the first n requests from leaving.
func unsent(n int, reason capture.Reason) func(int, *results.Outcome) {
	return func(i int, o *results.Outcome) {
		if i < n {
			o.Reason, o.Status = reason, 0
		}
	}
}

// TestShortRun: two requests may be late in any run, for of twenty a hundredth
// is none.
func TestShortRun(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]results.Verdict{1: results.Pass, 2: results.Pass, 3: results.Invalid} {
		if r := judged(20, results.Completed, p99Below(1000), late(n, results.LatePace)); r.Verdict != want {
			t.Errorf("%d of 20 requests late: %v, want %v", n, r.Verdict, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	met, broken := p99Below(1000), p99Below(1)
	for _, c := range []struct {
		name       string
		ended      results.Ended
		demands    []scenario.Threshold
		change     func(int, *results.Outcome)
		verdict    results.Verdict
		bottleneck results.Bottleneck
		because    string
	}{
		{"all well", results.Completed, met, late(0, results.OnTime), results.Pass, "",
			"all thresholds passed; 100 % of requests sent on time"},
		{"nothing demanded", results.Completed, nil, late(0, results.OnTime), results.Pass, "",
			"no thresholds were set; accepted >= 99% (implied) was 100 % (10,000 of 10,000 events); 100 % of " +
				"requests sent on time"},
		{"a threshold broken", results.Completed, broken, late(0, results.OnTime), results.Fail, "",
			"not met: p99 < limit was 5 ms"},
		// 1 % of 1,000 requests is 10.
		{"late ourselves, tolerated", results.Completed, met, late(10, results.LateBuild), results.Pass, "",
			"all thresholds passed; 99 % of requests sent on time"},
		{"late in building", results.Completed, met, late(11, results.LateBuild), results.Invalid, "cpu",
			"the generator fell behind: 1.1 % of the requests left late, or not at all, by its own fault; requests " +
				"were not built in time"},
		{"late in pacing", results.Completed, met, late(11, results.LatePace), results.Invalid, "pacing",
			"the generator fell behind: 1.1 % of the requests left late, or not at all, by its own fault; ready " +
				"requests left late"},
		{"late for no stated cause", results.Completed, met, late(11, results.OnTime), results.Invalid, "pacing",
			"the generator fell behind"},
		{"late ourselves, and a threshold broken", results.Completed, broken, late(11, results.LateBuild),
			results.Invalid, "cpu", "the generator fell behind"},
		{"no free connection, tolerated", results.Completed, met, late(10, results.NoConnection), results.Pass, "",
			"all thresholds passed"},
		// Peak 10,000 events/s in requests of 10 events: 1,000 requests/s × 5 ms = 5 connections.
		{"no free connection", results.Completed, met, late(11, results.NoConnection), results.Invalid, "connections",
			"the connections were the bottleneck: 1.1 % of the requests found none free; at 1,000 requests a " +
				"second at the peak and 5 ms of mean service it takes about 5 connections"},
		{"held back, tolerated", results.Completed, met, late(10, results.Held), results.Pass, "",
			"all thresholds passed"},
		{"held back", results.Completed, met, late(11, results.Held), results.Invalid, "",
			"the permit held back 1.1 % of the requests (11 late, 0 not at all): its cap leaves too little room to " +
				"catch up, or the endpoint asked for pauses"},
		{"no free connection, and a threshold broken", results.Completed, broken, late(11, results.NoConnection),
			results.Fail, "connections", "not met: p99 < limit was 65"},
		{"skipped, tolerated", results.Completed, met, unsent(10, capture.NoFreeConnection), results.Pass, "",
			"all thresholds passed"},
		{"skipped", results.Completed, met, unsent(11, capture.NoFreeConnection), results.Invalid, "connections",
			"the connections were the bottleneck: 1.1 %"},
		{"not built", results.Completed, met, unsent(11, capture.NotBuilt), results.Invalid, "",
			"1.1 % of the requests could not be built"},
		{"nothing sent", results.Completed, nil, unsent(1000, capture.NoFreeConnection), results.Invalid, "connections",
			"nothing was sent"},
		{"interrupted", results.Interrupted, met, unsent(500, capture.NotStarted), results.Invalid, "",
			"the run did not reach its end: interrupted"},
		{"interrupted, and a threshold broken", results.Interrupted, broken, unsent(500, capture.NotStarted),
			results.Fail, "", "not met: p99 < limit was 5 ms"},
		{"a request of two hours", results.Completed, met, func(i int, o *results.Outcome) {
			if i == 3 {
				o.Done += 2 * time.Hour
			}
		}, results.Invalid, "", "2 durations over 1h0m0s did not fit the histograms"},
	} {
		r := judged(1000, c.ended, c.demands, c.change)
		if r.Verdict != c.verdict || r.Generator.Bottleneck != c.bottleneck ||
			!strings.HasPrefix(Because(r), c.because) {
			t.Errorf("%s: %s, bottleneck %q, because %q, want %s, %q, %q",
				c.name, r.Verdict, r.Generator.Bottleneck, Because(r), c.verdict, c.bottleneck, c.because)
		}
		if c.verdict == results.Pass && len(r.Warnings) > 0 &&
			!strings.Contains(r.Warnings[0], "only 990 requests") {
			t.Errorf("%s: warnings %q", c.name, r.Warnings)
		}
	}
}

func TestVerdictOfDoubtfulBooks(t *testing.T) {
	t.Parallel()
	m := runtest.Manifest(1)
	tally := results.NewTally()
	o := runtest.Outcome(0, capture.Accepted, 200)
	tally.Record(&o)
	for _, c := range []struct {
		name   string
		doubts []string
		change func(*results.Result)
		want   string
	}{
		{"books", nil, func(r *results.Result) { r.Planned.Requests++ },
			"the books do not balance: 2 requests planned, but 1 sent + 0 unsent"},
		{"a doubt of the caller", []string{"the disk was full"}, func(*results.Result) {}, "the disk was full"},
		{"a shard", nil, func(r *results.Result) { r.Run.Shard = results.Shard{Index: 1, Of: 4} },
			"this is shard 1 of 4: merge all of them to judge"},
	} {
		r := newResult(&m, tally, time.Second)
		r.Run.Ended = results.Completed
		c.change(r)
		judge(r, evidence{tally: tally, thresholds: newEvaluators(p99Below(1000), nil), doubts: c.doubts})
		if r.Verdict != results.Invalid || Because(r) != c.want {
			t.Errorf("%s: %s because %q, want invalid because %q", c.name, r.Verdict, Because(r), c.want)
		}
	}
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	// 1,000 requests of 10 events: 20 answered 429, 5 answered 503, 3 timed out,
	// 2 never left, 4 left late; of the 998 sent, all take 5 ms but the last, 900.
	change := func(i int, o *results.Outcome) {
		switch {
		case i < 20:
			o.Reason, o.Status = capture.RateLimited, 429
		case i < 25:
			o.Reason, o.Status = capture.Unavailable, 503
		case i < 28:
			o.Reason, o.Status = capture.AnswerTimeout, 0
		case i < 30:
			o.Reason, o.Status = capture.NoFreeConnection, 0
		case i < 34:
			o.Sent, o.Done, o.Cause = o.Sent+60*time.Millisecond, o.Done+60*time.Millisecond, results.NoConnection
		case i == 999:
			o.Done += 895 * time.Millisecond
		}
	}
	count := func(name, status string) scenario.Threshold {
		return scenario.Threshold{Metric: scenario.Metric{Name: name, Status: status}}
	}
	share := func(name, status string) scenario.Threshold {
		return scenario.Threshold{Metric: scenario.Metric{Name: name, Status: status}, Share: true}
	}
	quantile := func(name string, q float64) scenario.Threshold {
		return scenario.Threshold{Metric: scenario.Metric{Name: name, Quantile: q}}
	}
	for _, c := range []struct {
		d    scenario.Threshold
		op   string
		than float64
		ok   bool
		text string
	}{
		{quantile("latency", 0.5), "<=", 5.003, true, "5 ms"}, // the end of the bucket of 5 ms
		{quantile("latency", 0.5), "<", 5, false, "5 ms"},
		{quantile("latency", 1), "<", 901, true, "900.1 ms"},
		{quantile("service", 0.99), "<", 6, true, "5 ms"},
		{quantile("lag", 1), ">=", 60, true, "60 ms"},
		// (993 × 5 + 4 × 65 + 900) / 970: what all took, by those that were accepted.
		{scenario.Threshold{Metric: scenario.Metric{Name: "latency", Mean: true}}, "<", 6.4, true, "6.32 ms"},
		{scenario.Threshold{Metric: scenario.Metric{Name: "latency", Mean: true}}, "<", 6.3, false, "6.32 ms"},
		{share("rejected", ""), "<", 25.0 / 998, false, "2.51 % (25)"},
		{share("rejected", ""), "<=", 25.0 / 998, true, "2.51 % (25)"},
		{share("rejected", "429"), "==", 20.0 / 998, true, "2 % (20)"},
		{share("rejected", "5xx"), "==", 5.0 / 998, true, "0.5 % (5)"},
		{count("rejected", "4xx"), "==", 200, true, "200 events"},
		{count("rejected", "0"), "==", 0, true, "0 events"}, // the timeouts are ambiguous, not rejected
		{count("rejected", ""), "<", 250, false, "250 events"},
		{share("ambiguous", ""), ">", 0, true, "0.3 % (3)"},
		{count("unsent", ""), "!=", 0, true, "20 events"},
		{share("unsent", ""), "==", 0.002, true, "0.2 % (2)"}, // of the planned
		{share("late", ""), "==", 0.004, true, "0.4 % (4)"},
		{count("accepted", ""), ">=", 9700, true, "9,700 events"},
		{share("accepted", ""), ">", 0.99, false, "97 % (9,700 of 10,000 events)"},
		{count("moon", ""), "!=", 1, false, "unknown metric"},
		{count("accepted", ""), "=~", 1, false, "9,700 events"},
	} {
		c.d.Op, c.d.Value = c.op, c.than
		row := judged(1000, results.Completed, []scenario.Threshold{c.d}, change).Thresholds[0]
		if row.OK != c.ok || row.Value != c.text {
			t.Errorf("%+v: %v with %q, want %v with %q", c.d, row.OK, row.Value, c.ok, c.text)
		}
	}
}

func TestTooFewForTheQuantile(t *testing.T) {
	t.Parallel()
	// p99 wants 10/(1-0.99) = 1,000 requests.
	for n, want := range map[int]bool{999: true, 1000: false} {
		r := judged(n, results.Completed, p99Below(1000), late(0, results.OnTime))
		if got := len(r.Warnings) == 1; got != want || r.Verdict != results.Pass {
			t.Errorf("%d requests: %s, warnings %q", n, r.Verdict, r.Warnings)
		}
	}
	r := judged(999, results.Completed, p99Below(1000), late(0, results.OnTime))
	if want := "p99 < limit: only 999 requests (1,000 recommended)"; r.Warnings[0] != want {
		t.Errorf("warning %q, want %q", r.Warnings[0], want)
	}
}

func TestThresholdOnNothing(t *testing.T) {
	t.Parallel()
	r := judged(10, results.Completed, p99Below(1000), unsent(10, capture.NotBuilt))
	row := r.Thresholds[0]
	if row.OK || row.Value != "not measured, for nothing was accepted" || r.Verdict != results.Invalid {
		t.Errorf("%+v, verdict %s", row, r.Verdict)
	}
}

func TestLeftOutDetailsAreWarnedOf(t *testing.T) {
	t.Parallel()
	m := runtest.Manifest(1)
	tally := results.NewTally()
	o := runtest.Outcome(0, capture.Accepted, 200)
	tally.Record(&o)
	tally.LeftOut = 12_345
	r := newResult(&m, tally, time.Second)
	r.Run.Ended = results.Completed
	judge(r, evidence{tally: tally})
	want := "the details of 12,345 rejected requests were not kept"
	if len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], want) {
		t.Errorf("warnings %q, want %q", r.Warnings, want)
	}
}
