package main

import (
	"testing"

	"rehearse/internal/permit"
	"rehearse/scenario/schedule"
)

// TestHeadroom: what permit new suggests as a cap.
func TestHeadroom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		load     permit.Load
		arrivals schedule.Arrivals
		want     float64
	}{
		{permit.Load{Peak: 4000, Batch: 100}, schedule.Even, 4500},   // 4000 + 400 + 100
		{permit.Load{Peak: 0.5, Batch: 1}, schedule.Even, 2},         // 0.55, rounded up, + 1
		{permit.Load{Peak: 2500, Batch: 50}, schedule.Poisson, 3100}, // 2500 + 250 + 6·50 + 50
		{permit.Load{Peak: 0, Batch: 1}, schedule.Even, 1},
	} {
		if got := headroom(c.load, c.arrivals); got != c.want {
			t.Errorf("%+v, %s: %v, want %v", c.load, c.arrivals, got, c.want)
		}
	}
}
