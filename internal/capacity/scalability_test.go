package capacity

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// measured are points of an endpoint that answers rate(n) with n requests in flight, each
// disturbed by a share of about noise.
func measured(ns []float64, rate func(n float64) float64, noise float64, rng *rand.Rand) (points []Point) {
	for _, n := range ns {
		x := rate(n) * math.Exp(noise*rng.NormFloat64())
		points = append(points, Point{Rate: x, Answered: x, Efficiency: 1, Trials: 1, InFlight: n})
	}
	return points
}

func loads() []float64 { return []float64{0.5, 1, 2, 4, 8, 16, 24, 32, 48, 64} }

// The law is found again in what it makes.
func TestScalabilityOfTheLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		law := scalability{
			rapid.Float64Range(1, 1e5).Draw(t, "alone"), rapid.Float64Range(0, 0.5).Draw(t, "contention"),
			rapid.Float64Range(0, 0.01).Draw(t, "coherency"),
		}
		s, why := scalabilityOf(measured(loads(), law.at, 0, rand.New(rand.NewPCG(1, 2))))
		if s == nil || !s.Fits {
			t.Fatalf("%+v: %+v, %s", law, s, why)
		}
		if math.Abs(s.Alone/law.alone-1) > 1e-6 || math.Abs(s.Contention-law.contention) > 1e-6 ||
			math.Abs(s.Coherency-law.coherency) > 1e-7 {
			t.Fatalf("%+v, want %+v", s, law)
		}
	})
}

// Of noisy points the law is within two of its standard errors in most cases, and so are its
// parameters: 19 of 20 if the errors were exact, which the jackknife of ten points is not.
func TestScalabilityError(t *testing.T) {
	t.Parallel()
	law := scalability{1000, 0.05, 0.0004}
	const many = 400
	var rates, contentions, fits int
	for seed := range uint64(many) {
		s, why := scalabilityOf(measured(loads(), law.at, 0.02, rand.New(rand.NewPCG(seed, 1))))
		if s == nil {
			t.Fatal(why)
		}
		if s.Fits {
			fits++
		}
		if rate, uncertain := s.At(40); math.Abs(rate-law.at(40)) <= 2*uncertain {
			rates++
		}
		if math.Abs(s.Contention-law.contention) <= 2*s.ContentionError {
			contentions++
		}
	}
	t.Logf("of %d: fits %d, rate within 2 errors %d, contention %d", many, fits, rates, contentions)
	if fits < many*95/100 || rates < many*85/100 || contentions < many*85/100 {
		t.Errorf("of %d: fits %d, rate within 2 errors %d, contention %d", many, fits, rates, contentions)
	}
}

// Where the law does not hold, or nobody can tell, it is not drawn, and that is said.
func TestScalabilityNotDrawn(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	sharp := func(n float64) float64 { return 1000 * min(n, 8) } // in proportion, and then no more
	for name, row := range map[string]struct {
		points []Point
		said   string
	}{
		"a sharp knee": {measured([]float64{1, 2, 4, 6, 8, 16, 32, 64}, sharp, 0, rng), "does not fit: it misses 8 rates by"},
		"too few":      {measured([]float64{1, 4, 16}, sharp, 0, rng), "it takes 6 rates at which the endpoint keeps up, and there were 3"},
		"too close":    {measured([]float64{4, 5, 6, 7, 8, 9}, sharp, 0, rng), "have to grow 4 times, and grew 2.25 times"},
		"none":         {nil, "there were 0"},
	} {
		c := Curve{Points: row.points}
		c.Scalability, c.NotFitted = scalabilityOf(row.points)
		if text := c.scalabilityText(); !strings.Contains(text, row.said) {
			t.Errorf("%s: %s", name, text)
		}
	}
	overloaded := measured(loads(), sharp, 0, rng)
	for i := range overloaded {
		overloaded[i].Climbing = 1
	}
	if s, _ := scalabilityOf(overloaded); s != nil {
		t.Error("a queue that grows is no steady state")
	}
}

// A law that rises to a peak within what was measured says where; one without coherency has none.
func TestScalabilityPeak(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	law := scalability{100, 0.02, 0.001}
	s, _ := scalabilityOf(measured(loads(), law.at, 0, rng))
	if n, rate, ok := s.Peak(); !ok || math.Abs(n-math.Sqrt(0.98/0.001)) > 0.01 || math.Abs(rate-law.at(n)) > 0.01 {
		t.Errorf("%v, %v, %v", n, rate, ok)
	}
	law.coherency = 0
	s, _ = scalabilityOf(measured(loads(), law.at, 0, rng))
	if n, _, ok := s.Peak(); ok {
		t.Errorf("a peak at %v", n)
	}
}

// The page needs nothing else, shows the law where it fits, and what was written by others is
// no markup in it.
func TestPage(t *testing.T) {
	t.Parallel()
	d := found(t, quick(), upTo(5000))
	d.Conditions.Scenario, d.Conditions.Build = "<script>alert(1)</script>", "<b>"
	law := scalability{1000, 0.05, 0.0004}
	d.Curve.Points = measured(loads(), law.at, 0.01, rand.New(rand.NewPCG(1, 1)))
	d.Curve.Scalability, d.Curve.NotFitted = scalabilityOf(d.Curve.Points)
	var b bytes.Buffer
	if err := d.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{d.Answer.Range(), "base64,", "universal scalability law",
		`href="trial-001/report.html"`, "&lt;script&gt;", "recovered within", "capacity:", "efficiency"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, wrong := range []string{"<script>alert", "http://", "src=\"http", "<no value>", "NaN"} {
		if strings.Contains(page, wrong) {
			t.Errorf("there is %q", wrong)
		}
	}
}
