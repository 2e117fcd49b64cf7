package scenario

import "math"

// pair is a number held as the unevaluated sum of two float64, so that the areas
// of a hundred thousand stages add up without drift (Dekker 1971; Knuth, The Art
// of Computer Programming, volume 2, 4.2.2).
type pair struct{ high, low float64 }

// twoSum returns a + b exactly.
func twoSum(a, b float64) pair {
	sum := a + b
	part := sum - a
	return pair{sum, (a - (sum - part)) + (b - part)}
}

// twoProduct returns a · b exactly.
func twoProduct(a, b float64) pair {
	product := a * b
	return pair{product, math.FMA(a, b, -product)}
}

func (p pair) plus(q pair) pair {
	sum := twoSum(p.high, q.high)
	return twoSum(sum.high, sum.low+(p.low+q.low))
}

// over returns p divided by d.
func (p pair) over(d float64) pair {
	quotient := p.high / d
	rest := math.FMA(-quotient, d, p.high) + p.low
	return twoSum(quotient, rest/d)
}

// snapped returns the whole number next to p when only float dust separates the
// two, and p otherwise. A rate such as 0.1/s is not exact as a float64: ten
// seconds of it must still be one event, and the event must fall due after a
// pause that follows, not before it. The dust allowed for is the rounding of the
// rates, a few parts in 10^16 of the sum.
func (p pair) snapped() pair {
	whole := math.Round(p.high)
	dust := min(1e-9+4e-16*p.high, 0.01)
	if math.Abs((p.high-whole)+p.low) <= dust {
		return pair{whole, 0}
	}
	return p
}

// area returns how many events a stage offers: (from + to)/2 · over.
func (s Stage) area() pair {
	rates, nanoseconds := twoSum(s.From, s.To), float64(s.Over)
	area := twoProduct(rates.high, nanoseconds)
	area.low += rates.low * nanoseconds
	return area.over(2e9)
}
