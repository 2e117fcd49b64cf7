package preflight

import (
	"math"
	"testing"
	"time"
)

// TestWaits: percentiles to a step of two per cent, from none to a century.
func TestWaits(t *testing.T) {
	t.Parallel()
	var w waits
	if w.seconds(0.5) != 0 {
		t.Error("half of nothing")
	}
	for n := range 1000 {
		w.add(time.Duration(n+1) * time.Second)
	}
	for share, want := range map[float64]float64{0.5: 500, 0.9: 900, 1: 1000} {
		if got := w.seconds(share); math.Abs(got/want-1) > 0.011 {
			t.Errorf("%v are below %v s, want %v", share, got, want)
		}
	}
	w.add(0)
	w.add(200 * 365 * 24 * time.Hour)
	if low, high := w.seconds(0), w.seconds(1); low > 0.0011 || high < 100*365*86400 {
		t.Errorf("the shortest is %v s, the longest %v s", low, high)
	}
}
