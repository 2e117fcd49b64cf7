package traffic

import (
	"math"
	"testing"

	"rehearse/internal/rng"
)

// shares is the exact distribution: rank^-skew over the sum of all.
func shares(count int, skew float64) []float64 {
	p := make([]float64, count)
	sum := 0.0
	for i := count - 1; i >= 0; i-- { // small terms first
		p[i] = math.Pow(float64(i+1), -skew)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// TestZipfShape holds the counts of the first hundred ranks, and of all the
// others together, against the exact shares: chi-square over 100 degrees of
// freedom lies below 160 in all but one of ten thousand fair samples.
func TestZipfShape(t *testing.T) {
	t.Parallel()
	const draws, ranks = 200_000, 100
	for _, skew := range []float64{0, 0.3, 0.7, 0.99, 1, 1.1, 2, 3.5} {
		z := newZipf(5000, skew)
		s := rng.NewStream(7, uint64(skew*100))
		got := make([]float64, ranks+1)
		for range draws {
			got[min(z.draw(&s), ranks)]++
		}
		want := shares(5000, skew)
		rest := 1.0
		for _, p := range want[:ranks] {
			rest -= p
		}
		if chi := chiSquare(got, append(want[:ranks:ranks], rest), draws); chi > 160 {
			t.Errorf("skew %v: chi-square %.0f over %d degrees of freedom, want below 160", skew, chi, ranks)
		}
	}
}

// chiSquare compares counts with what shares of draws predict.
func chiSquare(got, want []float64, draws float64) (sum float64) {
	for i := range got {
		e := want[i] * draws
		sum += (got[i] - e) * (got[i] - e) / e
	}
	return sum
}

// TestZipfTail looks where the table ends and inversion begins: ranks 2,000 to
// 2,099 one by one, 48 from the table and 52 inverted, around skew 1 too, where
// the formulas change.
func TestZipfTail(t *testing.T) {
	t.Parallel()
	const draws, from, to = 1_500_000, 2000, 2100
	for _, skew := range []float64{0, 0.7, 1 - 1e-6, 1 + 1e-4} {
		z := newZipf(3000, skew)
		s := rng.NewStream(9, uint64(skew*100))
		got := make([]float64, to-from+1)
		for range draws {
			r := z.draw(&s)
			if r < 0 || r >= 3000 {
				t.Fatalf("skew %v: rank %d out of 0 to 2999", skew, r)
			}
			if r >= from && r < to {
				got[r-from]++
			} else {
				got[to-from]++
			}
		}
		want := append([]float64(nil), shares(3000, skew)[from:to]...)
		rest := 1.0
		for _, p := range want {
			rest -= p
		}
		if chi := chiSquare(got, append(want, rest), draws); chi > 160 {
			t.Errorf("skew %v: chi-square %.0f over %d degrees of freedom, want below 160", skew, chi, to-from)
		}
	}
}

func TestZipfOfOneRank(t *testing.T) {
	t.Parallel()
	for _, skew := range []float64{0, 1, 2.5} {
		z := newZipf(1, skew)
		s := rng.NewStream(1, 1)
		for range 1000 {
			if r := z.draw(&s); r != 0 {
				t.Fatalf("skew %v: rank %d of one", skew, r)
			}
		}
	}
}

func TestZipfOfManyRanks(t *testing.T) {
	t.Parallel()
	// Over a thousand million ranks at skew 1, the first rank's share is
	// 1 / (ln 1e9 + γ) = 1 / 21.3003 = 4.695 %.
	z := newZipf(1e9, 1)
	s := rng.NewStream(1, 1)
	first := 0
	const draws = 200_000
	for range draws {
		if z.draw(&s) == 0 {
			first++
		}
	}
	if share := float64(first) / draws; math.Abs(share-0.04695) > 0.002 {
		t.Errorf("share of the first rank %.4f, want 0.0470", share)
	}
}

func TestAliasShares(t *testing.T) {
	t.Parallel()
	weights := []float64{70, 10, 3, 0.5, 0.05, 0, 1, 2}
	a := newWeightedSampler(weights)
	s := rng.NewStream(3, 3)
	got := make([]float64, len(weights))
	const draws = 300_000
	for range draws {
		got[a.draw(&s)]++
	}
	for i, w := range weights {
		p := w / 86.55
		// five standard deviations of a binomial count
		if slack := 5 * math.Sqrt(draws*p*(1-p)); math.Abs(got[i]-draws*p) > slack {
			t.Errorf("index %d: drawn %v times, want %.0f ± %.0f", i, got[i], draws*p, slack)
		}
	}
}

func BenchmarkZipf(b *testing.B) {
	for _, c := range []struct {
		name  string
		count int64
	}{{"1e3", 1e3}, {"1e9", 1e9}} {
		b.Run(c.name, func(b *testing.B) {
			z := newZipf(c.count, 1.1)
			s := rng.NewStream(1, 1)
			for b.Loop() {
				z.draw(&s)
			}
		})
	}
}
