package generator

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/results"
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

// TestSuspension: a machine that slept is told from one whose clocks were read one
// after the other.
func TestSuspension(t *testing.T) {
	t.Parallel()
	before := systemCounts{suspended: time.Hour}
	for suspended, want := range map[time.Duration]time.Duration{
		time.Hour - 90: 0, time.Hour + 4: 0, time.Hour + stallAfter: 0, 3 * time.Hour: 2 * time.Hour,
	} {
		after := systemCounts{suspended: suspended}
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
		s := newStalls(&pacer{start: begin})
		s.sleep = oversleeping(begin, 2*time.Second, 2300*ms)
		end := s.begin()
		time.Sleep(2200 * ms)
		if got := s.owed(1900*ms, 2200*ms); got != 210*ms { // the heart does not know yet; it beat last at 1.99 s
			t.Errorf("in the stall: %v owed", got)
		}
		if got := s.within(2100*ms, 2200*ms); got != 100*ms {
			t.Errorf("in the stall: %v within", got)
		}
		time.Sleep(time.Second)
		end()
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
	s := newStalls(&pacer{start: time.Now()})
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
	s := newStalls(&pacer{start: time.Now()})
	s.add(results.Stall{From: time.Second, To: 2 * time.Second})
	if n := testing.AllocsPerRun(100, func() { s.owed(0, 3*time.Second); s.owed(time.Hour, time.Hour) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkOwed is what every request pays for that question.
func BenchmarkOwed(b *testing.B) {
	s := newStalls(&pacer{start: time.Now()})
	b.ReportAllocs()
	for b.Loop() {
		s.owed(time.Second, 0)
	}
}
