package generator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// closedLoop is a closed loop of two seconds.
func closedLoop(t *testing.T, connections int) *scenario.Scenario {
	t.Helper()
	return parse(t, fmt.Sprintf("name: test\nload: {closed: 2s}\ntarget: {connections: %d, timeout: 10s, compression: none}\n"+
		"batching: {events: 3}\ntraffic: {seed: 3, properties: {bytes: {p50: 1, p99: 1}}}\n", connections))
}

// TestClosedLoop: by Little's law so many connections complete one request each in the time
// that the endpoint takes for one, and nothing is late, planned and not sent, or twice in the
// ledger.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 7} {
		for _, each := range []time.Duration{20 * ms, 300 * ms} {
			s := closedLoop(t, connections)
			synctest.Test(t, func(t *testing.T) {
				r := stageRun{scenario: s, endpoint: staging.Config{Delay: each}, lead: 100 * ms}
				r.run(t)
				fates := r.balance(t)
				want := int64(connections) * int64((2*time.Second+each-1)/each)
				if got := fates[capture.FateAccepted].Requests; got < want || got > want+int64(connections) {
					t.Errorf("%d connections, %v each: %d requests, want %d", connections, each, got, want)
				}
				if p := r.summary.Planned; p.Whole.Events != p.Events || p.Whole.Requests != p.Requests {
					t.Errorf("a whole of %+v", p.Whole)
				}
				if fates[capture.FateUnsent] != (results.Count{}) || r.summary.OutOfTime || r.summary.Interrupted {
					t.Errorf("%+v, %+v", fates, r.summary)
				}
				if longest := r.total.Latency.Quantile(1); longest > each+10*ms {
					t.Errorf("latency up to %v of %v", longest, each)
				}
				if onTime := r.total.Late[results.OnTime].Requests; onTime != r.total.Due() {
					t.Errorf("%d of %d on time", onTime, r.total.Due())
				}
			})
		}
	}
}

// TestClosedLoopInterrupted: what was sent by then is the plan.
func TestClosedLoopInterrupted(t *testing.T) {
	t.Parallel()
	s := closedLoop(t, 4)
	synctest.Test(t, func(t *testing.T) {
		soft, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 50 * ms}, soft: soft}
		r.run(t)
		if fates := r.balance(t); fates[capture.FateUnsent].Requests != 0 || !r.summary.Interrupted {
			t.Errorf("%+v, %+v", fates, r.summary)
		}
	})
}

// TestClosedLoopSplits: a batch that outgrows its limit of bytes is sent in parts, none of which is late.
func TestClosedLoopSplits(t *testing.T) {
	t.Parallel()
	s := closedLoop(t, 2)
	s.Batching.MinEvents, s.Batching.MaxEvents, s.Batching.Bytes = 20, 20, 1000
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: s, endpoint: staging.Config{Delay: 100 * ms}}
		r.run(t)
		r.balance(t)
		if onTime := r.total.Late[results.OnTime].Requests; onTime != r.total.Due() || r.total.Due() < 40 {
			t.Errorf("%d of %d on time", onTime, r.total.Due())
		}
	})
}
