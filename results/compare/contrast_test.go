package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// weather is how the windows of a run differ from each other, as seen on machines
// that do other things as well: medians by a percent or two, 99th percentiles by
// a third, neighbours alike, and now and then a burst that ebbs away.
type weather struct {
	windows     int
	median      float64 // standard deviation of the logarithm of the p50 of windows
	tail        float64 // of p99, beyond that
	correlation float64 // of neighbours
	bursts      float64 // how often one begins
	days        float64 // standard deviation between two runs of one build
}

// run is the windows of a run in that weather, all slower by a factor, as an
// autoregressive process of the first order.
func (w weather) run(seed uint64, slower float64) []measure {
	random := rand.New(rand.NewPCG(seed, 99))
	drift := func(before float64) float64 {
		return w.correlation*before + math.Sqrt(1-w.correlation*w.correlation)*random.NormFloat64()
	}
	all := measures()
	day := math.Exp(w.days * random.NormFloat64())
	body, tail, burst := random.NormFloat64(), random.NormFloat64(), 0.0
	for range w.windows {
		body, tail, burst = drift(body), drift(tail), burst/2
		if random.Float64() < w.bursts {
			burst = 0.2 + 0.3*random.ExpFloat64()
		}
		p50 := 20 * slower * day * math.Exp(w.median*body+0.3*burst)
		p99 := 60 * slower * day * math.Exp(w.median*body+w.tail*tail+burst)
		late := 1 + 0.01*math.Abs(random.NormFloat64())
		for i, v := range []float64{p50 * late, p99 * late, p50, p99, 400 + random.NormFloat64(), 0} {
			all[i].values = append(all[i].values, v)
		}
	}
	return all
}

// apart counts the pairs of runs of which anything is found, and those of which B
// is found to be worse, B slower by a factor.
func (w weather) apart(pairs int, slower float64) (found, worse int) {
	for seed := range uint64(pairs) {
		a, b := w.run(2*seed, 1), w.run(2*seed+1, slower)
		c := Comparison{Tolerance: 0.03}
		for i := range a {
			c.Rows = append(c.Rows, c.row(&a[i], &b[i]))
		}
		c.settle()
		if slices.ContainsFunc(c.Rows, func(row Row) bool { return row.Found != NoDifference }) {
			found++
		}
		if len(c.Regressions()) > 0 {
			worse++
		}
	}
	return found, worse
}

// Two runs of one build seem to differ in 2 of 100 pairs at most, and an endpoint
// that is a tenth slower is found in 95. A run of 20 s in bad weather has too few
// windows to tell how much neighbours have in common, and is worse at both.
func TestFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("arithmetic alone")
	}
	for _, row := range []struct {
		weather
		pairs       int
		made, found float64 // shares: differences made up at most, found at least
	}{
		{weather{60, 0.01, 0.25, 0.2, 0.02, 0.003}, 100, 0.02, 0.99},
		{weather{60, 0.015, 0.3, 0.4, 0.03, 0.005}, 1000, 0.02, 0.95},
		{weather{60, 0.02, 0.3, 0.6, 0.05, 0.005}, 100, 0.02, 0.95},
		{weather{20, 0.01, 0.25, 0.2, 0.02, 0.003}, 100, 0.02, 0.95},
		{weather{20, 0.03, 0.4, 0.4, 0.1, 0.01}, 100, 0.05, 0.5},
	} {
		if n, _ := row.apart(row.pairs, 1); float64(n) > row.made*float64(row.pairs) {
			t.Errorf("%+v: of %d pairs of one build, %d differ", row.weather, row.pairs, n)
		}
		if _, n := row.apart(row.pairs, 1.1); float64(n) < row.found*float64(row.pairs) {
			t.Errorf("%+v: of %d pairs a tenth apart, %d are told apart", row.weather, row.pairs, n)
		}
	}
}

// TestSees: what a comparison says that it would have found is found if it is a
// little more, and not if it is a little less.
func TestSees(t *testing.T) {
	t.Parallel()
	w := weather{60, 0.01, 0.25, 0.2, 0, 0}
	a := w.run(1, 1)[0]
	c := Comparison{Tolerance: 0.03}
	sees := c.between(&a, &a).sees(1)
	for _, row := range []struct {
		more float64
		want bool
	}{{0.995, false}, {1.005, true}} {
		b := measure{name: a.name, unit: a.unit}
		for _, v := range a.values {
			b.values = append(b.values, v*(1+sees)*row.more)
		}
		// Of one measure, and the two as far apart as they look: the same course moved.
		if p := c.between(&a, &b).p(sees); p < alpha != row.want {
			t.Errorf("%v times the smallest change, %v: p %v", row.more, sees, p)
		}
	}
	if few := (&contrast{a: []float64{1, 2}, b: []float64{3, 4}, margin: 0.03}).sees(6); !math.IsInf(few, 1) {
		t.Errorf("two samples show a change of %v", few)
	}
	same := &contrast{a: make([]float64, 20), b: make([]float64, 20), points: true, margin: 0.003}
	if same.sees(6) != 0.003 {
		t.Errorf("samples that do not differ show %v, want the tolerance", same.sees(6))
	}
}

// An outage is found in the fewest windows that are compared, and where it is not
// said that nothing would have been.
func TestOutage(t *testing.T) {
	t.Parallel()
	flat := func(rate, refused float64, n int) []measure {
		all := measures()
		for i, v := range []float64{20, 60, 20, 60, rate, refused} {
			all[i].values = slices.Repeat([]float64{v}, n)
		}
		return all
	}
	for _, n := range []int{6, 9, 12, 60} { // 2 of 924 ways to choose 6 of 12: 0.0022 < 0.02/6
		for _, row := range []struct {
			name string
			a, b []measure
			want []Finding // of accepted and not accepted
		}{
			{"down", flat(400, 0, n), flat(0, 1, n), []Finding{Worse, Worse}},
			{"up again", flat(0, 1, n), flat(400, 0, n), []Finding{Better, Better}},
			{"down both times", flat(0, 1, n), flat(0, 1, n), []Finding{NoDifference, NoDifference}},
		} {
			c := Comparison{Tolerance: 0.03}
			if err := c.compare(row.a, row.b); err != nil {
				t.Fatal(err)
			}
			if got := []Finding{c.Rows[4].Found, c.Rows[5].Found}; !slices.Equal(got, row.want) || len(c.Warnings) > 0 {
				t.Errorf("%s, %d windows: %q (p %v), want %q, and no warning: %q",
					row.name, n, got, c.Rows[4].P, row.want, c.Warnings)
			}
		}
	}
}

// TestInflation: what neighbours have in common is found again, and a course that
// both runs share is none of it.
func TestInflation(t *testing.T) {
	t.Parallel()
	mean := func(w weather, course func(i int) float64) (sum float64) {
		for seed := range uint64(50) {
			a, b := w.run(2*seed, 1)[0].values, w.run(2*seed+1, 1)[0].values
			for i := range a {
				a[i], b[i] = a[i]*course(i), b[i]*course(i)
			}
			sum += (&contrast{a: a, b: b}).inflation() / 50
		}
		return sum
	}
	for n := 2; n <= 60; n++ {
		if got := (&contrast{a: slices.Repeat([]float64{400}, n), b: make([]float64, n)}).inflation(); got != 1 {
			t.Errorf("%d windows without any spread: %v", n, got)
		}
	}
	level, ramp := func(int) float64 { return 1 }, func(i int) float64 { return 1 + float64(i) }
	for _, row := range []struct {
		name      string
		r         float64
		course    func(int) float64
		low, high float64
	}{
		{"independent", 0, level, 1, 1.15},
		{"independent on a ramp", 0, ramp, 1, 1.15},
		{"correlated", 0.5, level, 1.7, 3}, // (1+0.5)/(1-0.5) = 3, less a standard error
		{"correlated on a ramp", 0.5, ramp, 1.7, 3},
		{"no more than the cap", 0.99, level, 2.8, 3},
	} {
		got := mean(weather{windows: 60, median: 0.05, correlation: row.r}, row.course)
		if got < row.low || got > row.high {
			t.Errorf("%s: %v, want %v to %v", row.name, got, row.low, row.high)
		}
	}
}

// TestHolm: the second smallest p is held against alpha over one row less, and
// what follows one that is not below is not looked at.
func TestHolm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		p    []float64
		want []Finding
	}{
		{[]float64{0.009, 0.019}, []Finding{Worse, Worse}},                         // 0.02/2, 0.02/1
		{[]float64{0.019, 0.011}, []Finding{NoDifference, NoDifference}},           // 0.011 > 0.02/2
		{[]float64{0.015, 0.006, 1}, []Finding{NoDifference, Worse, NoDifference}}, // 0.02/3, 0.015 > 0.02/2
	} {
		c := Comparison{}
		for _, p := range row.p {
			c.Rows = append(c.Rows, Row{P: p, Change: 0.1, Found: NoDifference})
		}
		c.settle()
		for i := range c.Rows {
			if c.Rows[i].Found != row.want[i] {
				t.Errorf("%v: row %d is %q, want %q", row.p, i, c.Rows[i].Found, row.want[i])
			}
		}
	}
}

// TestFrom: what would have been found is written in few figures.
func TestFrom(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		unit Unit
		sees float64
		want string
	}{
		{Milliseconds, 0.0434, "4.3 %"}, {Milliseconds, 0.3, "30 %"}, {PerSecond, 1.26, "126 %"},
		{Share, 0.003, "0.3 % points"}, {Milliseconds, math.Inf(1), "none"},
	} {
		if got := (&Row{Unit: row.unit, Sees: row.sees}).From(); got != row.want {
			t.Errorf("%v of %s is %q, want %q", row.sees, row.unit, got, row.want)
		}
	}
}
