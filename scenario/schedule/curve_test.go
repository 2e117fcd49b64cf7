package schedule

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/rng"
)

func curveOf(t testing.TB, text string) *Curve {
	t.Helper()
	stages, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewCurve(stages)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCurveWhen(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, c := range []struct {
		profile string
		count   float64
		want    time.Duration
	}{
		{"const(10, 1s)", 0, 0},
		{"const(10, 1s)", 1, s / 10},
		{"const(10, 1s)", 9, 9 * s / 10},
		{"const(10, 1s)", 10, s},                                          // the whole integral: the span
		{"line(0, 10, 1s)", 0, 0},                                         // the root of 10x²/2 = 0
		{"line(0, 10, 1s)", 1, 447213595 * time.Nanosecond},               // √(2/10) = 0.4472135954…
		{"line(0, 10, 1s)", 4, 894427191 * time.Nanosecond},               // √(8/10) = 0.8944271909…
		{"line(10, 0, 1s)", 1, 105572809 * time.Nanosecond},               // 1 − √(2·4/10) = 0.1055728090…
		{"line(10, 0, 1s)", 4, 552786405 * time.Nanosecond},               // 1 − √(2·1/10) = 0.5527864045…
		{"const(10, 1s) const(0, 5s) const(10, 1s)", 9, 900 * s / 1000},   // before the pause
		{"const(10, 1s) const(0, 5s) const(10, 1s)", 10, 6 * s},           // the integral passes 10 after it
		{"const(10, 1s) const(0, 5s) const(10, 1s)", 11, 6*s + s/10},      // one event later
		{"const(0.1, 10s) const(0, 5s) const(1, 1s)", 1, 15 * s},          // 0.1 is not exact, ten of it are 1
		{"const(0, 2s) const(1, 2s)", 0, 2 * s},                           // nothing is due while nothing flows
		{"line(10, 0, 1s) const(0, 1s) line(0, 10, 1s)", 5, 2 * s},        // both ramps touch zero
		{"line(5, 5, 0s) const(1, 2s)", 1, s},                             // a jump leaves no trace
		{"const(0.5, 1s) const(1, 1s)", 1, 3 * s / 2},                     // half an event carries over
		{"const(1.5, 1.5s) const(2, 1s)", 3, 1500*s/1000 + 375*s/1000},    // 2.25 + 2x = 3: x = 0.375
		{"const(300k/min, 1s)", 4999, 4999 * s / 5000},                    // 300,000 a minute are 5,000 a second
		{"line(20000, 20001, 10h)", 1, 50 * time.Microsecond},             // 1/20000 s, less 1.7 ps for the slope
		{"line(20000, 20001, 10h)", 720_018_000 - 20_001, 35998999999999}, // a second and 0.7 ns before the end
		{"step(1, 3, 1, 1s)", 1, s},                                       // 1/s, then 2/s, then 3/s
		{"step(1, 3, 1, 1s)", 3, 2 * s},                                   // 1 + 2
		{"step(3, 1, 1, 1s)", 5, 2 * s},                                   // 3 + 2
		{"step(1, 2.5, 1, 1s)", 3, 2 * s},                                 // 1 + 2, then a last step at 2.5
		{"const(1, 1s) const(1, 1s) const(2, 1s)", 2, 2 * s},              // equal neighbours are one stage
	} {
		if got := curveOf(t, c.profile).When(c.count); got != c.want {
			t.Errorf("%s: When(%v) = %v, want %v", c.profile, c.count, got, c.want)
		}
	}
}

func TestCurveShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile string
		total   int64
		peak    float64
		span    time.Duration
		stages  int
	}{
		{"const(10, 1s)", 10, 10, time.Second, 1},
		{"line(0, 5000, 10m) const(5000, 30m) line(5000, 0, 1m)", 1_500_000 + 9_000_000 + 150_000, 5000,
			41 * time.Minute, 3},
		{"const(0.1, 10s)", 1, 0.1, 10 * time.Second, 1},              // 0.1 · 10 with dust
		{"const(1M/h, 3h)", 3_000_000, 1e6 / 3600., 3 * time.Hour, 1}, // 277.77… · 10800 with dust
		{"const(3.3, 1s)", 3, 3.3, time.Second, 1},                    // ⌊3.3⌋
		{"const(2.999999, 1s)", 2, 2.999999, time.Second, 1},          // short of 3 by more than dust
		{"step(1, 4, 1, 1s)", 10, 4, 4 * time.Second, 4},              // 1 + 2 + 3 + 4
		{"const(5, 1s) const(5, 1s) const(6, 1s)", 16, 6, 3 * time.Second, 2},
		{"line(9, 9, 0s) const(1, 1s)", 1, 1, time.Second, 1},
	} {
		p := curveOf(t, c.profile)
		if got := p.Total(); got != c.total {
			t.Errorf("%s: Total = %d, want %d", c.profile, got, c.total)
		}
		if got := p.Peak(); got != c.peak {
			t.Errorf("%s: Peak = %v, want %v", c.profile, got, c.peak)
		}
		if got := p.Span(); got != c.span {
			t.Errorf("%s: Span = %v, want %v", c.profile, got, c.span)
		}
		if got := len(p.Stages()); got != c.stages {
			t.Errorf("%s: %d stages, want %d", c.profile, got, c.stages)
		}
	}
}

func TestCurveRate(t *testing.T) {
	t.Parallel()
	p := curveOf(t, "line(0, 10, 1s) const(4, 1s)")
	for at, want := range map[time.Duration]float64{
		-1: 0, 0: 0, time.Second / 4: 2.5, time.Second: 4, 2*time.Second - 1: 4, 2 * time.Second: 0,
	} {
		if got := p.Rate(at); got != want {
			t.Errorf("Rate(%v) = %v, want %v", at, got, want)
		}
	}
}

func TestCurveCount(t *testing.T) {
	t.Parallel()
	p := curveOf(t, "line(0, 10, 1s) const(4, 1s)")
	for at, want := range map[time.Duration]float64{
		-1: 0, 0: 0, time.Second / 2: 1.25, time.Second: 5, 3 * time.Second / 2: 7, time.Hour: 9,
	} {
		if got := p.Count(at); got != want {
			t.Errorf("Count(%v) = %v, want %v", at, got, want)
		}
	}
}

func TestNewCurveRefuses(t *testing.T) {
	t.Parallel()
	for name, stages := range map[string][]Stage{
		"a negative rate":      {{-1, 1, time.Second}},
		"a rate without end":   {{1, math.Inf(1), time.Second}},
		"no number":            {{math.NaN(), 1, time.Second}},
		"a negative duration":  {{1, 1, -1}},
		"more than 2^53":       {{1e12, 1e12, 3 * time.Hour}},
		"longer than an int64": {{0, 0, math.MaxInt64}, {1, 1, 1}},
	} {
		if _, err := NewCurve(stages); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCurveString(t *testing.T) {
	t.Parallel()
	const text = "line(0/s, 2.5/s, 1h30m) const(2.5/s, 2d)"
	if got := curveOf(t, text).String(); got != text {
		t.Errorf("String() = %q, want %q", got, text)
	}
}

// drawStages draws stages whose rates are exact as float64, pauses, jumps and
// ramps to zero among them.
func drawStages(t *rapid.T) []Stage {
	rate := rapid.OneOf(
		rapid.Just(0.0),
		rapid.Map(rapid.IntRange(0, 4_000_000), func(n int) float64 { return float64(n) / 1024 }),
	)
	over := rapid.OneOf(
		rapid.Just(time.Duration(0)),
		rapid.Map(rapid.Int64Range(1, 1e10), func(n int64) time.Duration { return time.Duration(n) }),
		rapid.Map(rapid.Int64Range(1, 600), func(n int64) time.Duration { return time.Duration(n) * time.Minute }),
	)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Stage {
		return Stage{rate.Draw(t, "from"), rate.Draw(t, "to"), over.Draw(t, "over")}
	}), 1, 12).Draw(t, "stages")
}

func TestCurveAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stages := drawStages(t)
		p, err := NewCurve(stages)
		if err != nil {
			t.Fatal(err)
		}
		o := oracle(stages)
		whole, _ := o.count(p.Span()).Float64()
		if got := p.Total(); math.Abs(float64(got)-math.Floor(whole+1e-6)) > 0 {
			t.Fatalf("Total = %d, want the whole part of %v", got, whole)
		}
		if p.Total() == 0 {
			return
		}
		i := rapid.Int64Range(0, p.Total()-1).Draw(t, "i")
		got := p.When(float64(i))
		// Dust of a few parts in 10^16 of the count, and the rounding to 1 ns.
		dust := number(2e-9 + 1e-15*whole)
		low, _ := mul(o.when(sub(number(float64(i)), dust)), number(1e9)).Float64()
		high, _ := mul(o.when(add(number(float64(i)), dust)), number(1e9)).Float64()
		if float64(got) < low-1 || float64(got) > high+1 {
			t.Fatalf("When(%d) = %d ns, want %v to %v", i, got, low, high)
		}
		at := time.Duration(rapid.Int64Range(0, int64(p.Span())).Draw(t, "at"))
		want, _ := o.count(at).Float64()
		if math.Abs(p.Count(at)-want) > 1e-9+1e-12*want {
			t.Fatalf("Count(%v) = %v, want %v", at, p.Count(at), want)
		}
	})
}

func TestCurveProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, err := NewCurve(drawStages(t))
		if err != nil {
			t.Fatal(err)
		}
		total := p.Total()
		if whole := p.Count(p.Span()); float64(total) > whole || float64(total) < whole-1 {
			t.Fatalf("Total = %d of an integral of %v", total, whole)
		}
		if total == 0 {
			return
		}
		first := rapid.Int64Range(0, total-1).Draw(t, "i")
		before := time.Duration(0)
		for i := first; i < min(first+100, total); i++ {
			due := p.When(float64(i))
			if due < before {
				t.Fatalf("When(%d) = %v after %v", i, due, before)
			}
			// A nanosecond of the highest rate, and the rounding of a sum.
			if slack := p.Peak()*1e-9 + 1e-8 + 1e-15*float64(total); math.Abs(p.Count(due)-float64(i)) > slack {
				t.Fatalf("Count(When(%d)) = %v", i, p.Count(due))
			}
			before = due
		}
	})
}

// recorded returns the stages of a long series: three months of minutes, with a
// daily wave, pauses and fractions.
func recorded() []Stage {
	stages := make([]Stage, 125_300)
	for k := range stages {
		s := rng.NewStream(1, uint64(k))
		wave := 1 + math.Sin(2*math.Pi*float64(k)/1440)
		events := math.Floor(20_000*wave + 100*s.Float64())
		stages[k] = Stage{events / 60, events / 60, time.Minute}
	}
	return stages
}

func TestCurveOfManyStages(t *testing.T) {
	t.Parallel()
	stages := recorded()
	p, err := NewCurve(stages)
	if err != nil {
		t.Fatal(err)
	}
	// Every minute holds a whole number of events, whose sum must survive the
	// division by 60; event number sum is the first of the next minute.
	var sum int64
	for k, s := range stages {
		if got, want := p.When(float64(sum)), time.Duration(k)*time.Minute; s.From > 0 && got != want {
			t.Fatalf("the first event of minute %d is due at %v, want %v", k, got, want)
		}
		sum += int64(math.Round(s.From * 60))
	}
	if got := p.Total(); got != sum {
		t.Errorf("Total = %d, want %d", got, sum)
	}
}

func TestCurveAllocatesNothing(t *testing.T) {
	p := curveOf(t, "line(0, 5000, 10m) const(5000, 30m) line(5000, 0, 1m)")
	var i float64
	if got := testing.AllocsPerRun(100, func() { i += 1000; p.Count(p.When(i)) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkCurveWhen(b *testing.B) {
	many, err := NewCurve(recorded())
	if err != nil {
		b.Fatal(err)
	}
	for name, p := range map[string]*Curve{
		"stages=3":      curveOf(b, "line(0, 5000, 10m) const(5000, 30m) line(5000, 0, 1m)"),
		"stages=125300": many,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			total := p.Total()
			for i := int64(0); b.Loop(); i = (i + 7919) % total {
				p.When(float64(i))
			}
		})
	}
}
