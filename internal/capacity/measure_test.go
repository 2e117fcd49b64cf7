package capacity

import (
	"math"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// runOf is the run of a trial of 20 s after a ramp of 2 s, at 1,000 events/s, with what
// each second of the hold came to.
func runOf(verdict results.Verdict, second func(i int) results.Row) *rundir.Run {
	run := &rundir.Run{
		Result:  &results.Result{Verdict: verdict, Warnings: []string{"the reason"}},
		Latency: results.NewHistogram(), Service: results.NewHistogram(),
	}
	r := run.Result
	if verdict == results.Fail {
		r.Failures = []string{"the reason"}
	}
	for i := range 26 { // the answers to the last requests come after the hold
		row := second(i - 2)
		row.From, row.To = float64(i), float64(i+1)
		run.Timeline = append(run.Timeline, row)
		r.Events.Accepted += row.Accepted.Events
		r.Events.Rejected += row.Rejected.Events
		r.Requests.Rejected += row.Rejected.Requests
		r.Requests.Sent += row.Accepted.Requests + row.Rejected.Requests
		for range row.Accepted.Requests {
			run.Latency.Record(time.Duration(row.LatencyP50 * float64(time.Millisecond)))
		}
	}
	r.Events.Sent = r.Events.Accepted + r.Events.Rejected
	r.Latency.P50 = float64(run.Latency.Quantile(0.5)) / 1e6
	return run
}

func demands(t *testing.T, texts ...string) Demands {
	t.Helper()
	d := Demands{Ramp: 2 * time.Second, Timeout: 10 * time.Second}
	for _, text := range texts {
		one, err := scenario.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		d.Thresholds = append(d.Thresholds, one)
	}
	return d
}

// What a run came to is told as a trial: held, broke for what it would come to, or
// nothing that counts; with the rate at which an overloaded endpoint went on.
func TestMeasure(t *testing.T) {
	t.Parallel()
	accepted := func(events int64, p50 float64) results.Row {
		return results.Row{Accepted: results.Count{Requests: events / 10, Events: events}, LatencyP50: p50}
	}
	steady := func(i int) results.Row { return accepted(1000, 20+float64(i%3)) }
	for _, row := range []struct {
		name      string
		run       *rundir.Run
		demands   Demands
		response  Response
		saturated float64
		decides   string
	}{
		{"keeps up", runOf(results.Pass, steady), demands(t, "p99 < 500ms in hold", "rejected < 1% in hold"), Held, 0,
			"p99 < 500ms"},
		{"invalid", runOf(results.Invalid, steady), demands(t, "p99 < 500ms in hold"), Invalid, 0, "p99 < 500ms"},
		// 2 % too much: 20 ms more each second, in 20 s within the threshold, in ten minutes not.
		{"falls behind slowly", runOf(results.Pass,
			func(i int) results.Row { return accepted(980, 20+20*float64(max(i, 0))) }),
			demands(t, "p99 < 500ms in hold"), Broke, 980, "p99 < 500ms"},
		{"falls behind at once", runOf(results.Fail,
			func(i int) results.Row { return accepted(600, 20+400*float64(max(i, 0))) }),
			demands(t, "p99 < 500ms in hold"), Broke, 600, "p99 < 500ms"},
		{"rejects what is over a cap", runOf(results.Fail, func(i int) results.Row {
			r := accepted(900, 20)
			r.Rejected = results.Count{Requests: 10, Events: 100}
			return r
		}), demands(t, "p99 < 500ms in hold", "rejected < 1% in hold"), Broke, 900, "rejected < 1%"},
		// No threshold bounds latency, but a request that takes longer than the timeout fails.
		{"will time out", runOf(results.Pass,
			func(i int) results.Row { return accepted(960, 20+40*float64(max(i, 0))) }),
			demands(t, "rejected < 1% in hold"), Broke, 960, "timeout 10s"},
	} {
		o := Measure(row.run, Trial{Rate: 1000, Length: 20 * time.Second}, row.demands)
		if o.Response != row.response || math.Abs(o.Saturated-row.saturated) > 5 || o.Margin.Threshold != row.decides {
			t.Errorf("%s: %+v", row.name, o)
		}
		if (o.Response == Held) != (o.Why == "") || o.Response == Held && o.Margin.Log >= 0 {
			t.Errorf("%s: because %q, margin %+v", row.name, o.Why, o.Margin)
		}
	}
}

// A few requests more or less at the ends of a short trial are no backlog.
func TestMeasureFewRequests(t *testing.T) {
	t.Parallel()
	run := runOf(results.Pass, func(int) results.Row {
		return results.Row{Accepted: results.Count{Requests: 1, Events: 800}, LatencyP50: 20}
	})
	o := Measure(run, Trial{Rate: 1000, Length: 4 * time.Second}, demands(t, "p99 < 5s in hold"))
	if o.Response != Held {
		t.Errorf("%+v", o)
	}
}

// A short trial has no trend, but what it answers is less than what was sent.
func TestMeasureShortTrial(t *testing.T) {
	t.Parallel()
	run := runOf(results.Pass, func(i int) results.Row {
		return results.Row{Accepted: results.Count{Requests: 92, Events: 920}, LatencyP50: 20 + 80*float64(max(i, 0))}
	})
	d := demands(t, "p99 < 5s in hold")
	d.Random = true
	if Measure(run, Trial{Rate: 1000, Length: 4 * time.Second}, d).Response != Held {
		t.Error("of requests that come at random so few are chance")
	}
	d.Random = false
	o := Measure(run, Trial{Rate: 1000, Length: 4 * time.Second}, d)
	if o.Response != Broke || math.Abs(o.Saturated-920) > 5 ||
		!strings.Contains(o.Why, "would leave p99 < 5s within 10 min") {
		t.Errorf("%+v", o)
	}
}

// Beside a background, an overloaded endpoint that takes 1,200 events/s leaves 900 beside
// 300: it answers both streams at the same share.
func TestMeasureBesideABackground(t *testing.T) {
	t.Parallel()
	stream := func(rate int64, verdict results.Verdict) *rundir.Run {
		return runOf(verdict, func(i int) results.Row {
			events := rate * 1200 / 1300
			return results.Row{Accepted: results.Count{Requests: events / 10, Events: events},
				LatencyP50: 50 + 77*float64(max(i, 0))}
		})
	}
	run := stream(1000, results.Fail)
	run.Background = stream(300, results.Fail)
	d, beside := demands(t, "p99 < 10s"), demands(t, "p99 < 500ms")
	d.Beside, d.Besides = &beside, 300
	o := Measure(run, Trial{Rate: 1000, Length: 20 * time.Second}, d)
	if o.Response != Broke || math.Abs(o.Saturated-900) > 20 {
		t.Errorf("%s, saturated at %v, want 900", o.Response, o.Saturated)
	}
	if o.Margin.Threshold != "background: p99 < 500ms" || o.Beside == nil {
		t.Errorf("decided by %+v, beside %+v", o.Margin, o.Beside)
	}
	// One that keeps up measures nothing.
	run = runOf(results.Pass, func(int) results.Row {
		return results.Row{Accepted: results.Count{Requests: 100, Events: 1000}, LatencyP50: 20}
	})
	run.Background = runOf(results.Pass, func(int) results.Row {
		return results.Row{Accepted: results.Count{Requests: 30, Events: 300}, LatencyP50: 40}
	})
	o = Measure(run, Trial{Rate: 1000, Length: 20 * time.Second}, d)
	if o.Response != Held || o.Saturated != 0 || o.Margin.Threshold != "background: p99 < 500ms" {
		t.Errorf("%+v", o)
	}
}
