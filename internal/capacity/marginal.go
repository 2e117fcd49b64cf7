package capacity

import (
	"math"
	"slices"
	"time"
)

// marginal is the distribution of ln(capacity) at a time of the search.
type marginal struct {
	low, step float64
	mass      []float64
}

// marginal sums the posterior up. Where the capacity drifts it is another one at each
// time: cells of a drift are moved by what that comes to.
func (p *posterior) marginal(at time.Duration) *marginal {
	pad := int(slices.Max(drifts)*share(at, time.Hour)/p.step) + 2
	m := &marginal{p.low - float64(pad)*p.step, p.step, make([]float64, places+2*pad)}
	var sum [places]float64
	for d, drift := range drifts {
		clear(sum[:])
		for i, w := range p.weights[d*cells() : (d+1)*cells()] {
			sum[i%places] += w
		}
		moved := drift * share(at, time.Hour) / p.step
		whole := math.Floor(moved)
		part := moved - whole
		for i, w := range sum {
			m.mass[pad+i+int(whole)] += w * (1 - part)
			m.mass[pad+i+int(whole)+1] += w * part
		}
	}
	return m
}

// quantile is where a share of the mass lies below.
func (m *marginal) quantile(q float64) float64 {
	sum := 0.0
	for i, w := range m.mass {
		if sum+w >= q && w > 0 {
			return m.low + (float64(i)-0.5+(q-sum)/w)*m.step
		}
		sum += w
	}
	return m.low + (float64(len(m.mass))-0.5)*m.step
}

// drifting is how likely it is that the capacity falls, and that it rises.
func (p *posterior) drifting() (falls, rises float64) {
	for d, drift := range drifts {
		sum := 0.0
		for _, w := range p.weights[d*cells() : (d+1)*cells()] {
			sum += w
		}
		switch {
		case drift < 0:
			falls += sum
		case drift > 0:
			rises += sum
		}
	}
	return falls, rises
}

// erratic is how likely it is that trials come out either way over more than a tenth
// of the rate, or that every fourth says nothing.
func (p *posterior) erratic() (sum float64) {
	for i, w := range p.weights {
		if disturbed[disturbedOf(i)] >= 0.25 || widths[widthOf(i)] >= 0.1 {
			sum += w
		}
	}
	return sum
}

// drift is the mean of the drift, of ln(capacity) an hour.
func (p *posterior) drift() (mean float64) {
	for d, drift := range drifts {
		for _, w := range p.weights[d*cells() : (d+1)*cells()] {
			mean += drift * w
		}
	}
	return mean
}

// breaks is how likely a trial breaks at a rate.
func (p *posterior) breaks(rate float64, at time.Duration) (sum float64) {
	cell := 0
	for _, drift := range drifts {
		place := math.Log(rate) - drift*share(at, time.Hour)
		for range cells() {
			if w := p.weights[cell]; w > 1e-9 {
				q, width := disturbed[disturbedOf(cell)], widths[widthOf(cell)]
				sum += w * ((1-q)*normal((place-p.low-float64(cell%places)*p.step)/width) + q*0.6)
			}
			cell++
		}
	}
	return sum
}
