package capacity

import (
	"math"
	"testing"
)

// Latency that grows is told from latency that jitters.
func TestClimb(t *testing.T) {
	t.Parallel()
	series := func(n int, at func(i int) float64) (s []Second) {
		for i := range n {
			s = append(s, Second{float64(i), at(i)})
		}
		return s
	}
	jitter := func(i int) float64 { return 3 * math.Sin(float64(i*i)) }
	for _, row := range []struct {
		name    string
		seconds []Second
		want    float64
	}{
		{"flat", series(30, func(int) float64 { return 10 }), 0},
		{"jitter", series(30, func(i int) float64 { return 10 + jitter(i) }), 0},
		{"a queue that fills", series(30, func(i int) float64 { return 10 + 20*float64(i) + jitter(i) }), 20},
		{"one that is worked off", series(30, func(i int) float64 { return 900 - 20*float64(i) }), 0},
		{"a step at the beginning", series(30,
			func(i int) float64 { return 10 + 490*float64(max(5-i, 0)/max(5-i, 1)) }), 0},
		{"too short to tell", series(5, func(i int) float64 { return float64(i) }), 0},
	} {
		if got := Climb(row.seconds); math.Abs(got-row.want) > 0.6 {
			t.Errorf("%s: %.2f ms/s, want %.2f", row.name, got, row.want)
		}
	}
}

// The rate that an overloaded endpoint takes follows from how fast latency climbs, and
// from what it accepts.
func TestSaturatedAt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ sent, accepted, climb, want float64 }{
		{1250, 1, 200, 1000}, // a quarter more than it takes: it is 200 ms later each second
		{1200, 1000.0 / 1200, 0, 1000},
		{900, 1, 0, 0},
	} {
		if got := SaturatedAt(row.sent, row.accepted, row.climb); math.Abs(got-row.want) > 0.01 {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

// Margins are below 0 where the bound is met, and know how much they rest on.
func TestMargin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		figure Figure
		want   float64
		err    float64
	}{
		{"half of the bound", Figure{"p99 < 500ms", 250, 500, 250, 250, false}, -math.Ln2, 0},
		{"twice the bound", Figure{"p99 < 500ms", 1000, 500, 500, 2000, false}, math.Ln2, math.Ln2},
		{"nothing rejected", OfShare("rejected < 1%", 0, 1000, 0.01, false), -farthest, 1.35},
		{"at its bound", OfShare("rejected < 1%", 100, 10_000, 0.01, false), 0, 0.1},
		{"a bound of zero", OfShare("ambiguous == 0", 3, 10_000, 0, false), farthest, 0},
		{"at least", OfShare("accepted >= 99%", 9800, 10_000, 0.99, true), math.Ln2, 0.07},
		{"of nothing", OfShare("rejected < 1%", 0, 0, 0.01, false), -farthest, 4.8},
	} {
		m := row.figure.margin()
		if math.Abs(m.Log-row.want) > 0.01 || math.Abs(m.Error-row.err) > row.err/5+0.01 {
			t.Errorf("%s: %+v, want %.2f ± %.2f", row.name, m, row.want, row.err)
		}
	}
	worst := Worst([]Figure{{"a", 1, 2, 1, 1, false}, {"b", 3, 2, 3, 3, false}, {"c", 2, 2, 2, 2, false}})
	if worst.Threshold != "b" {
		t.Errorf("the worst is %+v", worst)
	}
}

// The error of a quantile is that of the ranks beside it.
func TestOfQuantile(t *testing.T) {
	t.Parallel()
	at := func(q float64) float64 { return 100 * q } // uniform
	few, many := OfQuantile("", 0.9, 100, 100, at), OfQuantile("", 0.9, 100, 10_000, at)
	if math.Abs(few.High-93) > 0.01 || math.Abs(few.Low-87) > 0.01 || math.Abs(many.High-90.3) > 0.01 {
		t.Errorf("%+v, %+v", few, many)
	}
}
