package profile

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestShownDelay: the arithmetic of delays that a run is long or short for.
func TestShownDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		asked   law
		moments []moment
		want    law
	}{
		{"long after the beginning all is as asked", law{40, 900}, []moment{{1, 1e9, 1e9, 1}}, law{40, 900}},
		// After 100 s half of the visits wait for less than 100 s. The other half of
		// the merges end visits of less than 10 s, which is less than the median of
		// all; F(p90) + 0.5 = 0.9 at 100 · e^(-0.2533 · 1/1.2816) = 82.1 s.
		{"after 100 s", law{100, 100 * math.E}, []moment{{1, 100, 10, 1}}, law{10, 82.1}},
		// The same with twice as many visits waiting: F(p50)/0.5 = 0.5 and F(p90) =
		// 0.45, at 100 · e^(-0.6745 · 0.7803) and 100 · e^(-0.1257 · 0.7803).
		{"with visits to spare", law{100, 100 * math.E}, []moment{{1, 100, 10, 2}}, law{59.1, 90.7}},
		{"always the same", law{5, 5}, []moment{{0.5, 100, 10, 1}, {0.5, 200, 20, 1}}, law{5, 5}},
	} {
		got := c.asked.shown(c.moments)
		for i := range got {
			if math.Abs(got[i]/c.want[i]-1) > 0.005 {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

// TestFitDelay: the delay that is asked for is the one whose synthesis shows what
// was observed; a recording shorter than its delays ends at a bound.
func TestFitDelay(t *testing.T) {
	t.Parallel()
	rates := slices.Concat(slices.Repeat([]int64{20}, 30), slices.Repeat([]int64{2000}, 60))
	p := Profile{Events: 600 + 120_000, rates: rates, width: 10 * time.Second, Merges: Merges{Events: 5000, Share: 5000.0 / 120_600}}
	for _, asked := range []law{{5, 20}, {20, 120}, {60, 60}, {60, 400}} {
		shown := asked.shown(p.moments())
		p.Merges.DelaySeconds = Quantiles{P50: shown[0], P90: shown[1], Max: 900}
		got := p.fitDelay()
		if math.Abs(got.P50/asked[0]-1) > 0.03 || math.Abs(got.P90/asked[1]-1) > 0.03 {
			t.Errorf("%v shows %v, for which %+v is asked", asked, shown, got)
		}
	}
	p.Merges.DelaySeconds = Quantiles{P50: 880, P90: 890, Max: 900}
	if got := p.fitDelay(); got.P50 < 880 || got.P90 > mostAsked*890 || got.ShownP50 > 880 {
		t.Errorf("of delays as long as the recording: %+v", got)
	}
	p.Merges.DelaySeconds = Quantiles{P50: 2e7, P90: 9e7, Max: 9e7}
	if got := p.fitDelay(); got.P90 > 366*86400 {
		t.Errorf("of delays of years: %+v", got)
	}
	p.Merges.Events = 70_000
	if got := p.fitDelay(); got != (Delay{}) {
		t.Errorf("more merges than visits: %+v", got)
	}
}

// TestMoments: the rows of a curve by the time since the run and the block began.
func TestMoments(t *testing.T) {
	t.Parallel()
	// A block of 16,384 events ends after 8.192 rows of 2,000 events in a second.
	p := Profile{Events: 20_000, rates: slices.Repeat([]int64{2000}, 10), width: time.Second, Merges: Merges{Share: 0.01}}
	all := p.moments()
	for i, want := range []moment{7: {0.1, 7.5, 7.5, 1.156}, 9: {0.1, 9.5, 1.308, 1.156}} {
		if got := all[i]; want.share > 0 && (math.Abs(got.run-want.run) > 1e-9 || math.Abs(got.block-want.block) > 1e-9 || math.Abs(got.share-want.share) > 1e-9 || math.Abs(got.spare-want.spare) > 0.001) {
			t.Errorf("row %d: %+v, want %+v", i, got, want)
		}
	}
}
