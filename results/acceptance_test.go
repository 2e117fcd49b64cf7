package results

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/capture"
	"rehearse/scenario"
)

// rank is how good a verdict is. An invalid run says nothing of the endpoint, and
// nothing that an endpoint does may make a run that is judged one.
func rank(v Verdict) int { return slices.Index([]Verdict{Fail, Invalid, Pass}, v) }

// TestRefusingNeverHelps: whatever a scenario demands, an endpoint that refuses a
// request, or is silent to it, in place of accepting it in the same time never fares
// better. What demands refusals is left out: there it is what is asked for.
func TestRefusingNeverHelps(t *testing.T) {
	t.Parallel()
	demands := []string{
		"p99 < 500ms", "p50 < 100ms", "p99.9 < 1s", "max < 2s", "mean < 200ms", "service p90 < 300ms", "service mean < 100ms",
		"rejected < 5%", "rejected(5xx) < 10%", "rejected == 0", "ambiguous < 20%", "ambiguous == 0", "dropped < 30%",
		"accepted > 50%", "accepted >= 99.5%", "unsent < 2%", "late < 50%", "rejected <= 60%", "accepted >= 30",
	}
	verdicts := map[Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "requests")
		outcomes := make([]Outcome, n)
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
			t.Fatalf("%s (%s) became %s (%s)", before.Verdict, before.Because(), after.Verdict, after.Because())
		}
	})
	if verdicts[Pass] == 0 || verdicts[Fail] == 0 {
		t.Errorf("%v: nothing was shown", verdicts)
	}
}

// drawOutcome is request i, which mostly was accepted.
func drawOutcome(t *rapid.T, i int) Outcome {
	o := SampleOutcome(i, capture.Accepted, 200)
	o.Done = o.Sent + time.Duration(rapid.SampledFrom([]int{1, 3, 20, 150, 700, 3000}).Draw(t, "took"))*time.Millisecond
	if rapid.IntRange(0, 9).Draw(t, "good") == 0 {
		turnDown(t, &o)
	}
	return o
}

// turnDown makes an outcome one that was not accepted.
func turnDown(t *rapid.T, o *Outcome) {
	kind := rapid.SampledFrom([]Refusal{
		{capture.Unavailable, 503, true}, {capture.RateLimited, 429, false}, {capture.AnswerTimeout, 0, false}, {capture.UnknownAnswer, 200, false},
		{capture.ConnectRefused, 0, false},
	}).Draw(t, "refused")
	o.Reason, o.Status, o.MayBeStored = kind.Reason, kind.Status, kind.MayBeStored
}

// verdictOf judges a run of these requests.
func verdictOf(outcomes []Outcome, thresholds []scenario.Threshold) *Result {
	tally := NewTally()
	for i := range outcomes {
		tally.record(&outcomes[i])
	}
	m := SampleManifest(len(outcomes))
	m.Shard.Of = 1
	r := newResult(&m, tally, time.Second)
	r.Run.Ended = Completed
	judge(r, evidence{tally: tally, demands: newDemands(thresholds, nil)})
	return r
}

// TestTimesOfAccepted holds the measure of latency against its definition: of the
// quantile, at most as many of all requests took longer as it leaves of those that
// were accepted; and a refusal that is fast leaves that of the accepted ones alone.
func TestTimesOfAccepted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tally, accepted := NewTally(), NewHistogram()
		fast := rapid.Bool().Draw(t, "fast refusals")
		n, refused := rapid.IntRange(1, 300).Draw(t, "accepted"), rapid.IntRange(0, 300).Draw(t, "refused")
		took := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range n + refused {
			o := SampleOutcome(i, capture.Accepted, 200)
			o.Done = o.Sent + time.Duration(50+took.IntN(5000))*time.Millisecond
			if i >= n {
				o.Reason, o.Status = capture.Unavailable, 503
				if fast {
					o.Done = o.Sent + time.Millisecond
				}
			} else {
				accepted.Record(o.Latency())
			}
			tally.record(&o)
		}
		q := rapid.SampledFrom([]float64{0.5, 0.9, 0.99, 0.999, 1}).Draw(t, "quantile")
		d := scenario.Threshold{Metric: scenario.Metric{Name: "latency", Quantile: q}, Op: "<", Value: 1e9}
		got := partOf(tally, nil).measure(&d)
		value := time.Duration(math.Round(got.value * float64(time.Millisecond)))
		if over, most := tally.Latency.Over(value), (1-q)*float64(n); float64(over) > most+0.5001 { // the nearest rank
			t.Fatalf("p%v of %d accepted is %v, and %d of all took longer", q*100, n, value, over)
		}
		if value < accepted.Quantile(q) || value < tally.Latency.Quantile(q) {
			t.Fatalf("p%v is %v, of accepted %v, of all %v", q*100, value, accepted.Quantile(q), tally.Latency.Quantile(q))
		}
		if fast && value != accepted.Quantile(q) {
			t.Fatalf("p%v is %v, of accepted requests %v, and no refusal took longer", q*100, value, accepted.Quantile(q))
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
		verdict Verdict
		because string
	}{
		{capture.Unavailable, 503, Fail, "nothing was accepted of 60 requests: 60 × unavailable 503"},
		{capture.NotFound, 404, Fail, "nothing was accepted of 60 requests: 60 × not_found 404"},
		{capture.Unauthorized, 401, Fail, "60 × unauthorized 401"},
		{capture.ConnectRefused, 0, Fail, "60 × connect_refused (nobody listens there)"},
		{capture.UnknownAnswer, 200, Fail, "60 × unknown_answer 200 (not the answer of a capture endpoint)"},
		{capture.TLSFailed, 0, Fail, "60 × tls_failed (no encrypted connection: the port may not speak TLS)"},
		{capture.GarbledAnswer, 0, Fail, "60 × garbled_answer (not an HTTP answer"},
		{capture.Redirected, 302, Fail, "60 × redirected 302 (redirects are not followed)"},
		{capture.AnswerTimeout, 0, Fail, "60 × answer_timeout (no answer in time)"},
		{capture.ClosedBeforeAnswer, 0, Fail, "60 × closed_before_answer (it hung up"},
		{capture.NoSocket, 0, Invalid, "no"},   // nobody was asked
		{capture.Abandoned, 0, Invalid, "not"}, // nobody waited
		{capture.NotStarted, 0, Invalid, "nothing was sent"},
	} {
		for _, demands := range [][]string{nil, {"p99 < 500ms"}, {"rejected <= 100%", "ambiguous <= 100%"}, {"accepted >= 0%"}, {"accepted == 0"}, {"dropped <= 100%"}} {
			r := judged(60, Completed, SampleThresholds(t, demands), func(_ int, o *Outcome) { o.Reason, o.Status = c.reason, c.status })
			ours := c.reason.Side() == capture.Ours
			if r.Verdict == Pass || !ours && r.Verdict != c.verdict || !strings.Contains(r.Because(), c.because) {
				t.Errorf("%v with %q: %s because %q, want %s because %q", c.reason, demands, r.Verdict, r.Because(), c.verdict, c.because)
			}
			if c.verdict == Fail && (len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "nothing was accepted")) {
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
	for stalled, want := range map[int]Verdict{0: Fail, 1: Fail, 59: Fail, 60: Invalid} {
		r := judged(60, Completed, SampleThresholds(t, []string{"p99 < 500ms"}), func(i int, o *Outcome) {
			if o.Reason, o.Status = capture.ClosedBeforeAnswer, 0; i < stalled {
				o.Stalled = time.Millisecond
			}
		})
		if r.Verdict != want || (want == Fail) != (len(r.Failures) == 1 && strings.Contains(r.Because(), "60 × closed_before_answer")) {
			t.Errorf("%d stalled: %s because %q, failures %q", stalled, r.Verdict, r.Because(), r.Failures)
		}
	}
}

// TestImpliedThreshold: 99 % of what is expected to be accepted is demanded, unless a
// threshold speaks of it, and what others put up with is not held against a run.
func TestImpliedThreshold(t *testing.T) {
	t.Parallel()
	refused := func(n int, reason capture.Reason, status int) func(int, *Outcome) {
		return func(i int, o *Outcome) {
			if i < n {
				o.Reason, o.Status = reason, status
			}
		}
	}
	expected := func(n, unfit int) func(int, *Outcome) {
		return func(i int, o *Outcome) {
			if refused(n, capture.BadRequest, 400)(i, o); i < unfit {
				o.ExpectRefused = o.Events
			}
		}
	}
	for _, c := range []struct {
		name    string
		demands []string
		change  func(int, *Outcome)
		verdict Verdict
		implied string // its value; empty: there is none
	}{
		{"all", nil, refused(0, 0, 0), Pass, "100 % (10,000 of 10,000 events)"},
		{"a hundredth", nil, refused(10, capture.Unavailable, 503), Pass, "99 % (9,900 of 10,000 events)"},
		{"more", nil, refused(11, capture.Unavailable, 503), Fail, "98.9 % (9,890 of 10,000 events)"},
		{"ambiguous", []string{"rejected < 0.1%"}, refused(11, capture.AnswerTimeout, 0), Fail, "98.9 % (9,890 of 10,000 events)"},
		{"unsent", []string{"rejected < 0.1%"}, unsent(11, capture.NoFreeConnection), Invalid, "98.9 % (9,890 of 10,000 events)"},
		{"settable", []string{"accepted >= 90%"}, refused(50, capture.Unavailable, 503), Pass, ""},
		{"settable, and not met", []string{"accepted >= 99.5%"}, refused(10, capture.Unavailable, 503), Fail, ""},
		{"by what was not accepted", []string{"dropped < 6%"}, refused(50, capture.AnswerTimeout, 0), Pass, ""},
		{"of a stage alone", []string{"accepted >= 90% in x"}, refused(11, capture.Unavailable, 503), Fail, "98.9 % (9,890 of 10,000 events)"},
		{"put up with", []string{"rejected < 6%"}, refused(50, capture.Unavailable, 503), Pass, "100 % (9,500 of 9,500 events)"},
		{"put up with, and more", []string{"rejected < 4%"}, refused(50, capture.Unavailable, 503), Fail, "95 % (9,500 of 10,000 events)"},
		{"a status is put up with", []string{"rejected(5xx) < 6%"}, refused(50, capture.Unavailable, 503), Pass, "100 % (9,500 of 9,500 events)"},
		{"another is", []string{"rejected(429) < 6%"}, refused(50, capture.Unavailable, 503), Fail, "95 % (9,500 of 10,000 events)"},
		{"silence is put up with", []string{"ambiguous < 6%"}, refused(50, capture.AnswerTimeout, 0), Pass, "100 % (9,500 of 9,500 events)"},
		{"demanded is not put up with", []string{"rejected(5xx) > 0"}, refused(50, capture.Unavailable, 503), Fail, "95 % (9,500 of 10,000 events)"},
		{"an exact number", []string{"rejected == 500"}, refused(50, capture.Unavailable, 503), Pass, "100 % (9,500 of 9,500 events)"},
		{"wrong on purpose", nil, expected(50, 50), Pass, "100 % (9,500 of 9,500 events)"},
		{"wrong on purpose, and taken", nil, expected(0, 50), Pass, "100 % (10,000 of 10,000 events)"},
		{"others than those", nil, expected(50, 30), Fail, "97.94 % (9,500 of 9,700 events)"},
	} {
		r := judged(1000, Completed, SampleThresholds(t, c.demands), c.change)
		got := ""
		if last := r.Thresholds[len(r.Thresholds)-1]; last.Implied {
			got = last.Value
		}
		if strings.HasSuffix(strings.Join(c.demands, ""), "in x") {
			r.Thresholds = r.Thresholds[1:]
		}
		if r.Verdict != c.verdict || got != c.implied {
			t.Errorf("%s: %s because %q, implied %q; want %s, %q", c.name, r.Verdict, r.Because(), got, c.verdict, c.implied)
		}
	}
}

// TestUnsentIsNotTheEndpoints: an interrupted run whose endpoint took all that came
// is invalid, not a fail, also where a threshold on what is accepted is written down;
// one whose endpoint did not is a fail.
func TestUnsentIsNotTheEndpoints(t *testing.T) {
	t.Parallel()
	for _, demands := range [][]string{nil, {"accepted >= 99%"}, {"accepted > 95%", "p99 < 1s"}} {
		r := judged(1000, Interrupted, SampleThresholds(t, demands), unsent(500, capture.NotStarted))
		if r.Verdict != Invalid || !strings.Contains(r.Because(), "the run did not reach its end") {
			t.Errorf("%q: %s because %q", demands, r.Verdict, r.Because())
		}
		r = judged(1000, Interrupted, SampleThresholds(t, demands), func(i int, o *Outcome) {
			if unsent(500, capture.NotStarted)(i, o); i >= 900 {
				o.Reason, o.Status = capture.Unavailable, 503
			}
		})
		if r.Verdict != Fail {
			t.Errorf("%q and refused: %s because %q", demands, r.Verdict, r.Because())
		}
	}
}

// TestPartlyAccepted: a request of which v1 took some events is served, though as a
// request it is as good as its worst event.
func TestPartlyAccepted(t *testing.T) {
	t.Parallel()
	r := judged(1000, Completed, SampleThresholds(t, []string{"p99 < 500ms", "accepted >= 85%"}), func(_ int, o *Outcome) {
		o.Reason = capture.Dropped
		o.Parts = []Part{
			{First: o.First, Events: 9, Reason: capture.Accepted, Said: Said{Verdict: capture.VerdictOk}},
			{First: o.First + 9, Events: 1, Reason: capture.Dropped, Said: Said{Verdict: capture.VerdictDrop}},
		}
	})
	if r.Verdict != Pass || r.AcceptedLatency == nil || r.AcceptedLatency.Count != 1000 {
		t.Errorf("%s because %q, accepted %+v", r.Verdict, r.Because(), r.AcceptedLatency)
	}
}

// TestLeftOutOfTheRecording: a replay of two thirds of a recording is not what was
// asked for, unless the scenario says what may be left out.
func TestLeftOutOfTheRecording(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		left, of int64
		most     float64
		want     Verdict
	}{
		{0, 0, 0.01, Pass}, {1, 100, 0.01, Pass}, {2, 100, 0.01, Invalid}, {79, 247, 0.01, Invalid}, {79, 247, 0, Pass},
	} {
		tally := SampleSecond(100, 0, 5*time.Millisecond)
		m := SampleManifest(100)
		m.Shard.Of = 1
		m.Planned.Lines, m.Planned.LeftOut, m.Planned.MostLeftOut = c.of, c.left, c.most
		r := newResult(&m, tally, time.Second)
		r.Run.Ended = Completed
		judge(r, evidence{tally: tally, demands: newDemands(nil, nil)})
		if r.Verdict != c.want {
			t.Errorf("%d of %d lines left out, at most %v: %s because %q, want %s", c.left, c.of, c.most, r.Verdict, r.Because(), c.want)
		}
		if want := fmt.Sprintf("(%d of %d lines)", c.left, c.of); c.want == Invalid && !strings.Contains(r.Because(), want) {
			t.Errorf("because %q, want %q", r.Because(), want)
		}
	}
}
