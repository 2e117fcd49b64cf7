package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
	"rehearse/scenario"
)

// rank is how good a verdict is. An invalid run says nothing of the endpoint, and
// nothing that an endpoint does may make a run that is judged one.
func rank(v results.Verdict) int {
	return slices.Index([]results.Verdict{results.Fail, results.Invalid, results.Pass}, v)
}

// TestRefusingNeverHelps: whatever a scenario thresholds, an endpoint that refuses a
// request, or is silent to it, in place of accepting it in the same time never fares
// better. What thresholds refusals is left out: there it is what is asked for.
func TestRefusingNeverHelps(t *testing.T) {
	t.Parallel()
	demands := []string{
		"p99 < 500ms", "p50 < 100ms", "p99.9 < 1s", "max < 2s", "mean < 200ms", "service p90 < 300ms",
		"service mean < 100ms",
		"rejected < 5%", "rejected(5xx) < 10%", "rejected == 0", "ambiguous < 20%", "ambiguous == 0", "dropped < 30%",
		"accepted > 50%", "accepted >= 99.5%", "unsent < 2%", "late < 50%", "rejected <= 60%", "accepted >= 30",
	}
	verdicts := map[results.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "requests")
		outcomes := make([]results.Outcome, n)
		for i := range outcomes {
			outcomes[i] = drawOutcome(t, i)
		}
		var thresholds []scenario.Threshold
		for range rapid.IntRange(0, 4).Draw(t, "thresholds") {
			d, err := scenario.ParseThreshold(rapid.SampledFrom(demands).Draw(t, "threshold"))
			if err != nil {
				t.Fatal(err)
			}
			thresholds = append(thresholds, d)
		}
		before := verdictOf(outcomes, thresholds)
		for range rapid.IntRange(1, n).Draw(t, "turned") {
			o := &outcomes[rapid.IntRange(0, n-1).Draw(t, "which")]
			if o.Reason == capture.Accepted {
				turnDown(t, o)
			}
		}
		after := verdictOf(outcomes, thresholds)
		verdicts[before.Verdict]++
		if rank(after.Verdict) > rank(before.Verdict) {
			t.Fatalf("%s (%s) became %s (%s)", before.Verdict, Because(before), after.Verdict, Because(after))
		}
	})
	if verdicts[results.Pass] == 0 || verdicts[results.Fail] == 0 {
		t.Errorf("%v: nothing was shown", verdicts)
	}
}

// drawOutcome is request i, which mostly was accepted.
func drawOutcome(t *rapid.T, i int) results.Outcome {
	o := runtest.Outcome(i, capture.Accepted, 200)
	o.Done = o.Sent + time.Duration(rapid.SampledFrom([]int{1, 3, 20, 150, 700, 3000}).Draw(t, "took"))*time.Millisecond
	if rapid.IntRange(0, 9).Draw(t, "good") == 0 {
		turnDown(t, &o)
	}
	return o
}

// turnDown makes an outcome one that was not accepted.
func turnDown(t *rapid.T, o *results.Outcome) {
	kind := rapid.SampledFrom([]results.Refusal{
		{Reason: capture.Unavailable, Status: 503, MayBeStored: true},
		{Reason: capture.RateLimited, Status: 429, MayBeStored: false},
		{Reason: capture.AnswerTimeout, Status: 0, MayBeStored: false},
		{Reason: capture.UnknownAnswer, Status: 200, MayBeStored: false},
		{Reason: capture.ConnectRefused, Status: 0, MayBeStored: false},
	}).Draw(t, "refused")
	o.Reason, o.Status, o.MayBeStored = kind.Reason, kind.Status, kind.MayBeStored
}

// verdictOf judges a run of these requests.
func verdictOf(outcomes []results.Outcome, thresholds []scenario.Threshold) *results.Result {
	tally := results.NewTally()
	for i := range outcomes {
		tally.Record(&outcomes[i])
	}
	m := runtest.Manifest(len(outcomes))
	m.Shard.Of = 1
	r := newResult(&m, tally, time.Second)
	r.Run.Ended = results.Completed
	judge(r, evidence{tally: tally, thresholds: newEvaluators(thresholds, nil)})
	return r
}

// TestTimesOfAccepted holds the measure of latency against its definition: of the
// quantile, at most as many of all requests took longer as it leaves of those that
// were accepted; and a refusal that is fast leaves that of the accepted ones alone.
func TestTimesOfAccepted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tally, accepted := results.NewTally(), results.NewHistogram()
		fast := rapid.Bool().Draw(t, "fast refusals")
		n, refused := rapid.IntRange(1, 300).Draw(t, "accepted"), rapid.IntRange(0, 300).Draw(t, "refused")
		took := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range n + refused {
			o := runtest.Outcome(i, capture.Accepted, 200)
			o.Done = o.Sent + time.Duration(50+took.IntN(5000))*time.Millisecond
			if i >= n {
				o.Reason, o.Status = capture.Unavailable, 503
				if fast {
					o.Done = o.Sent + time.Millisecond
				}
			} else {
				accepted.Record(o.Latency())
			}
			tally.Record(&o)
		}
		q := rapid.SampledFrom([]float64{0.5, 0.9, 0.99, 0.999, 1}).Draw(t, "quantile")
		d := scenario.Threshold{Metric: scenario.Metric{Name: "latency", Quantile: q}, Op: "<", Value: 1e9}
		got := scopeOf(tally, nil).measure(&d)
		value := time.Duration(math.Round(got.value * float64(time.Millisecond)))
		if over, most := tally.Latency.Over(value), (1-q)*float64(n); float64(over) > most+0.5001 { // the nearest rank
			t.Fatalf("p%v of %d accepted is %v, and %d of all took longer", q*100, n, value, over)
		}
		if value < accepted.Quantile(q) || value < tally.Latency.Quantile(q) {
			t.Fatalf("p%v is %v, of accepted %v, of all %v",
				q*100, value, accepted.Quantile(q), tally.Latency.Quantile(q))
		}
		if fast && value != accepted.Quantile(q) {
			t.Fatalf("p%v is %v, of accepted requests %v, and no refusal took longer",
				q*100, value, accepted.Quantile(q))
		}
	})
}

// TestNothingAccepted: nothing accepted is no pass whatever is demanded, and the
// sentence says what came in place of it.
func TestNothingAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reason  capture.Reason
		status  int
		verdict results.Verdict
		because string
	}{
		{capture.Unavailable, 503, results.Fail, "nothing was accepted of 60 requests: 60 × unavailable 503"},
		{capture.NotFound, 404, results.Fail, "nothing was accepted of 60 requests: 60 × not_found 404"},
		{capture.Unauthorized, 401, results.Fail, "60 × unauthorized 401"},
		{capture.ConnectRefused, 0, results.Fail, "60 × connect_refused (connection refused: nothing listens there)"},
		{capture.UnknownAnswer, 200, results.Fail, "60 × unknown_answer 200 (not the answer of a capture endpoint)"},
		{capture.TLSFailed, 0, results.Fail, "60 × tls_failed (no encrypted connection: the port may not speak TLS)"},
		{capture.GarbledAnswer, 0, results.Fail, "60 × garbled_answer (not an HTTP answer"},
		{capture.Redirected, 302, results.Fail, "60 × redirected 302 (redirects are not followed)"},
		{capture.AnswerTimeout, 0, results.Fail, "60 × answer_timeout (no answer in time)"},
		{capture.ClosedBeforeAnswer, 0, results.Fail, "60 × closed_before_answer (it hung up"},
		{capture.NoSocket, 0, results.Invalid, "no"},   // nobody was asked
		{capture.Abandoned, 0, results.Invalid, "not"}, // nobody waited
		{capture.NotStarted, 0, results.Invalid, "nothing was sent"},
	} {
		for _, demands := range [][]string{
			nil,
			{"p99 < 500ms"},
			{"rejected <= 100%", "ambiguous <= 100%"},
			{"accepted >= 0%"},
			{"accepted == 0"},
			{"dropped <= 100%"},
		} {
			r := judged(60, results.Completed, runtest.Thresholds(t, demands), func(_ int, o *results.Outcome) {
				o.Reason, o.Status = c.reason, c.status
			})
			ours := c.reason.Side() == capture.Ours
			if r.Verdict == results.Pass || !ours && r.Verdict != c.verdict ||
				!strings.Contains(Because(r), c.because) {
				t.Errorf("%v with %q: %s because %q, want %s because %q",
					c.reason, demands, r.Verdict, Because(r), c.verdict, c.because)
			}
			if c.verdict == results.Fail &&
				(len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "nothing was accepted")) {
				t.Errorf("%v: failures %q", c.reason, r.Failures)
			}
		}
	}
}

// TestStallsExcuseTheirOwn: a stall that may have broken one request of sixty is no
// excuse for an endpoint that hung up on all of them; one that may have broken every
// request is.
func TestStallsExcuseTheirOwn(t *testing.T) {
	t.Parallel()
	for stalled, want := range map[int]results.Verdict{
		0:  results.Fail,
		1:  results.Fail,
		59: results.Fail,
		60: results.Invalid,
	} {
		r := judged(60, results.Completed,
			runtest.Thresholds(t, []string{"p99 < 500ms"}), func(i int, o *results.Outcome) {
				if o.Reason, o.Status = capture.ClosedBeforeAnswer, 0; i < stalled {
					o.Stalled = time.Millisecond
				}
			})
		if r.Verdict != want || (want == results.Fail) != (len(r.Failures) == 1 &&
			strings.Contains(Because(r), "60 × closed_before_answer")) {
			t.Errorf("%d stalled: %s because %q, failures %q", stalled, r.Verdict, Because(r), r.Failures)
		}
	}
}

// TestImpliedThreshold: 99 % of what is expected to be accepted is demanded, unless a
// threshold speaks of it, and what others put up with is not held against a run.
func TestImpliedThreshold(t *testing.T) {
	t.Parallel()
	refused := func(n int, reason capture.Reason, status int) func(int, *results.Outcome) {
		return func(i int, o *results.Outcome) {
			if i < n {
				o.Reason, o.Status = reason, status
			}
		}
	}
	expected := func(n, unfit int) func(int, *results.Outcome) {
		return func(i int, o *results.Outcome) {
			if refused(n, capture.BadRequest, 400)(i, o); i < unfit {
				o.ExpectRefused = o.Events
			}
		}
	}
	for _, c := range []struct {
		name    string
		demands []string
		change  func(int, *results.Outcome)
		verdict results.Verdict
		implied string // its value; empty: there is none
	}{
		{"all", nil, refused(0, 0, 0), results.Pass, "100 % (10,000 of 10,000 events)"},
		{"a hundredth", nil, refused(10, capture.Unavailable, 503), results.Pass, "99 % (9,900 of 10,000 events)"},
		{"more", nil, refused(11, capture.Unavailable, 503), results.Fail, "98.9 % (9,890 of 10,000 events)"},
		{"ambiguous", []string{"rejected < 0.1%"}, refused(11, capture.AnswerTimeout, 0), results.Fail,
			"98.9 % (9,890 of 10,000 events)"},
		{"unsent", []string{"rejected < 0.1%"}, unsent(11, capture.NoFreeConnection), results.Invalid,
			"98.9 % (9,890 of 10,000 events)"},
		{"settable", []string{"accepted >= 90%"}, refused(50, capture.Unavailable, 503), results.Pass, ""},
		{"settable, and not met", []string{"accepted >= 99.5%"}, refused(10, capture.Unavailable, 503),
			results.Fail, ""},
		{"by what was not accepted", []string{"dropped < 6%"}, refused(50, capture.AnswerTimeout, 0), results.Pass, ""},
		{"of a stage alone", []string{"accepted >= 90% in x"}, refused(11, capture.Unavailable, 503), results.Fail,
			"98.9 % (9,890 of 10,000 events)"},
		{"put up with", []string{"rejected < 6%"}, refused(50, capture.Unavailable, 503), results.Pass,
			"100 % (9,500 of 9,500 events)"},
		{"put up with, and more", []string{"rejected < 4%"}, refused(50, capture.Unavailable, 503), results.Fail,
			"95 % (9,500 of 10,000 events)"},
		{"a status is put up with", []string{"rejected(5xx) < 6%"}, refused(50, capture.Unavailable, 503), results.Pass,
			"100 % (9,500 of 9,500 events)"},
		{"another is", []string{"rejected(429) < 6%"}, refused(50, capture.Unavailable, 503), results.Fail,
			"95 % (9,500 of 10,000 events)"},
		{"silence is put up with", []string{"ambiguous < 6%"}, refused(50, capture.AnswerTimeout, 0), results.Pass,
			"100 % (9,500 of 9,500 events)"},
		{"demanded is not put up with", []string{"rejected(5xx) > 0"}, refused(50, capture.Unavailable, 503),
			results.Fail, "95 % (9,500 of 10,000 events)"},
		{"an exact number", []string{"rejected == 500"}, refused(50, capture.Unavailable, 503), results.Pass,
			"100 % (9,500 of 9,500 events)"},
		{"wrong on purpose", nil, expected(50, 50), results.Pass, "100 % (9,500 of 9,500 events)"},
		{"wrong on purpose, and taken", nil, expected(0, 50), results.Pass, "100 % (10,000 of 10,000 events)"},
		{"others than those", nil, expected(50, 30), results.Fail, "97.94 % (9,500 of 9,700 events)"},
	} {
		r := judged(1000, results.Completed, runtest.Thresholds(t, c.demands), c.change)
		got := ""
		if last := r.Thresholds[len(r.Thresholds)-1]; last.Implied {
			got = last.Value
		}
		if strings.HasSuffix(strings.Join(c.demands, ""), "in x") {
			r.Thresholds = r.Thresholds[1:]
		}
		if r.Verdict != c.verdict || got != c.implied {
			t.Errorf("%s: %s because %q, implied %q; want %s, %q",
				c.name, r.Verdict, Because(r), got, c.verdict, c.implied)
		}
	}
}

// TestUnsentIsNotTheEndpoints: an interrupted run whose endpoint took all that came
// is invalid, not a fail, also where a threshold on what is accepted is written down;
// one whose endpoint did not is a fail.
func TestUnsentIsNotTheEndpoints(t *testing.T) {
	t.Parallel()
	for _, demands := range [][]string{nil, {"accepted >= 99%"}, {"accepted > 95%", "p99 < 1s"}} {
		r := judged(1000, results.Interrupted, runtest.Thresholds(t, demands), unsent(500, capture.NotStarted))
		if r.Verdict != results.Invalid || !strings.Contains(Because(r), "the run did not reach its end") {
			t.Errorf("%q: %s because %q", demands, r.Verdict, Because(r))
		}
		r = judged(1000, results.Interrupted, runtest.Thresholds(t, demands), func(i int, o *results.Outcome) {
			if unsent(500, capture.NotStarted)(i, o); i >= 900 {
				o.Reason, o.Status = capture.Unavailable, 503
			}
		})
		if r.Verdict != results.Fail {
			t.Errorf("%q and refused: %s because %q", demands, r.Verdict, Because(r))
		}
	}
}

// TestPartlyAccepted: a request of which v1 took some events is served, though as a
// request it is as good as its worst event.
func TestPartlyAccepted(t *testing.T) {
	t.Parallel()
	r := judged(1000, results.Completed,
		runtest.Thresholds(t, []string{"p99 < 500ms", "accepted >= 85%"}), func(_ int, o *results.Outcome) {
			o.Reason = capture.Dropped
			o.Parts = []results.EventGroup{
				{First: o.First, Events: 9, Reason: capture.Accepted,
					Said: results.EventAnswer{Verdict: capture.VerdictOk}},
				{First: o.First + 9, Events: 1, Reason: capture.Dropped,
					Said: results.EventAnswer{Verdict: capture.VerdictDrop}},
			}
		})
	if r.Verdict != results.Pass || r.AcceptedLatency == nil || r.AcceptedLatency.Count != 1000 {
		t.Errorf("%s because %q, accepted %+v", r.Verdict, Because(r), r.AcceptedLatency)
	}
}

// TestLeftOutOfTheRecording: a replay of two thirds of a recording is not what was
// asked for, unless the scenario says what may be left out.
func TestLeftOutOfTheRecording(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left, of int64
		most     float64
		want     results.Verdict
	}{
		{0, 0, 0.01, results.Pass}, {1, 100, 0.01, results.Pass}, {2, 100, 0.01, results.Invalid},
		{79, 247, 0.01, results.Invalid}, {79, 247, 0, results.Pass},
	} {
		tally := runtest.Second(100, 0, 5*time.Millisecond)
		m := runtest.Manifest(100)
		m.Shard.Of = 1
		m.Planned.Lines, m.Planned.LeftOut, m.Planned.MostLeftOut = c.of, c.left, c.most
		r := newResult(&m, tally, time.Second)
		r.Run.Ended = results.Completed
		judge(r, evidence{tally: tally, thresholds: newEvaluators(nil, nil)})
		if r.Verdict != c.want {
			t.Errorf("%d of %d lines left out, at most %v: %s because %q, want %s",
				c.left, c.of, c.most, r.Verdict, Because(r), c.want)
		}
		if want := fmt.Sprintf("(%d of %d lines)", c.left, c.of); c.want == results.Invalid &&
			!strings.Contains(Because(r), want) {
			t.Errorf("because %q, want %q", Because(r), want)
		}
	}
}
