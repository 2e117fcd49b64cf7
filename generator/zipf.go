package generator

import (
	"math"

	"rehearse/scenario"
)

// zipf draws ranks 0 … count-1 with P(rank) ∝ (rank+1)^-skew, for any skew ≥ 0,
// in constant time and memory whatever the count, by rejection-inversion
// (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from
// monotone discrete distributions", ACM TOMACS 6(3), 1996).
//
// The hat is h(x) = x^-skew with integral H; a uniform point under H between
// 1.5 and count+0.5 is inverted, rounded to the nearest rank, and kept if it
// lies under that rank's own bar.
type zipf struct {
	count  float64
	skew   float64
	first  float64 // H(1.5) - h(1): the first rank's bar is fitted exactly
	last   float64 // H(count + 0.5)
	accept float64 // a point this close to its rank is under the bar for certain
}

// newZipf prepares draws from count ranks. count is at least 1.
func newZipf(count int64, skew float64) zipf {
	z := zipf{count: float64(count), skew: skew}
	z.first = z.integral(1.5) - 1
	z.last = z.integral(z.count + 0.5)
	z.accept = 2 - z.inverse(z.integral(2.5)-z.hat(2))
	return z
}

// draw takes one rank from s.
func (z *zipf) draw(s *scenario.Stream) int64 {
	if z.skew == 0 {
		return int64(s.Below(uint64(z.count)))
	}
	for {
		u := z.last + s.Float64()*(z.first-z.last)
		x := z.inverse(u)
		k := math.Floor(x + 0.5)
		k = min(max(k, 1), z.count)
		if k-x <= z.accept || u >= z.integral(k+0.5)-z.hat(k) {
			return int64(k) - 1
		}
	}
}

// hat is h(x) = x^-skew.
func (z *zipf) hat(x float64) float64 { return math.Exp(-z.skew * math.Log(x)) }

// integral is H(x) = (x^(1-skew) - 1) / (1-skew), which is log x at skew 1. The
// quotient (e^t - 1)/t keeps it exact where 1-skew is small.
func (z *zipf) integral(x float64) float64 {
	l := math.Log(x)
	return expm1Over((1-z.skew)*l) * l
}

// inverse undoes integral.
func (z *zipf) inverse(y float64) float64 {
	t := max(y*(1-z.skew), -1)
	return math.Exp(log1pOver(t) * y)
}

// expm1Over is (e^t - 1)/t, continued over t = 0 by its series.
func expm1Over(t float64) float64 {
	if math.Abs(t) > 1e-8 {
		return math.Expm1(t) / t
	}
	return 1 + t/2*(1+t/3)
}

// log1pOver is log(1+t)/t, continued over t = 0 by its series.
func log1pOver(t float64) float64 {
	if math.Abs(t) > 1e-8 {
		return math.Log1p(t) / t
	}
	return 1 - t*(0.5-t/3)
}
