package generator

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// TestIntervalsSayWhatIsOwed: at every tick, what is in flight is what was due and has
// no answer, and the rate asked for is that of the middle of the interval.
func TestIntervalsSayWhatIsOwed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "line(0, 1000, 10s)", "")
		s.Target.Connections = 64
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 137 * ms}}
		due := dues(t, s)
		ticks := 0
		r.watch = func(iv *results.Interval) {
			if iv.To > 10*time.Second {
				return
			}
			ticks++
			if middle := (iv.From + iv.To) / 2; math.Abs(iv.Target-100*middle.Seconds()) > 1 {
				t.Errorf("from %v to %v: %v events/s asked for, want %v", iv.From, iv.To, iv.Target, 100*middle.Seconds())
			}
			came := int64(0)
			for _, d := range due {
				if d < iv.To {
					came++
				}
			}
			owed := came - iv.Total.Sent().Requests
			if n := iv.InFlight.Requests; n < owed-1 || n > owed+1 || iv.InFlight.Events != 10*n {
				t.Errorf("at %v: %+v in flight, want %d requests of ten events", iv.To, iv.InFlight, owed)
			}
		}
		r.run(t)
		if ticks != 10 {
			t.Errorf("%d ticks", ticks)
		}
	})
}

// TestOneUnstartedRequest: a run from which a single request is missing is not complete.
func TestOneUnstartedRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(10, 5s)", "")
		due := dues(t, s)
		soft, end := context.WithTimeout(t.Context(), due[len(due)-1]-ms)
		defer end()
		r := stageRun{scenario: s, soft: soft}
		r.run(t)
		if n := r.balance(t)[capture.FateUnsent].Requests; n != 1 || !r.summary.Interrupted || r.summary.OutOfTime {
			t.Errorf("%d unsent, %+v", n, r.summary)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(10, 2s)", "")
		s.Target.Connections, s.Target.Timeout = 1, time.Minute
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 40 * time.Second}}
		r.run(t)
		if n := r.balance(t)[capture.FateUnsent].Requests; n != 1 || r.summary.Interrupted || !r.summary.OutOfTime {
			t.Errorf("%d unsent of %d, %+v", n, r.plan.Requests, r.summary)
		}
	})
}

// TestSummaryCountsWhatWasDealt: a source that held more than was planned, and batches
// that were split, make the plan larger, never smaller.
func TestSummaryCountsWhatWasDealt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		planned, dealt results.Count
		split          int64
		want           results.Count
	}{
		{results.Count{Requests: 3, Events: 30}, results.Count{Requests: 3, Events: 30}, 0, results.Count{Requests: 3, Events: 30}},
		{results.Count{Requests: 3, Events: 30}, results.Count{Requests: 2, Events: 20}, 1, results.Count{Requests: 4, Events: 30}},
		{results.Count{Requests: 3, Events: 30}, results.Count{Requests: 4, Events: 35}, 2, results.Count{Requests: 6, Events: 35}},
	} {
		r := &run{dispatcher: &dispatcher{dealt: source.Plan{Requests: c.dealt.Requests, Events: c.dealt.Events}}}
		r.config.Plan = source.Plan{Requests: c.planned.Requests, Events: c.planned.Events}
		r.split.Store(c.split)
		got := r.summary(t.Context())
		if got.Planned.Requests != c.want.Requests || got.Planned.Events != c.want.Events || got.Interrupted || got.OutOfTime {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// TestWhatIsSkipped: a batch that is built is skipped if it is too late by more than may
// be, and not by our own fault.
func TestWhatIsSkipped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		skip  bool
		late  time.Duration
		cause results.LateCause
		want  bool
	}{
		{true, results.LateAfter, results.NoConnection, false},
		{true, results.LateAfter + 1, results.NoConnection, true},
		{true, results.LateAfter + 1, results.Held, true},
		{true, time.Hour, results.LateBuild, false},
		{true, time.Hour, results.LatePace, false},
		{true, time.Hour, results.LateStall, false},
		{false, time.Hour, results.NoConnection, false},
	} {
		s := &sender{shared: &shared{skip: c.skip}}
		s.trail.delay[c.cause] = c.late
		if got := s.skips(&job{Batch: body.Batch{Due: time.Second}}, time.Second+c.late); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for cause, want := range map[results.LateCause]capture.Reason{
		results.LateBuild: capture.NotBuiltInTime, results.LatePace: capture.NotSentInTime, results.LateStall: capture.GeneratorStalled,
		results.NoConnection: capture.NoFreeConnection, results.Held: capture.HeldBack,
	} {
		if got := reasonOf(cause); got != want {
			t.Errorf("cause %d: %v, want %v", cause, got, want)
		}
	}
	for late, want := range map[time.Duration]bool{results.LateAfter - ms: false, results.LateAfter + ms: true} {
		synctest.Test(t, func(t *testing.T) {
			l := &dispatcher{skip: true, pacer: &pacer{start: time.Now()}}
			if got := l.tooLate(&job{Batch: body.Batch{Due: -late}}); got != want {
				t.Errorf("%v late: %v", late, got)
			}
		})
	}
}
