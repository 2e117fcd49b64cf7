package schedule

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWindowsAgainstCounts: what windows tell of even arrivals is what counting the due
// times of every event tells.
func TestWindowsAgainstCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stages []Stage
		window := time.Duration(rapid.IntRange(1, 5).Draw(t, "window")) * time.Second
		w := NewWindows(window, Even)
		span := 0
		for range rapid.IntRange(1, 12).Draw(t, "stages") {
			seconds := rapid.IntRange(1, 9).Draw(t, "seconds")
			events := rapid.IntRange(0, 5).Draw(t, "events") * seconds
			s := Stage{From: float64(events) / float64(seconds), Over: time.Duration(seconds) * time.Second}
			s.To = s.From
			stages, span = append(stages, s), span+seconds
			w.Add(s)
		}
		p, err := NewCurve(stages)
		if err != nil {
			t.Fatal(err)
		}
		whole := span / int(window.Seconds())
		if whole == 0 || p.Total() == 0 {
			return
		}
		counts := make([]float64, whole+1)
		schedule := New(p, Even, 1)
		for i := range p.Total() {
			counts[min(int(schedule.Due(i)/window), whole)]++
		}
		sum, squares, most, empty := 0.0, 0.0, 0.0, 0.0
		for _, n := range counts[:whole] {
			sum, squares, most = sum+n, squares+n*n, max(most, n)
			if n == 0 {
				empty++
			}
		}
		got, mean := w.Burstiness(), sum/float64(whole)
		if sum == 0 {
			if got.Empty != 1 || got.CV != 0 {
				t.Fatalf("of nothing: %+v", got)
			}
			return
		}
		cv := math.Sqrt(max(squares/float64(whole)-mean*mean, 0)) / mean
		if math.Abs(got.Mean-mean) > 1e-6 || math.Abs(got.CV-cv) > 1e-6 || got.Most != most ||
			math.Abs(got.Empty-empty/float64(whole)) > 1e-9 {
			t.Fatalf("%+v, counted %v with cv %v, at most %v, %v of %d empty", got, mean, cv, most, empty, whole)
		}
	})
}

// TestWindowsOfRandomArrivals: the law of Poisson, against counts of due times.
func TestWindowsOfRandomArrivals(t *testing.T) {
	t.Parallel()
	stage := Stage{From: 3, To: 3, Over: 20_000 * time.Second}
	p, err := NewCurve([]Stage{stage})
	if err != nil {
		t.Fatal(err)
	}
	w := NewWindows(time.Second, Poisson)
	w.Add(stage)
	got := w.Burstiness()
	counts := make([]float64, 20_000)
	cursor := New(p, Poisson, 1).Cursor()
	for i := range p.Total() {
		counts[cursor.Due(i)/time.Second]++
	}
	squares, most, empty := 0.0, 0.0, 0.0
	for _, n := range counts {
		squares, most = squares+n*n, max(most, n)
		if n == 0 {
			empty++
		}
	}
	cv := math.Sqrt(squares/20_000-9) / 3
	if math.Abs(got.CV/cv-1) > 0.02 || math.Abs(got.Most-most) > 4 || math.Abs(got.Empty-empty/20_000) > 0.005 {
		t.Errorf("%+v, counted cv %v, at most %v, %v empty", got, cv, most, empty/20_000)
	}
}

// TestWindowsOfARamp: a rate that changes is followed, in pieces where it is long.
func TestWindowsOfARamp(t *testing.T) {
	t.Parallel()
	for _, over := range []time.Duration{1000 * time.Second, 366 * 24 * time.Hour} {
		w := NewWindows(time.Second, Even)
		w.Add(Stage{From: 0, To: 100, Over: over})
		if got := w.Burstiness(); math.Abs(got.Mean-50) > 0.01 || math.Abs(got.CV-1/math.Sqrt(3)) > 0.001 ||
			got.Most != 100 {
			t.Errorf("over %v: %+v", over, got) // of a uniform law from 0 to 100
		}
	}
	w := NewWindows(time.Minute, Even)
	w.Add(Stage{From: 2, To: 2, Over: 5 * time.Second})
	if got := w.Burstiness(); got.Mean != 10 || got.Empty != 0 {
		t.Errorf("of less than a window: %+v", got)
	}
}
