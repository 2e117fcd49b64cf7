package capacity

import (
	"math"
)

// applyShape does so for the cells of one shape and width, which begin at a place of the
// weights, and returns where those of the next begin.
func (p *posterior) applyShape(at int, s *shape, width float64, e *evidence) int {
	var likelihood [places]float64
	for i := range likelihood {
		likelihood[i] = s.likely(e, p.low+float64(i)*p.step, width)
	}
	rest := arbitrary(e.margin)
	if e.took != 0 {
		rest *= anywhere
	}
	for _, q := range disturbed {
		other := q * rest
		for i, l := range likelihood {
			p.weights[at+i] *= (1-q)*l + other
		}
		at += places
	}
	return at
}

// likely is how likely a trial is where ln(capacity) is at a place.
func (s *shape) likely(e *evidence, place, width float64) float64 {
	if s.saturates {
		return saturating(e, place, width)
	}
	l := climbing(e.margin, s.slope*(e.place-place), math.Hypot(s.slope*width, e.err))
	if e.took != 0 {
		l *= anywhere
	}
	return l
}

// climbing is how likely a margin is where another one is expected: a density near the
// bound, a probability beyond.
func climbing(margin, expected, noise float64) float64 {
	switch {
	case margin >= linear:
		return normal((expected - linear) / noise)
	case margin <= -linear:
		return normal((-linear - expected) / noise)
	}
	return density(margin-expected, noise)
}

// saturating is how likely a trial is of an endpoint that saturates: its margin is
// seldom near the bound.
func saturating(e *evidence, place, width float64) float64 {
	const near = 0.1
	spread := math.Hypot(width, tookError)
	l := 1 - near
	if math.Abs(e.margin) < linear {
		l = near / (2 * linear)
	}
	switch {
	case e.took != 0:
		return l * density(e.took-place, spread)
	case e.margin >= 0:
		return l * normal((e.place-place)/spread)
	}
	return l * normal((place-e.place)/spread)
}

// anywhere is the density of ln(rate) at which an overloaded endpoint answers where that
// says nothing of its capacity; tookError is how exactly such a rate is measured.
const (
	anywhere  = 0.5
	tookError = 0.005
)

// density is that of the normal distribution.
func density(x, deviation float64) float64 {
	z := x / deviation
	return math.Exp(-z*z/2) / (deviation * math.Sqrt(2*math.Pi))
}

// arbitrary is how likely a margin is in a trial that something else decided: more
// often than not such a trial breaks.
func arbitrary(margin float64) float64 {
	switch {
	case margin >= linear:
		return 0.55
	case margin <= -linear:
		return 0.35
	}
	return 0.1 / (2 * linear)
}

// normal is the distribution function of the normal distribution, to 1e-5: it is all
// that the posterior spends its time with.
func normal(x float64) float64 {
	const limit, perUnit = 6, 100
	switch {
	case x <= -limit:
		return normalTable[0]
	case x >= limit:
		return 1
	}
	at := (x + limit) * perUnit
	i := int(at)
	return normalTable[i] + (at-float64(i))*(normalTable[i+1]-normalTable[i])
}

var normalTable = func() (table [1202]float64) {
	for i := range table {
		table[i] = math.Erfc(-(float64(i)/100-6)/math.Sqrt2) / 2
	}
	return table
}()
