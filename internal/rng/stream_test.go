package rng

import (
	"math"
	"testing"
)

// TestStreamReference holds the generator to the first numbers of Vigna's
// splitmix64.c from state 1234567.
func TestStreamReference(t *testing.T) {
	t.Parallel()
	s := Stream{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
		16408922859458223821} {
		if got := s.Uint64(); got != want {
			t.Errorf("number %d = %d, want %d", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	t.Parallel()
	seen := make(map[uint64]bool)
	for seed := range uint64(50) {
		for index := range uint64(2000) {
			s := NewStream(seed, index)
			first := s.Uint64()
			if seen[first] {
				t.Fatalf("seed %d, index %d repeats a first number", seed, index)
			}
			seen[first] = true
		}
	}
}

// TestStreamDistributions checks mean and variance across streams, which is how
// events use them: a few numbers from each. The bounds are five standard errors.
func TestStreamDistributions(t *testing.T) {
	t.Parallel()
	const n = 200_000
	for _, c := range []struct {
		name           string
		draw           func(*Stream) float64
		mean, variance float64
		fourth         float64 // fourth central moment, for the error of the variance
	}{
		{"Float64", (*Stream).Float64, 1. / 2, 1. / 12, 1. / 80},
		{"Exp", (*Stream).Exp, 1, 1, 9},
		{"Normal", (*Stream).Normal, 0, 1, 3},
		{"Below(10)", func(s *Stream) float64 { return float64(s.Below(10)) }, 4.5, 99. / 12, 120.8625},
	} {
		for draws := range 3 { // the first, second and third number of a stream
			var sum, squares float64
			for i := range uint64(n) {
				s := NewStream(7, i)
				for range draws {
					s.Uint64()
				}
				x := c.draw(&s) - c.mean
				sum, squares = sum+x, squares+x*x
			}
			if off, bound := sum/n, 5*math.Sqrt(c.variance/n); math.Abs(off) > bound {
				t.Errorf("%s, number %d: mean is off by %v, more than %v", c.name, draws, off, bound)
			}
			bound := 5 * math.Sqrt((c.fourth-c.variance*c.variance)/n)
			if off := squares/n - c.variance; math.Abs(off) > bound {
				t.Errorf("%s, number %d: variance is off by %v, more than %v", c.name, draws, off, bound)
			}
		}
	}
}

func TestStreamBounds(t *testing.T) {
	t.Parallel()
	for i := range uint64(100_000) {
		s := NewStream(i, i)
		if f := s.Float64(); f < 0 || f >= 1 {
			t.Fatalf("Float64 = %v", f)
		}
		if n := s.Below(3); n > 2 {
			t.Fatalf("Below(3) = %d", n)
		}
		if e := s.Exp(); e < 0 || math.IsInf(e, 0) {
			t.Fatalf("Exp = %v", e)
		}
		if z := s.Normal(); math.IsInf(z, 0) || math.IsNaN(z) {
			t.Fatalf("Normal = %v", z)
		}
	}
	s := NewStream(1, 1)
	if n := s.Below(0); n != 0 {
		t.Errorf("Below(0) = %d, want 0", n)
	}
}

// TestStreamNeighboursAreIndependent checks that the first numbers of neighbouring
// streams, and of neighbouring seeds, are not correlated.
func TestStreamNeighboursAreIndependent(t *testing.T) {
	t.Parallel()
	const n = 200_000
	for name, next := range map[string]func(i uint64) Stream{
		"index": func(i uint64) Stream { return NewStream(1, i+1) },
		"seed":  func(i uint64) Stream { return NewStream(2, i) },
	} {
		var sum float64
		for i := range uint64(n) {
			a, b := NewStream(1, i), next(i)
			sum += (a.Float64() - 0.5) * (b.Float64() - 0.5) * 12
		}
		if r := sum / n; math.Abs(r) > 5/math.Sqrt(n) {
			t.Errorf("correlation with the next %s is %v", name, r)
		}
	}
}

var sink uint64

func BenchmarkStreamUint64(b *testing.B) {
	b.ReportAllocs()
	s := NewStream(1, 2)
	for b.Loop() {
		sink += s.Uint64()
	}
}

func BenchmarkNewStream(b *testing.B) {
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		i++
		s := NewStream(1, i)
		sink += s.Uint64()
	}
}

func BenchmarkStreamNormal(b *testing.B) {
	b.ReportAllocs()
	s := NewStream(1, 2)
	for b.Loop() {
		sink += uint64(s.Normal() + 100)
	}
}
