package preflight

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/scenario/schedule"
)

// curveOf draws a curve.
func curveOf(r *rapid.T, name string) *schedule.Curve {
	rate := rapid.Float64Range(0, 5000)
	var stages []schedule.Stage
	for range rapid.IntRange(1, 6).Draw(r, name+" stages") {
		stages = append(stages, schedule.Stage{From: rate.Draw(r, "from"), To: rate.Draw(r, "to"),
			Over: time.Duration(rapid.IntRange(1, 5000).Draw(r, "ms")) * time.Millisecond})
	}
	c, err := schedule.NewCurve(stages)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// Two curves added up have at each moment the rate of both, whichever comes first.
func TestSumOfCurves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a, b := curveOf(r, "a"), curveOf(r, "b")
		sum, err := schedule.NewCurve(sumOf(a.Stages(), b.Stages()))
		if err != nil {
			r.Fatal(err)
		}
		other, _ := schedule.NewCurve(sumOf(b.Stages(), a.Stages()))
		if sum.Span() != max(a.Span(), b.Span()) || other.Span() != sum.Span() {
			r.Fatalf("it lasts %v, the curves %v and %v", sum.Span(), a.Span(), b.Span())
		}
		at := func(c *schedule.Curve, t time.Duration) float64 {
			if t >= c.Span() {
				return 0
			}
			return c.Rate(t)
		}
		for range 20 {
			t := time.Duration(rapid.Int64Range(0, int64(sum.Span())-1).Draw(r, "at"))
			want := at(a, t) + at(b, t)
			if got := sum.Rate(t); math.Abs(got-want) > 1e-6*max(want, 1) || math.Abs(other.Rate(t)-got) > 1e-6*max(want, 1) {
				r.Fatalf("at %v %v, want %v", t, got, want)
			}
		}
		if off := sum.Total() - a.Total() - b.Total(); off < -1 || off > 2 {
			r.Fatalf("%d events, of %d and %d", sum.Total(), a.Total(), b.Total())
		}
	})
}
