package generator

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
	"rehearse/results"
)

// TestLatenessIsAccountedFor: whatever happens to the batches of a queue, each is late
// by what its causes add up to, and by nothing else.
func TestLatenessIsAccountedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		span := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * 100 * time.Microsecond
		}
		watch := newStalls(&pacer{start: time.Now()})
		watch.beat.Store(math.MaxInt64)
		s, l := &sender{shared: &shared{stalls: watch}}, &lane{}
		var due, now time.Duration
		for range rapid.IntRange(1, 2*maxSpendings).Draw(r, "batches") {
			due += span("apart", 40)
			s.since = now + span("busy", 30)
			got := s.since + span("picked up", 5)
			b := &job{Batch: body.Batch{Due: due}, blocked: span("blocked", 10000)}
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
		want  results.LateCause // of the last
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
		watch := newStalls(&pacer{start: time.Now()})
		watch.beat.Store(math.MaxInt64)
		if c.stall.To > 0 {
			watch.add(results.Stall{From: c.stall.From * ms, To: c.stall.To * ms})
		}
		s, l := &sender{shared: &shared{stalls: watch}}, &lane{}
		for _, x := range c.steps {
			s.since = x.since * ms
			s.follow(l, &job{Batch: body.Batch{Due: x.due * ms}, blocked: x.blocked * ms, built: x.built * ms}, x.got*ms, x.woke*ms)
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
