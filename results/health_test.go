package results

import (
	"math"
	"strings"
	"testing"
	"time"

	"rehearse/capture"
)

// The same lateness has another cause on another machine, and a slow endpoint is
// a fail where the generator was idle.
func TestInvalidIsToldFromSlow(t *testing.T) {
	t.Parallel()
	slow := func(i int, o *Outcome) { o.Done += 2 * time.Second }
	for _, c := range []struct {
		name    string
		health  Health
		change  func(int, *Outcome)
		verdict Verdict
		because string
	}{
		{"a slow endpoint, the generator idle", Health{Cores: 2, Busiest: 0.1}, slow, Fail, "not met: p99 < limit was 2"},
		{"throttled", Health{Cores: 0.1, Throttled: 0.62}, late(0, OnTime), Invalid, "the generator was throttled: its cgroup used up its quota of 0.10 cores in 62 % of the periods; raise the CPU limit"},
		{"throttled, the endpoint slow as well", Health{Cores: 0.1, Throttled: 0.62}, slow, Invalid, "the generator was throttled"},
		{"hardly throttled", Health{Cores: 1, Throttled: 0.05}, late(0, OnTime), Pass, "every threshold was met"},
		// 2 s of the 10 s that the run took.
		{"stopped", Health{HeldUp: 2}, late(0, OnTime), Invalid, "the generator was held up for 2 s of 10 s"},
		{"late for want of cores", Health{Cores: 2, Busiest: 0.97}, late(50, LateBuild), Invalid, "the generator fell behind: 5 % of the requests left late by its own fault; it used 97 % of 2 cores"},
		{"late for others", Health{Cores: 2, Busiest: 0.2, Stolen: 0.8}, late(50, LatePace), Invalid, "the generator fell behind: 5 % of the requests left late by its own fault; other programs used up to 80 % of the machine"},
		{"late for the collector", Health{PauseMS: 131}, late(50, LatePace), Invalid, "the generator fell behind: 5 % of the requests left late by its own fault; the garbage collector stopped it for up to 131 ms"},
		{"late for want of files", Health{Files: 1020, MaxFiles: 1024}, late(50, LatePace), Invalid, "the generator fell behind: 5 % of the requests left late by its own fault; 1020 of 1024 open files"},
		{"one connection", Health{Cores: 2}, late(500, NoConnection), Invalid, "the connections were the bottleneck: 50 % of the requests found none free"},
	} {
		tally := NewTally()
		for i := range 1000 {
			o := outcome(i, capture.Accepted, 200)
			c.change(i, &o)
			tally.record(&o)
		}
		m := manifest(1000)
		m.Shard.Of = 1
		r := newResult(&m, tally, 10*time.Second)
		r.Run.Ended, r.Generator.Health = Completed, c.health
		judge(r, evidence{tally: tally, demands: newDemands(p99Below(1000), nil)})
		if r.Verdict != c.verdict || !strings.HasPrefix(r.Because(), c.because) {
			t.Errorf("%s: %s because %q, want %s, %q", c.name, r.Verdict, r.Because(), c.verdict, c.because)
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
		{at: wall(time.Second), cpu: 500 * ms, machine: 100, idle: 20, periods: 10, throttled: 3, quota: 0.5, files: 9, maxFiles: 1024, pause: 2 * ms},
		{at: wall(3 * time.Second), cpu: 600 * ms, machine: 300, idle: 220, periods: 20, throttled: 3, quota: 0.5, files: 8, maxFiles: 1024, pause: 2 * ms},
	}
	d := &doctor{read: func() reading {
		r := readings[0]
		readings = readings[1:]
		return r
	}}
	d.first = d.read()
	d.last = d.first
	d.observe(time.Second)
	d.observe(2 * time.Second)
	got := d.Health
	if stolen := got.Stolen; stolen <= 0 || stolen > 0.8 { // 80 % busy, less our half core of however many
		t.Errorf("others used %v", stolen)
	}
	got.Stolen = 0
	want := Health{Cores: 0.5, Busiest: 1, Throttled: 0.15, PauseMS: 2, HeldUp: 1, Files: 9, MaxFiles: 1024}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestClockStepIsNoted(t *testing.T) {
	t.Parallel()
	h := Health{ClockStep: -90_000}
	if notes := h.notes(); len(notes) != 1 || !strings.Contains(notes[0], "stepped by 90 s") || len(h.faults(10)) > 0 {
		t.Errorf("%q", notes)
	}
}

// What this machine says is plausible.
func TestReading(t *testing.T) {
	t.Parallel()
	d := newDoctor()
	d.observe(0)
	h := d.Health
	if h.Cores <= 0 || h.Throttled < 0 || h.Throttled > 1 || h.Busiest < 0 || math.IsNaN(h.Stolen) || h.HeldUp != 0 {
		t.Errorf("%+v", h)
	}
}
