package backlog

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/scenario/schedule"
)

func parse(t interface{ Fatal(...any) }, text string) Load {
	stages, err := schedule.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return stages
}

func at(s float64) *float64 { return &s }

func value(s *float64) float64 {
	if s == nil {
		return -1
	}
	return *s
}

// TestQueue: known by hand.
func TestQueue(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		load string
		rate float64
		want Lag // without points
	}{
		{"const(300, 10s)", 200, Lag{Worst: 5, WorstAt: 10, AtEnd: 5, Begins: at(2), Drained: 15, Events: 1000}},
		{"const(200, 10s)", 200, Lag{Begins: nil, Drained: 10}},
		{"const(100, 10s)", 200, Lag{Begins: nil, Drained: 10}},
		{"const(300, 10s) const(100, 20s)", 200, Lag{Worst: 5, WorstAt: 10, Begins: at(2), Drained: 30, Events: 1000}},
		{"const(300, 10s) const(100, 5s)", 200, Lag{Worst: 5, WorstAt: 10, AtEnd: 2.5, Begins: at(2), Drained: 17.5, Events: 1000}},
		// over 200 from 10 s on; 10 s later 1,000 have come over it
		{"line(0, 400, 20s)", 200, Lag{Worst: 5, WorstAt: 20, AtEnd: 5, Begins: at(10 + math.Sqrt(20)), Drained: 25, Events: 1000}},
	} {
		got, _ := Queue(parse(t, row.load), row.rate)
		for _, f := range [...][2]float64{{got.Worst, row.want.Worst}, {got.WorstAt, row.want.WorstAt}, {got.AtEnd, row.want.AtEnd},
			{value(got.Begins), value(row.want.Begins)}, {got.Drained, row.want.Drained}, {got.Events, row.want.Events}} {
			if math.Abs(f[0]-f[1]) > 1e-6*(1+f[1]) && row.want.Worst > 0 {
				t.Errorf("%s: %+v, want %+v", row.load, got, row.want)
				break
			}
		}
	}
}

// loads are random loads.
func loads(t *rapid.T) (load Load) {
	for range rapid.IntRange(1, 6).Draw(t, "stages") {
		rate := rapid.Float64Range(0, 500)
		load = append(load, schedule.Stage{From: rate.Draw(t, "from"), To: rate.Draw(t, "to"),
			Over: time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second})
	}
	return load
}

// sum is how many events a load has.
func sum(load Load) (events float64) {
	for _, s := range load {
		events += (s.From + s.To) / 2 * s.Over.Seconds()
	}
	return events
}

// TestAgainstSteps: the arithmetic against a queue that is stepped through in hundredths
// of a second.
func TestAgainstSteps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		load, rate := loads(t), rapid.Float64Range(10, 400).Draw(t, "rate")
		got, out := Queue(load, rate)
		const step = 0.01
		level, worst := 0.0, 0.0
		for _, s := range load {
			n := int(s.Over.Seconds() / step)
			for i := range n {
				level = max(level+(s.From+(s.To-s.From)*(float64(i)+0.5)/float64(n)-rate)*step, 0)
				worst = max(worst, level)
			}
		}
		if math.Abs(got.Worst-worst/rate) > 0.02+0.001*got.Worst || math.Abs(got.AtEnd-level/rate) > 0.02+0.001*got.Worst {
			t.Fatalf("worst %v s, at the end %v s; stepped %v s and %v s", got.Worst, got.AtEnd, worst/rate, level/rate)
		}
		if in, left := sum(load), sum(out); math.Abs(in-left) > 1e-3*(1+in) {
			t.Fatalf("%v events came, and %v left", in, left)
		}
		if out.Peak() > max(rate, 0)+1e-6 && got.Worst > 0 && out.Peak() > load.Peak() {
			t.Fatalf("%v a second leave of %v", out.Peak(), rate)
		}
		passed, over := Bucket(load, rate, 100)
		if all := sum(passed) + sum(over); math.Abs(all-sum(load)) > 1e-3*(1+all) {
			t.Fatalf("%v events are %v", sum(load), all)
		}
	})
}

func BenchmarkQueue(b *testing.B) {
	var load Load
	for i := range 20_000 {
		load = append(load, schedule.Stage{From: float64(i % 300), To: float64(i * 7 % 300), Over: time.Second})
	}
	for b.Loop() {
		Queue(load, 150)
	}
}
