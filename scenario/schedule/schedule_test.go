package schedule

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestScheduleEven(t *testing.T) {
	t.Parallel()
	s := New(curveOf(t, "const(10, 1s)"), Even, 1)
	if got := s.Total(); got != 10 {
		t.Fatalf("Total = %d, want 10", got)
	}
	c := s.Cursor()
	for i := range s.Total() {
		want := time.Duration(i) * 100 * time.Millisecond
		if got := s.Due(i); got != want {
			t.Errorf("Due(%d) = %v, want %v", i, got, want)
		}
		if got := c.Due(i); got != want {
			t.Errorf("cursor: Due(%d) = %v, want %v", i, got, want)
		}
	}
}

func TestSchedulePoissonCursor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 5000).Draw(t, "total")
		p, err := NewCurve([]Stage{{float64(total), float64(total), time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		s := New(p, Poisson, rapid.Uint64().Draw(t, "seed"))
		if s.Total() != total {
			t.Fatalf("Total = %d, want %d", s.Total(), total)
		}
		c := s.Cursor()
		before := time.Duration(0)
		for i := range total {
			due := c.Due(i)
			if due < before || due > p.Span() {
				t.Fatalf("Due(%d) = %v after %v", i, due, before)
			}
			before = due
		}
		for _, i := range rapid.SliceOfN(rapid.Int64Range(0, total-1), 1, 20).Draw(t, "walk") {
			if got, want := c.Due(i), s.Due(i); got != want {
				t.Fatalf("cursor: Due(%d) = %v, at random: %v", i, got, want)
			}
		}
	})
}

func TestSchedulePoissonSeeds(t *testing.T) {
	t.Parallel()
	p := curveOf(t, "const(1000, 10s)")
	same, other := New(p, Poisson, 1), New(p, Poisson, 2)
	if same.Due(500) != New(p, Poisson, 1).Due(500) {
		t.Error("one seed, two schedules")
	}
	if same.Due(500) == other.Due(500) {
		t.Error("two seeds, one schedule")
	}
	if same.Due(500) == same.Due(1524)-same.Due(1024)+same.Due(0) {
		t.Error("two blocks, one pattern")
	}
}

// poisson returns the dues of a constant rate of 1000/s over 100 blocks.
func poisson(t *testing.T, seed uint64) []time.Duration {
	t.Helper()
	s := New(curveOf(t, "const(1000, 102.4s)"), Poisson, seed)
	dues := make([]time.Duration, s.Total())
	c := s.Cursor()
	for i := range dues {
		dues[i] = c.Due(int64(i))
	}
	return dues
}

// TestSchedulePoissonGaps checks that gaps are exponential: their coefficient of
// variation is 1, and the Kolmogorov-Smirnov distance to the exponential is small.
func TestSchedulePoissonGaps(t *testing.T) {
	t.Parallel()
	dues := poisson(t, 1)
	var sum, squares float64
	const bins = 50
	var below [bins]float64
	for i := 1; i < len(dues); i++ {
		gap := (dues[i] - dues[i-1]).Seconds() * 1000 // of mean 1
		sum, squares = sum+gap, squares+gap*gap
		for k := range bins {
			if gap <= float64(k+1)/10 {
				below[k]++
			}
		}
	}
	n := float64(len(dues) - 1)
	mean := sum / n
	if cv := math.Sqrt(squares/n-mean*mean) / mean; math.Abs(cv-1) > 0.02 {
		t.Errorf("coefficient of variation of the gaps = %v, want 1", cv)
	}
	for k := range bins {
		want := 1 - math.Exp(-float64(k+1)/10)
		if got := below[k] / n; math.Abs(got-want) > 1.95/math.Sqrt(n) { // 0.1 % of chance alone
			t.Errorf("share of gaps up to %.1f means = %.4f, want %.4f", float64(k+1)/10, got, want)
		}
	}
}

// TestSchedulePoissonDispersion checks that counts in windows well below a block
// vary as those of a Poisson process: variance = mean, less the share of a block
// that the window takes.
func TestSchedulePoissonDispersion(t *testing.T) {
	t.Parallel()
	dues := poisson(t, 2)
	const window = 10 * time.Millisecond // 10 events of 1024
	windows := int(102_400 * time.Millisecond / window)
	counts := make([]float64, windows)
	for _, due := range dues {
		counts[min(int(due/window), windows-1)]++
	}
	var squares float64
	for _, c := range counts {
		squares += (c - 10) * (c - 10)
	}
	if got, want := squares/float64(windows)/10, 1-10./1024; math.Abs(got-want) > 5*math.Sqrt(2/float64(windows)) {
		t.Errorf("index of dispersion = %v, want %v", got, want)
	}
}

func TestScheduleAllocatesNothing(t *testing.T) {
	p := curveOf(t, "line(0, 5000, 10m) const(5000, 30m)")
	for _, a := range []Arrivals{Even, Poisson} {
		s := New(p, a, 1)
		c := s.Cursor()
		var i int64
		if got := testing.AllocsPerRun(100, func() { i += 100; s.Due(i); c.Due(i) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", a, got)
		}
	}
}

func BenchmarkCursorDue(b *testing.B) {
	p := curveOf(b, "line(0, 5000, 10m) const(5000, 30m)")
	for _, a := range []Arrivals{Even, Poisson} {
		b.Run(string(a), func(b *testing.B) {
			b.ReportAllocs()
			s := New(p, a, 1)
			c := s.Cursor()
			for i := int64(0); b.Loop(); i = (i + 1) % s.Total() {
				c.Due(i)
			}
		})
	}
}

func BenchmarkScheduleDuePoisson(b *testing.B) {
	b.ReportAllocs()
	s := New(curveOf(b, "const(5000, 30m)"), Poisson, 1)
	for i := int64(0); b.Loop(); i = (i + 7919) % s.Total() {
		s.Due(i)
	}
}
