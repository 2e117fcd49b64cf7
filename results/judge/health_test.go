package judge

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

// The same lateness has another cause on another machine, and a slow endpoint is
// a fail where the generator was idle.
func TestInvalidIsToldFromSlow(t *testing.T) {
	t.Parallel()
	slow := func(i int, o *results.Outcome) { o.Done += 2 * time.Second }
	for _, c := range []struct {
		name    string
		health  results.Health
		change  func(int, *results.Outcome)
		verdict results.Verdict
		because string
	}{
		{"a slow endpoint, the generator idle", results.Health{Cores: 2, Busiest: 0.1}, slow, results.Fail,
			"not met: p99 < limit was 2"},
		{"throttled", results.Health{Cores: 0.1, Throttled: 0.62}, late(0, results.OnTime), results.Invalid,
			"the generator was throttled: its cgroup used up its quota of 0.10 cores in 62 % of the periods; raise " +
				"the CPU limit"},
		{"throttled, the endpoint slow as well", results.Health{Cores: 0.1, Throttled: 0.62}, slow, results.Invalid,
			"the generator was throttled"},
		{"hardly throttled", results.Health{Cores: 1, Throttled: 0.05}, late(0, results.OnTime), results.Pass,
			"all thresholds passed"},
		{"throttled to a standstill", results.Health{Cores: 0.03, Throttled: 1, HeldUp: 8}, late(0, results.OnTime),
			results.Invalid, "the generator was throttled"},
		{"no file left for a socket", results.Health{Files: 25, MaxFiles: 30}, func(i int, o *results.Outcome) {
			if i < 20 {
				o.Reason, o.Status = capture.NoSocket, 0
			}
		}, results.Invalid, "20 requests found no socket to connect with: raise the limit of open files (ulimit " +
			"-n; 25 of 30 were in use)"},
		// 2 s of the 10 s that the run took.
		{"stopped", results.Health{
			HeldUp: 2,
			Stalls: results.Stalls{Count: 1, Seconds: 2, LongestMS: 2000, At: 3.5, Cause: results.StallStopped},
		}, late(0, results.OnTime), results.Invalid,
			"the generator was stalled for 2 s of 10 s: it was stopped (SIGSTOP, a frozen container, or a paused " +
				"machine) for 2 s, 3.50 s into the run; run it where nothing stops it, or"},
		{"late for a stop", results.Health{
			Cores:  2,
			Stolen: 0.9,
			Stalls: results.Stalls{Count: 2, Seconds: 0.45, LongestMS: 400, At: 3.5, Cause: results.StallStopped},
		}, late(50, results.LateStall), results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; it was " +
				"stopped (SIGSTOP, a frozen container, or a paused machine) for 400 ms, 3.50 s into the run, and " +
				"0.45 s in 2 stalls altogether; run it"},
		{"late for want of a processor", results.Health{
			Stolen: 0.9,
			Stalls: results.Stalls{Count: 20, Seconds: 1, LongestMS: 90, At: 3.5, Cause: results.StallStarved},
		}, late(50, results.LateStall), results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; other " +
				"programs used up to 90 % of the machine"},
		{"late for want of a processor, nobody knows whose",
			results.Health{Stalls: results.Stalls{
				Count: 1, Seconds: 0.09, LongestMS: 90, At: 3.5, Cause: results.StallStarved,
			}}, late(50, results.LateStall), results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; it could " +
				"have run but got no processor for 90 ms, 3.50 s into the run; give it more cores"},
		{"skipped for want of CPU", results.Health{Cores: 2, RunDelay: 3}, unsent(50, capture.NotBuiltInTime),
			results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; up to 3 of " +
				"its threads waited for a processor at once"},
		{"skipped in a stop", results.Health{Stalls: results.Stalls{
			Count: 1, Seconds: 0.4, LongestMS: 400, At: 3.5, Cause: results.StallStopped,
		}}, unsent(50, capture.GeneratorStalled), results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; " +
				"it was stopped"},
		{"late for want of cores", results.Health{Cores: 2, Busiest: 0.97}, late(50, results.LateBuild),
			results.Invalid, "the generator fell behind: 5 % of the requests left late, or not at all, by its own " +
				"fault; it used 97 % of 2 cores"},
		{"late for others", results.Health{Cores: 2, Busiest: 0.2, Stolen: 0.8}, late(50, results.LatePace),
			results.Invalid, "the generator fell behind: 5 % of the requests left late, or not at all, by its own " +
				"fault; other programs used up to 80 % of the machine"},
		{"late for the collector", results.Health{PauseMS: 131}, late(50, results.LatePace), results.Invalid,
			"the generator fell behind: 5 % of the requests left late, or not at all, by its own fault; the " +
				"garbage collector stopped it for up to 131 ms"},
		{"late for want of files", results.Health{Files: 1020, MaxFiles: 1024}, late(50, results.LatePace),
			results.Invalid, "the generator fell behind: 5 % of the requests left late, or not at all, by its own " +
				"fault; 1020 of 1024 open files"},
		// 30 of 1,000 requests; 5 are under what is tolerated.
		{"full network buffers", results.Health{NetDrops: 300, Sockets: results.Sockets{Drops: 30}},
			late(0, results.OnTime), results.Invalid, "the network buffers of the run's own connections were full " +
				"30 times in 1,000 requests: raise net.ipv4.tcp_mem"},
		{"hardly full network buffers", results.Health{NetDrops: 300, Sockets: results.Sockets{Drops: 5}},
			late(0, results.OnTime), results.Pass, "all thresholds passed"},
		{"other programs' full network buffers", results.Health{NetDrops: 3000}, late(0, results.OnTime), results.Pass,
			"all thresholds passed"},
		{"one connection", results.Health{Cores: 2}, late(500, results.NoConnection), results.Invalid,
			"the connections were the bottleneck: 50 % of the requests found none free"},
	} {
		tally := results.NewTally()
		for i := range 1000 {
			o := runtest.Outcome(i, capture.Accepted, 200)
			c.change(i, &o)
			tally.Record(&o)
		}
		m := runtest.Manifest(1000)
		m.Shard.Of = 1
		r := newResult(&m, tally, 10*time.Second)
		r.Run.Ended, r.Generator.Health = results.Completed, c.health
		judge(r, evidence{tally: tally, thresholds: newEvaluators(p99Below(1000), nil)})
		if r.Verdict != c.verdict || !strings.HasPrefix(Because(r), c.because) {
			t.Errorf("%s: %s because %q, want %s, %q", c.name, r.Verdict, Because(r), c.verdict, c.because)
		}
	}
}

// TestWantOfConnections: where the generator stood still, it is not said how many
// connections it takes, for the service was timed by it.
func TestWantOfConnections(t *testing.T) {
	t.Parallel()
	for bottleneck, want := range map[results.Bottleneck]string{
		results.NoBottleneck:     "the connections were the bottleneck: 50 % of the requests found none free; at ",
		results.CPUBottleneck:    "50 % of the requests found no connection free, which may be for the same reason",
		results.PacingBottleneck: "50 % of the requests found no connection free, which may be for the same reason",
	} {
		r := &results.Result{Generator: results.Generator{Bottleneck: bottleneck}}
		got := wantOfConnections(r, 0.5)
		if !strings.HasPrefix(got, want) || r.Generator.Bottleneck == results.NoBottleneck {
			t.Errorf("%q: %q, bottleneck %q", bottleneck, got, r.Generator.Bottleneck)
		}
	}
}

// The doctor makes rates of readings.
func TestDoctor(t *testing.T) {
	t.Parallel()
	at := time.Now()
	wall := func(d time.Duration) time.Time { return at.Add(d) }
	readings := []reading{
		{at: at},
		// A second: half a core of ours; 100 ticks, 20 idle; 3 of 10 periods throttled.
		{at: wall(time.Second), cpu: 500 * time.Millisecond, machine: 100, idle: 20, periods: 10, throttled: 3,
			quota: 0.5, files: 9, maxFiles: 1024, pause: 2 * time.Millisecond, dropped: 4, overflows: 2,
			resent: 1, segments: 50},
		{at: wall(3 * time.Second), cpu: 600 * time.Millisecond, machine: 300, idle: 220, periods: 20, throttled: 3,
			quota: 0.5, files: 8, maxFiles: 1024, pause: 2 * time.Millisecond, dropped: 7, overflows: 2, resent: 3,
			segments: 100, waited: 1500 * time.Millisecond},
	}
	d := &healthMonitor{read: func() reading {
		r := readings[0]
		readings = readings[1:]
		return r
	}}
	d.first = d.read()
	d.last = d.first
	d.observe(&results.Interval{})
	d.observe(&results.Interval{
		Stalls: []results.Stall{
			{From: time.Millisecond, To: 1001 * time.Millisecond, Cause: results.StallStopped},
			{From: 1100 * time.Millisecond, To: 1120 * time.Millisecond, Cause: results.StallStarved},
		},
		Sockets: results.Sockets{Segments: 9, Again: 1},
	})
	got := d.Health
	if stolen := got.Stolen; stolen <= 0 || stolen > 0.8 { // 80 % busy, less our half core of however many
		t.Errorf("others used %v", stolen)
	}
	got.Stolen = 0
	want := results.Health{
		Cores: 0.5, Busiest: 1, Throttled: 0.15, PauseMS: 2, HeldUp: 1, Files: 9, MaxFiles: 1024, NetDrops: 7,
		Overflows: 2, Resent: 0.03, RunDelay: 0.75,
		Stalls:  results.Stalls{Count: 2, Seconds: 1.02, LongestMS: 1000, At: 0.001, Cause: results.StallStopped},
		Sockets: results.Sockets{Segments: 9, Again: 1},
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What spoils nothing is told all the same.
func TestNetworkIsNoted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		health results.Health
		want   []string
	}{
		{"nothing known of our own", results.Health{Overflows: 3, Resent: 0.021},
			[]string{"3 connections found the queue of a listener", "2.1 % of the TCP segments of this machine"}},
		{"our own are clean", results.Health{Resent: 0.5, Sockets: results.Sockets{Segments: 1000, Again: 9}}, nil},
		{"our own are not", results.Health{Resent: 0.021, Sockets: results.Sockets{Segments: 1000, Again: 30}},
			[]string{"3 % of the run's own TCP segments were sent again"}},
		{"other programs' drops", results.Health{NetDrops: 5000},
			[]string{"TCP threw away 5,000 segments on this machine for want of buffers, those of other programs " +
				"included; the run's own connections threw away 0"}},
		{"our own duplicates", results.Health{Sockets: results.Sockets{Segments: 1000, Drops: 500}}, nil},
		{"a few of both", results.Health{NetDrops: 5000, Sockets: results.Sockets{Drops: 10}},
			[]string{"TCP threw away 5,000"}},
	} {
		notes := machineNotes(&c.health, 1000)
		same := slices.EqualFunc(notes, c.want, strings.HasPrefix)
		if !same || len(machineFaults(&c.health, 10, 1000)) > 0 {
			t.Errorf("%s: notes %q, want %q; faults %q", c.name, notes, c.want, machineFaults(&c.health, 10, 1000))
		}
	}
}

func TestClockStepIsNoted(t *testing.T) {
	t.Parallel()
	h := results.Health{ClockStep: -90_000}
	notes := machineNotes(&h, 1000)
	if len(notes) != 1 || !strings.Contains(notes[0], "stepped by 90 s") || len(machineFaults(&h, 10, 1000)) > 0 {
		t.Errorf("%q", notes)
	}
}

// What this machine says is plausible.
func TestReading(t *testing.T) {
	t.Parallel()
	d := newHealthMonitor()
	d.observe(&results.Interval{})
	h := d.Health
	if h.Cores <= 0 || h.Throttled < 0 || h.Throttled > 1 || h.Busiest < 0 || math.IsNaN(h.Stolen) || h.HeldUp != 0 {
		t.Errorf("%+v", h)
	}
}
