package generator

import (
	"context"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// stop is a generator that stands still for a while: whoever naps in it wakes at its
// end, and what comes from the network in it is read at its end.
type stop struct {
	begin    time.Time
	from, to time.Duration
}

// over slows a dial down to a connection of a process that is stopped.
func (s stop) over(dial transport.DialFunc) transport.DialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := dial(ctx, addr)
		return &stopped{c, s}, err
	}
}

// stopped is a connection of a process that is stopped for a while.
type stopped struct {
	net.Conn
	stop stop
}

// Read reads what has come, if the process runs.
func (c *stopped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if now := time.Since(c.stop.begin); now >= c.stop.from && now < c.stop.to {
		time.Sleep(c.stop.to - now)
	}
	return n, err
}

// verdictOf runs a scenario in virtual time with a stop and judges it.
func verdictOf(t *testing.T, s *scenario.Scenario, endpoint staging.Config, from, length time.Duration) (r *results.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		halt := stop{time.Now(), from, from + length}
		run := stageRun{scenario: s, endpoint: endpoint, over: halt.over, nap: oversleeping(halt.begin, halt.from, halt.to)}
		var err error
		if run.source, run.plan, err = opened(s, source.Part{}); err != nil {
			t.Fatal(err)
		}
		d, err := rundir.Create(filepath.Join(t.TempDir(), "run"), results.Manifest{
			Scenario: "stop", Thresholds: s.Thresholds, StartedAt: halt.begin, Connections: s.Target.Connections,
			Planned: results.Planned{Events: run.plan.Events, Requests: run.plan.Requests, PeakEvents: run.plan.Peak},
		})
		if err != nil {
			t.Fatal(err)
		}
		run.watch = func(iv *results.Interval) {
			if err := d.Write(iv); err != nil {
				t.Error(err)
			}
		}
		run.run(t)
		run.balance(t)
		if r, err = d.Close(results.Final{Ended: results.Completed}); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

// TestStopChangesNoTruth: stopping the generator never turns a threshold that is met
// into one that is not, or the other way round. It leaves it or puts it in doubt, and
// the run then is invalid and says that the generator was stopped, and not that
// connections were missing. A stop that is too short to matter leaves everything.
func TestStopChangesNoTruth(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("many whole runs, and nothing here happens at the same time")
	}
	for _, delay := range []time.Duration{0, 30 * ms} {
		for _, connections := range []int{2, 64} {
			t.Run(fmt.Sprintf("%v of delay, %d connections", delay, connections), func(t *testing.T) {
				t.Parallel()
				s := load(t, "const(1000, 12s)", "")
				s.Target.Connections = connections
				for _, text := range []string{"p99 < 20ms", "p99 < 500ms", "service p99 < 20ms", "late < 0.5%", "mean < 5ms"} {
					limit, err := scenario.ParseThreshold(text)
					if err != nil {
						t.Fatal(err)
					}
					s.Thresholds = append(s.Thresholds, limit)
				}
				truth := verdictOf(t, s, staging.Config{Delay: delay}, time.Hour, 0)
				for _, length := range []time.Duration{10 * ms, 100 * ms, 500 * ms, 2 * time.Second} {
					sameTruth(t, truth, verdictOf(t, s, staging.Config{Delay: delay}, 7*time.Second+13*ms, length), length)
				}
			})
		}
	}
}

// sameTruth holds a run with a stop against one without.
func sameTruth(t *testing.T, truth, r *results.Result, length time.Duration) {
	t.Helper()
	for i, row := range r.Thresholds {
		if row.Doubt == "" && row.OK != truth.Thresholds[i].OK {
			t.Errorf("%v of stop: %+v, without it %+v", length, row, truth.Thresholds[i])
		}
		if row.Doubt != "" && length <= stallAfter {
			t.Errorf("%v of stop, which is too short to matter: %+v", length, row)
		}
	}
	stalls := &r.Generator.Stalls
	switch {
	case r.Verdict != truth.Verdict && (r.Verdict != results.Invalid || length <= stallAfter):
		t.Errorf("%v of stop: %s, without it %s: %q", length, r.Verdict, truth.Verdict, judge.Because(r))
	case length <= stallAfter && stalls.Count != 0:
		t.Errorf("%v of stop: %+v", length, stalls)
	case length > stallAfter && (stalls.Count != 1 || math.Abs(stalls.LongestMS-float64(length/ms)) > 11):
		t.Errorf("%v of stop: %+v", length, stalls)
	case length >= 500*ms && truth.Generator.Bottleneck == results.NoBottleneck && (r.Verdict != results.Invalid || r.Generator.Bottleneck != results.StallBottleneck):
		t.Errorf("%v of stop: %s, the bottleneck is %q", length, r.Verdict, r.Generator.Bottleneck)
	}
}

// TestStopWithSkip: what falls due in a stop and is not sent is put down to the stop.
func TestStopWithSkip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		halt := stop{begin, 2 * time.Second, 5 * time.Second}
		r := stageRun{scenario: load(t, "const(10000, 8s)", ", late: skip"), over: halt.over, nap: oversleeping(begin, halt.from, halt.to)}
		r.run(t)
		fates := r.balance(t)
		skipped := r.total.Refusals[results.Refusal{Reason: capture.GeneratorStalled}].Requests
		// 3,000 requests fell due, of which as many as are built ahead are sent late.
		if fates[capture.FateUnsent].Requests != skipped || skipped < 2000 || skipped > 3000 || r.total.Late[results.LateStall].Requests == 0 || r.total.Late[results.NoConnection].Requests > 0 {
			t.Errorf("%d unsent, %d of them for the stop; late %v", fates[capture.FateUnsent].Requests, skipped, r.total.Late)
		}
	})
}

// TestStopAtTheEnd: a stop in which the last answer comes is told in the last interval.
func TestStopAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		halt := stop{begin, 3*time.Second + 5*ms, 3500 * ms} // after everything has left
		late := 2 * ms                                       // by which the heart beats again after everybody else runs
		r := stageRun{scenario: load(t, "const(1000, 3s)", ""), over: halt.over, nap: oversleeping(begin, halt.from, halt.to+late)}
		r.endpoint.Delay = 30 * ms
		told := 0
		r.watch = func(iv *results.Interval) { told += len(iv.Stalls) }
		r.run(t)
		r.balance(t)
		if told != 1 {
			t.Errorf("%d stalls were told of, want 1", told)
		}
	})
}
