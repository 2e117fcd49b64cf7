package learn

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"
)

// TestShownDelay: what a synthesis shows, against a sum over all moments and all
// delays that is weighed out piece by piece.
func TestShownDelay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked law
		rate  func(second float64) float64
		block float64
	}{
		"a long run":         {law{2, 9}, func(float64) float64 { return 100 }, 1},
		"as long as the run": {law{100, 250}, func(float64) float64 { return 100 }, 20},
		"a rise":             {law{30, 120}, func(at float64) float64 { return at }, 10},
		"a fall":             {law{30, 120}, func(at float64) float64 { return 310 - at }, 10},
		"a burst after a lull": {law{30, 60},
			func(at float64) float64 { return map[bool]float64{true: 500, false: 5}[at > 200] }, 15},
	} {
		const rows = 300
		run := course{width: 1, spare: 1.1}
		for i := range rows {
			run.events, run.block = append(run.events, c.rate(float64(i)+0.5)), append(run.block, c.block)
		}
		got, want := c.asked.shown(&run), weighed(c.asked, &run)
		for i := range got {
			if math.Abs(got[i]/want[i]-1) > 0.03 {
				t.Errorf("%s: %v, want %v", name, got, want)
				break
			}
		}
	}
}

// weighed is what shown works out, by pieces of delay and weight.
func weighed(l law, c *course) law {
	type piece struct{ delay, weight float64 }
	var all []piece
	const parts = 100
	delay := func(share float64) float64 {
		return l[0] * math.Exp(math.Log(l[1]/l[0])/1.2815515655446004*math.Sqrt2*math.Erfinv(2*share-1))
	}
	for i, events := range c.events {
		var here []piece
		waiting := 0.0
		for q := range parts {
			d := delay((float64(q) + 0.5) / parts)
			if began := float64(i) + 0.5 - d; began > 0 {
				here = append(here, piece{d, c.events[int(began)] / events / parts})
				waiting += here[len(here)-1].weight
			}
		}
		found := min(waiting*c.spare, 1)
		for _, p := range here {
			all = append(all, piece{p.delay, events * found * p.weight / waiting})
		}
		for q := range parts {
			all = append(all, piece{delay((float64(q) + 0.5) / parts * l.below(c.block[i])),
				events * (1 - found) / parts})
		}
	}
	slices.SortFunc(all, func(a, b piece) int { return cmp.Compare(a.delay, b.delay) })
	at := func(share float64) float64 {
		sum, whole := 0.0, 0.0
		for _, p := range all {
			whole += p.weight
		}
		for _, p := range all {
			sum += p.weight
			if sum >= share*whole {
				return p.delay
			}
		}
		return 0
	}
	return law{at(0.5), at(0.9)}
}

// TestFitDelay: the delay that is asked for is the one whose synthesis shows what
// was observed; a recording shorter than its delays ends at a bound.
func TestFitDelay(t *testing.T) {
	t.Parallel()
	rates := slices.Concat(slices.Repeat([]int64{20}, 30), slices.Repeat([]int64{2000}, 60))
	p := Profile{Events: 600 + 120_000, rates: rates, width: 10 * time.Second,
		Merges: Merges{Events: 5000, Share: 5000.0 / 120_600}}
	for _, asked := range []law{{5, 20}, {20, 120}, {60, 60}, {60, 400}} {
		run := p.course()
		shown := asked.shown(&run)
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

// TestCourse: the rows of a curve, and the time since the block began.
func TestCourse(t *testing.T) {
	t.Parallel()
	// A block of 16,384 events ends after 8.192 rows of 2,000 events in a second.
	p := Profile{Events: 20_000, rates: slices.Repeat([]int64{2000}, 10), width: time.Second,
		Merges: Merges{Share: 0.01}}
	c := p.course()
	if math.Abs(c.block[7]-7.5) > 1e-9 || math.Abs(c.block[9]-1.308) > 1e-9 || math.Abs(c.spare-1.156) > 0.001 {
		t.Errorf("%+v", c)
	}
	// 700 rows become 234 of three at most.
	p.rates = slices.Repeat([]int64{10}, 700)
	if c := p.course(); len(c.events) != 234 || c.width != 3 || c.events[0] != 30 || c.events[233] != 10 {
		t.Errorf("%d rows of %v s, the last of %v events", len(c.events), c.width, c.events[233])
	}
}
