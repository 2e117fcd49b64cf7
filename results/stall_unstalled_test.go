package results

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
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
		{"left late", Outcome{Due: 10 * ms, Sent: 510 * ms, Done: 515 * ms, Stalled: 495 * ms}, 5 * ms, 0, 10 * ms,
			capture.Accepted},
		{"was in flight", Outcome{Due: 10 * ms, Sent: 10 * ms, Done: 515 * ms, Stalled: 500 * ms}, 0, 5 * ms, 5 * ms,
			capture.Accepted},
		{"no more than it took", Outcome{Due: 10 * ms, Sent: 12 * ms, Done: 15 * ms, Stalled: 2 * time.Second}, 0, 0, 0,
			capture.Accepted},
		{"a hair early", Outcome{Due: 10 * ms, Sent: 9 * ms, Done: 15 * ms, Stalled: 2 * ms}, -1 * ms, 4 * ms, 3 * ms,
			capture.Accepted},
		{"sent again", Outcome{Due: 0, Sent: 0, Done: 900 * ms, Waited: 700 * ms, Stalled: 100 * ms}, 0, 100 * ms,
			800 * ms, capture.Accepted},
		{"no stall", Outcome{Due: 0, Sent: ms, Done: 9 * ms, Reason: capture.AnswerTimeout}, ms, 8 * ms, 9 * ms,
			capture.AnswerTimeout},
		{"our time ran out", Outcome{Done: 9 * ms, Reason: capture.AnswerTimeout, Stalled: ms}, 0, 8 * ms, 8 * ms,
			capture.Accepted},
		{"the endpoint's time ran out", Outcome{Done: 9 * ms, Reason: capture.RequestTimeout, Status: 408, Stalled: ms},
			0, 8 * ms, 8 * ms, capture.Accepted},
		{"skipped", Outcome{Sent: 9 * ms, Done: 9 * ms, Reason: capture.GeneratorStalled, Stalled: 20 * ms}, 0, 0, 0,
			capture.Accepted},
		{"the endpoint's own word", Outcome{Done: 9 * ms, Reason: capture.RateLimited, Status: 429, Stalled: ms}, 0,
			8 * ms, 8 * ms, capture.RateLimited},
		{"nobody there", Outcome{Done: 9 * ms, Reason: capture.ConnectRefused, Stalled: ms}, 0, 8 * ms, 8 * ms,
			capture.ConnectRefused},
	} {
		at := c.o.unstalled()
		if at.Lag() != c.lag || at.Service() != c.service || at.Latency() != c.latency || at.Reason != c.reason ||
			at.Stalled != 0 {
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
			part.Reset()
			for i := range rapid.IntRange(0, 6).Draw(r, "requests") {
				o := outcome(i, rapid.SampledFrom([]capture.Reason{
					capture.Accepted, capture.AnswerTimeout, capture.RateLimited,
				}).Draw(r, "reason"), 0)
				o.Cause = LateStall
				o.Done += time.Duration(rapid.IntRange(0, 300).Draw(r, "ms")) * ms
				o.Stalled = time.Duration(rapid.SampledFrom([]int{0, 0, 0, 40, 250}).Draw(r, "stalled")) * ms
				stalled = stalled || o.Stalled > 0
				part.Record(&o)
				at := o.unstalled()
				want.Record(&at)
			}
			sum.Add(part)
		}
		best := sum.AtBest()
		if (sum.Unstalled != nil) != stalled {
			t.Fatalf("stalled %v, a tally without stalls: %v", stalled, sum.Unstalled != nil)
		}
		if best.Fates != want.Fates || best.Late != want.Late ||
			!slices.Equal(best.Latency.Buckets(), want.Latency.Buckets()) ||
			!slices.Equal(best.Service.Buckets(), want.Service.Buckets()) ||
			!slices.Equal(best.Lag.Buckets(), want.Lag.Buckets()) {
			t.Fatalf("%+v, want %+v", best.Fates, want.Fates)
		}
	})
}

// TestUnanswered: how long nothing was answered is counted from the last tick that saw
// an answer, and only while something was asked.
func TestUnanswered(t *testing.T) {
	const noReason = capture.Reason(255)
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
			r.Sender(0).Record(&o)
		}
		iv := r.Tick(time.Duration(i+1)*time.Second, c.inFlight)
		if iv.Unanswered != c.want {
			t.Errorf("tick %d: no answer for %v, want %v", i, iv.Unanswered, c.want)
		}
	}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	good := Result{
		Run:        RunInfo{Ended: Completed},
		Planned:    Planned{Requests: 10, Events: 100},
		Requests:   RequestTotals{Totals: Totals{Sent: 9, Accepted: 6, Rejected: 2, Ambiguous: 1, Unsent: 1}},
		Events:     Totals{Sent: 90, Accepted: 60, Rejected: 20, Ambiguous: 10, Unsent: 10},
		Rejections: []RejectionRow{{Requests: 4, Events: 40}}, // 2 + 1 + 1
	}
	for _, c := range []struct {
		name   string
		change func(*Result)
		want   string // empty: they balance
	}{
		{"good", func(*Result) {}, ""},
		{"requests planned", func(r *Result) { r.Planned.Requests++ }, "11 requests planned, but 9 sent + 1 unsent"},
		{"events planned", func(r *Result) { r.Planned.Events-- }, "99 events planned, but 90 sent + 10 unsent"},
		{"requests sent", func(r *Result) { r.Requests.Rejected++ },
			"9 requests sent, but 6 accepted + 3 rejected + 1 ambiguous"},
		{"events sent", func(r *Result) { r.Events.Accepted-- },
			"90 events sent, but 59 accepted + 20 rejected + 10 ambiguous"},
		{"unexplained", func(r *Result) { r.Rejections = nil },
			"4 requests (40 events) not accepted, rejections explain 0 (0)"},
		{"unexplained while running", func(r *Result) { r.Rejections, r.Run.Ended = nil, Running }, ""},
	} {
		r := good
		c.change(&r)
		err := r.Balance()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
