package generator

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

const ms = time.Millisecond

// TestStallCause: what explains half of a gap is its cause, and what nothing explains
// was stopped.
func TestStallCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    stallEvidence
		want results.StallCause
	}{
		{stallEvidence{gap: 2 * time.Second}, results.StallStopped},
		{stallEvidence{gap: 2 * time.Second, waited: 40 * ms, used: 3 * ms}, results.StallStopped},
		{stallEvidence{gap: 100 * ms, waited: 50 * ms, used: 40 * ms}, results.StallStarved},
		{stallEvidence{gap: 100 * ms, waited: 49 * ms, used: 180 * ms}, results.StallBusy},
		{stallEvidence{gap: 100 * ms, waited: 80 * ms, paused: 60 * ms}, results.StallCollected},
		{stallEvidence{gap: 5 * ms, asleep: time.Hour}, results.StallSuspended},
		{stallEvidence{gap: 2 * time.Second, unknown: true}, results.StallUnknown},
	} {
		if got := c.e.cause(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.e, got, c.want)
		}
	}
}

// TestProbe: the waits of threads are told from what they had waited before, and those
// of a thread that is gone, or new, count nothing.
func TestProbe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(thread, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, thread), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, thread, "schedstat"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := newProbe()
	defer p.close()
	p.tasks = dir
	write("7", "100 5000 1\n")
	write("8", "100 9000 1\n")
	if got := p.longestWait(); got != 0 {
		t.Errorf("at first: %v", got)
	}
	write("7", "100 7000 1\n")
	write("8", "100 9500 1\n")
	write("9", "100 70000 1\n")
	if err := os.MkdirAll(filepath.Join(dir, "10"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := p.longestWait(); got != 2000 {
		t.Errorf("then: %v, want 2 µs", got)
	}
	if got := p.longestWait(); got != 0 {
		t.Errorf("and no more: %v", got)
	}
	before := p.read()
	for p.read().used == before.used { // until the clock of the system moves
	}
	after := p.read()
	if e := after.since(&before); e.used <= 0 || e.waited < 0 || e.asleep < -ms || e.asleep > ms {
		t.Errorf("%+v of a moment's work", e)
	}
}

// TestSuspension: a machine that slept is told from one whose clocks were read one
// after the other.
func TestSuspension(t *testing.T) {
	t.Parallel()
	before := counts{suspended: time.Hour}
	for suspended, want := range map[time.Duration]time.Duration{
		time.Hour - 90: 0, time.Hour + 4: 0, time.Hour + stallAfter: 0, 3 * time.Hour: 2 * time.Hour,
	} {
		after := counts{suspended: suspended}
		if e := after.since(&before); e.asleep != want {
			t.Errorf("%v after an hour: asleep for %v, want %v", suspended, e.asleep, want)
		}
	}
}

// oversleeping is a nap that stops the heart in the middle of its wait, for a while.
func oversleeping(begin time.Time, from, to time.Duration) func(time.Duration) {
	return func(d time.Duration) {
		time.Sleep(d)
		if now := time.Since(begin); now >= from && now < to {
			time.Sleep(to - now)
		}
	}
}

// TestHeartbeat: a gap of the heartbeat is a stall, from the last beat to the next, and
// a request that had to do with it owes as much as that, at most; one that had not owes
// nothing.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := &Pacer{start: begin, nap: oversleeping(begin, 2*time.Second, 2300*ms)}
		s, done := newStalls(p), make(chan struct{})
		go s.watch(done)
		time.Sleep(2200 * ms)
		if got := s.owed(1900*ms, 2200*ms); got != 210*ms { // the heart does not know yet; it beat last at 1.99 s
			t.Errorf("in the stall: %v owed", got)
		}
		if got := s.within(2100*ms, 2200*ms); got != 100*ms {
			t.Errorf("in the stall: %v within", got)
		}
		time.Sleep(time.Second)
		close(done)
		time.Sleep(time.Second)
		news := s.news(nil)
		want := results.Stall{From: 1990 * ms, To: 2300 * ms}
		if !slices.Equal(news, []results.Stall{want}) || len(s.news(nil)) != 0 {
			t.Fatalf("%+v, want %+v once", news, want)
		}
		s.beat.Store(int64(10 * time.Second)) // what follows is asked by who sees the heart beat
		for _, c := range []struct{ due, done, owed, within time.Duration }{
			{1000 * ms, 1900 * ms, 0, 0},               // over before
			{1000 * ms, 1991 * ms, 310 * ms, ms},       // in flight when it began
			{1000 * ms, 3000 * ms, 310 * ms, 310 * ms}, // over it
			{2100 * ms, 2400 * ms, 300 * ms, 200 * ms}, // no more than it took
			{2400 * ms, 2900 * ms, 310 * ms, 0},        // while its effects last, four times as long
			{3539 * ms, 4000 * ms, 310 * ms, 0},        // to the last of it
			{3540 * ms, 4000 * ms, 0, 0},               // and after that
		} {
			if owed, within := s.owed(c.due, c.done), s.within(c.due, c.done); owed != c.owed || within != c.within {
				t.Errorf("from %v to %v: %v owed, %v within, want %v and %v", c.due, c.done, owed, within, c.owed, c.within)
			}
		}
		var nobody *stalls
		if nobody.owed(0, time.Hour) != 0 || nobody.within(0, time.Hour) != 0 {
			t.Error("nobody watches, and sees stalls")
		}
	})
}

// TestStallsAreBounded: of many stalls the last are remembered, and what was told once
// is not told again.
func TestStallsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStalls(&Pacer{start: time.Now()})
	s.add(results.Stall{From: -time.Second, To: 0})
	for i := range 3 * rememberedStalls {
		at := time.Duration(i) * time.Second
		s.add(results.Stall{From: at, To: at + 20*ms})
	}
	seen := *s.seen.Load()
	if len(seen) != rememberedStalls || seen[0].From != 2*rememberedStalls*time.Second || len(s.news(nil)) != 3*rememberedStalls {
		t.Errorf("%d remembered, from %v", len(seen), seen[0].From)
	}
}

// TestOwedDoesNotAllocate: every request asks.
func TestOwedDoesNotAllocate(t *testing.T) {
	s := newStalls(&Pacer{start: time.Now()})
	s.add(results.Stall{From: time.Second, To: 2 * time.Second})
	if n := testing.AllocsPerRun(100, func() { s.owed(0, 3*time.Second); s.owed(time.Hour, time.Hour) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkOwed is what every request pays for that question.
func BenchmarkOwed(b *testing.B) {
	s := newStalls(&Pacer{start: time.Now()})
	b.ReportAllocs()
	for b.Loop() {
		s.owed(time.Second, 0)
	}
}

// stop is a generator that stands still for a while: whoever naps in it wakes at its
// end, and what comes from the network in it is read at its end.
type stop struct {
	begin    time.Time
	from, to time.Duration
}

// over slows a dial down to a connection of a process that is stopped.
func (s stop) over(dial dialFunc) dialFunc {
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
		if run.source, run.plan, err = opened(s, Part{}); err != nil {
			t.Fatal(err)
		}
		d, err := results.Create(filepath.Join(t.TempDir(), "run"), results.Manifest{
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
		t.Errorf("%v of stop: %s, without it %s: %q", length, r.Verdict, truth.Verdict, r.Because())
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

// TestLatenessIsAccountedFor: whatever happens to the batches of a queue, each is late
// by what its causes add up to, and by nothing else.
func TestLatenessIsAccountedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		span := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * 100 * time.Microsecond
		}
		watch := newStalls(&Pacer{start: time.Now()})
		watch.beat.Store(math.MaxInt64)
		s, l := &sender{stalls: watch}, &lane{}
		var due, now time.Duration
		for range rapid.IntRange(1, 2*maxSpendings).Draw(r, "batches") {
			due += span("apart", 40)
			s.since = now + span("busy", 30)
			got := s.since + span("picked up", 5)
			b := &Batch{Due: due, blocked: span("blocked", 10000)}
			b.built = b.blocked + span("built", 10000)
			woke := max(got, due, b.built)
			if rapid.IntRange(0, 9).Draw(r, "stall") == 0 {
				stall := results.Stall{From: got, To: got + span("stalled", 500)}
				watch.add(stall)
				woke = max(woke, stall.To)
			}
			woke += span("woken up", 10)
			s.follow(l, b, got, woke)
			var sum time.Duration
			for c, part := range s.trail.delay {
				if part < -ms {
					r.Fatalf("%v of cause %d", part, c)
				}
				sum += part
			}
			if late := woke - due; late > punctual && (sum-late).Abs() > 10 || late <= punctual && sum != 0 {
				r.Fatalf("%v late, and %v accounted for: %v", late, sum, s.trail.delay)
			}
			now = woke
		}
		if len(l.marks) > maxSpendings {
			r.Fatalf("%d marks", len(l.marks))
		}
	})
}

// TestCausesOfLateness: the largest part of what kept a batch is its cause, and what the
// queue was kept by before, a batch that had to wait for it was kept by as well.
func TestCausesOfLateness(t *testing.T) {
	t.Parallel()
	type step struct {
		due, since, got, blocked, built, woke time.Duration // in ms
	}
	for _, c := range []struct {
		name  string
		stall results.Stall // in ms
		steps []step
		want  results.Cause // of the last
	}{
		{name: "on time", steps: []step{{due: 10, woke: 10}}, want: results.OnTime},
		{name: "nobody free", steps: []step{{due: 100, since: 200, got: 201, woke: 201}}, want: results.NoConnection},
		{name: "somebody free, who did not run", steps: []step{{due: 100, since: 20, got: 190, woke: 200}}, want: results.LatePace},
		{name: "free, but the body was not built", steps: []step{{due: 100, since: 20, got: 21, built: 180, woke: 181}}, want: results.LateBuild},
		{name: "busy, and the body late as well", steps: []step{{due: 100, since: 140, got: 140, built: 181, woke: 181}}, want: results.LateBuild},
		{name: "free, but all batches were elsewhere", steps: []step{{due: 100, since: 20, got: 21, blocked: 170, built: 180, woke: 181}}, want: results.NoConnection},
		{name: "stopped while it waited", stall: results.Stall{From: 99, To: 200}, steps: []step{{due: 100, since: 20, got: 21, woke: 201}}, want: results.LateStall},
		{name: "stopped while all waited for answers", stall: results.Stall{From: 90, To: 200}, steps: []step{{due: 100, since: 201, got: 202, woke: 203}}, want: results.LateStall},
		{name: "stopped, though the endpoint was slower still", stall: results.Stall{From: 110, To: 130}, steps: []step{{due: 100, since: 201, got: 202, woke: 203}}, want: results.NoConnection},
		{name: "behind one whose body was late", steps: []step{
			{due: 100, since: 20, got: 21, built: 180, woke: 180}, {due: 101, since: 30, got: 180, woke: 181}}, want: results.LateBuild},
		{name: "behind a stop, long after it", stall: results.Stall{From: 90, To: 1000}, steps: []step{
			{due: 100, since: 1001, got: 1001, woke: 1001}, {due: 200, since: 1100, got: 1100, woke: 1100}, {due: 700, since: 1200, got: 1200, woke: 1200}}, want: results.LateStall},
		{name: "after a stop, when the endpoint has kept it longer", stall: results.Stall{From: 90, To: 1000}, steps: []step{
			{due: 100, since: 1001, got: 1001, woke: 1001}, {due: 200, since: 1900, got: 1900, woke: 1900}, {due: 700, since: 2000, got: 2000, woke: 2000}}, want: results.NoConnection},
	} {
		watch := newStalls(&Pacer{start: time.Now()})
		watch.beat.Store(math.MaxInt64)
		if c.stall.To > 0 {
			watch.add(results.Stall{From: c.stall.From * ms, To: c.stall.To * ms})
		}
		s, l := &sender{stalls: watch}, &lane{}
		for _, x := range c.steps {
			s.since = x.since * ms
			s.follow(l, &Batch{Due: x.due * ms, blocked: x.blocked * ms, built: x.built * ms}, x.got*ms, x.woke*ms)
		}
		got := s.trail.cause()
		if s.trail.delay == (delay{}) {
			got = results.OnTime
		}
		if got != c.want {
			t.Errorf("%s: cause %d, want %d: %v", c.name, got, c.want, s.trail.delay)
		}
	}
}

// TestSocketCounts: a connection that is closed has said how much it sent, once.
func TestSocketCounts(t *testing.T) {
	t.Parallel()
	endpoint, end := stagedOnLoopback(t)
	defer end()
	var all sockets
	c, err := all.over(nil)(t.Context(), endpoint.addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("GET /_rehearse/stats HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 16)); err != nil || (all.sum() != results.Sockets{}) {
		t.Fatalf("%v, %+v", err, all.sum())
	}
	c.Close()
	first := all.sum()
	c.Close()
	if first.Segments < 2 || first.Again != 0 || first.Drops != 0 || all.sum() != first {
		t.Errorf("%+v, then %+v", first, all.sum())
	}
}
