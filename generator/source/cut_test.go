package source

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
	"rehearse/scenario"
)

// tenth is a schedule of n events, one every 100 ms.
func tenth(n int64, b scenario.Batching) Cutter {
	return Cutter{due: func(i int64) time.Duration { return time.Duration(i) * 100 * time.Millisecond }, total: n, batching: b}
}

func TestCutterByCount(t *testing.T) {
	t.Parallel()
	c := tenth(25, scenario.Batching{MinEvents: 10, MaxEvents: 10})
	want := []Cut{
		{0, 10, 900 * time.Millisecond}, // closed by event 9
		{10, 10, 1900 * time.Millisecond},
		{20, 5, 2400 * time.Millisecond}, // the end of the run closes the last one
	}
	checkCuts(t, &c, want)
}

func TestCutterByAge(t *testing.T) {
	t.Parallel()
	// A batch is closed 350 ms after its first event: events 0, 100, 200, 300.
	c := tenth(9, scenario.Batching{MinEvents: 10, MaxEvents: 10, Age: 350 * time.Millisecond})
	want := []Cut{
		{0, 4, 350 * time.Millisecond},
		{4, 4, 750 * time.Millisecond},
		{8, 1, 800 * time.Millisecond},
	}
	checkCuts(t, &c, want)
}

func checkCuts(t *testing.T, c *Cutter, want []Cut) {
	t.Helper()
	first := int64(0)
	for k, w := range want {
		got, ok := c.At(int64(k), first)
		if !ok || got != w {
			t.Errorf("cut %d is %v (%v), want %v", k, got, ok, w)
		}
		first += w.Events
	}
	if _, ok := c.At(int64(len(want)), first); ok {
		t.Errorf("there is a cut after the last event")
	}
	if n := c.Count(); n != int64(len(want)) {
		t.Errorf("count is %d, want %d", n, len(want))
	}
}

// TestCutsCoverTheRun: whatever the sizes, the cuts follow each other without
// gap, in order of their due times, none larger or older than allowed, and
// there are as many as counted beforehand.
func TestCutsCoverTheRun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.IntRange(1, 50).Draw(t, "min")
		hi := lo + rapid.IntRange(0, 50).Draw(t, "more")
		age := time.Duration(rapid.IntRange(0, 4).Draw(t, "age")) * 333 * time.Millisecond
		total := rapid.Int64Range(0, 2000).Draw(t, "total")
		c := tenth(total, scenario.Batching{MinEvents: lo, MaxEvents: hi, Age: age})
		c.seed = rapid.Uint64().Draw(t, "seed")
		first, k, last := int64(0), int64(0), time.Duration(-1)
		for {
			b, ok := c.At(k, first)
			if !ok {
				break
			}
			if b.First != first || b.Events < 1 || b.Events > int64(hi) || b.Due < last {
				t.Fatalf("cut %d is %v after event %d and %v", k, b, first, last)
			}
			if oldest := c.due(b.First); age > 0 && b.Due > oldest+age {
				t.Fatalf("cut %d is due %v after its first event, want at most %v", k, b.Due-oldest, age)
			}
			first, k, last = first+b.Events, k+1, b.Due
		}
		if first != total || c.Count() != k {
			t.Fatalf("cut %d of %d events into %d batches, counted %d", first, total, k, c.Count())
		}
	})
}

// TestLeaves: every event leaves with its batch.
func TestLeaves(t *testing.T) {
	t.Parallel()
	for _, batching := range []string{"events: 7", "events: {min: 1, max: 9}", "events: 1", "events: 100k"} {
		s := parse(t, "name: a\nload: {profile: 'line(0, 500, 2s)', arrivals: poisson}\nbatching: {"+batching+"}\ntraffic: {seed: 3}\n")
		y, _ := NewSynth(s)
		leaves := Leaves(s)
		for b := new(body.Batch); y.Next(b) == nil; b.Reset() {
			for i := range b.Events {
				if got := leaves(b.First + i); got != b.Due {
					t.Fatalf("%s: event %d leaves at %v, its batch at %v", batching, b.First+i, got, b.Due)
				}
			}
		}
	}
}
