package preflight

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/scenario/schedule"
)

// TestFollow: the arithmetic beside each row.
func TestFollow(t *testing.T) {
	t.Parallel()
	line := func(from, to float64, over time.Duration) schedule.Stage {
		return schedule.Stage{From: from, To: to, Over: over}
	}
	for _, row := range []struct {
		name         string
		stages       []schedule.Stage
		share        float64
		over, first  float64
		limit, burst float64
	}{
		// 300/s are 200 too many: 1,000 of them after 5 s, and 200 a second in the 5 s that are left.
		{"steady", []schedule.Stage{line(1000, 1000, 10*time.Second)}, 0.3, 1000, 5, 100, 1000},
		{"at the limit", []schedule.Stage{line(1000, 1000, 10*time.Second)}, 0.1, 0, -1, 100, 1000},
		// 0 to 600/s in 6 s: over 100/s from 1 s on, 50(t-1)² too many, 1,000 of them at 1 + √20.
		{"a ramp", []schedule.Stage{line(0, 600, 6*time.Second)}, 1, 50*25 - 1000, 1 + math.Sqrt(20), 100, 1000},
		// 10 s of 50 too many fill half of it, 10 s of 50 too few drain that again.
		{"recovery", []schedule.Stage{line(150, 150, 10*time.Second), line(50, 50, 10*time.Second), line(150, 150, 19*time.Second)}, 1, 0, -1, 100, 1000},
		// 600 to 0/s in 6 s: 500²/(2·100) = 1,250 too many in the first 5 s; 1,000 at 500t - 50t² = 1,000.
		{"a fall", []schedule.Stage{line(600, 0, 6*time.Second)}, 1, 250, 5 - math.Sqrt(5), 100, 1000},
	} {
		got := follow(row.stages, row.share, limits{perSecond: row.limit, burst: row.burst})
		if math.Abs(got.over-row.over) > 1e-6 || math.Abs(got.first-row.first) > 1e-6 {
			t.Errorf("%s: %.6g over from %.6g s on, want %.6g from %.6g on", row.name, got.over, got.first, row.over, row.first)
		}
	}
}

// TestFollowIsABucket: against a bucket that is filled and drained in small steps.
func TestFollowIsABucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stages []schedule.Stage
		for range rapid.IntRange(1, 5).Draw(t, "stages") {
			stages = append(stages, schedule.Stage{
				From: rapid.Float64Range(0, 500).Draw(t, "from"), To: rapid.Float64Range(0, 500).Draw(t, "to"),
				Over: time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second,
			})
		}
		const limit, burst, steps = 100.0, 300.0, 2000
		got := follow(stages, 1, limits{perSecond: limit, burst: burst})
		level, over := 0.0, 0.0
		for _, s := range stages {
			step := s.Over.Seconds() / steps
			for k := range steps {
				level += (s.From + (s.To-s.From)*(float64(k)+0.5)/steps - limit) * step
				over += max(level-burst, 0)
				level = min(max(level, 0), burst)
			}
		}
		if math.Abs(got.over-over) > 1+0.01*over || math.Abs(got.level-level) > 1 {
			t.Fatalf("%v: %.4g over, level %.4g; in steps %.4g and %.4g", stages, got.over, got.level, over, level)
		}
		if (got.first >= 0) != (got.over > 0) {
			t.Fatalf("%.4g over, the first at %.4g", got.over, got.first)
		}
	})
}

// TestBacklog: what exceeds a capacity waits and drains.
func TestBacklog(t *testing.T) {
	t.Parallel()
	// 20 s of 50 too many are 1,000; 10 s of 20 too few leave 800, which take 8 s at 100/s.
	stages := []schedule.Stage{{From: 150, To: 150, Over: 20 * time.Second}, {From: 80, To: 80, Over: 10 * time.Second}}
	got := follow(stages, 1, limits{perSecond: 100, burst: math.Inf(1)})
	if got.top != 1000 || got.level != 800 || got.over != 0 {
		t.Errorf("%+v", got)
	}
}
