package profile

import (
	"math"

	"rehearse/scenario/schedule"
)

// Rates is how the synthesis follows the recorded rates.
type Rates struct {
	Arrivals schedule.Arrivals `json:"arrivals"`
	Bursts   []Bursts          `json:"bursts"` // as it is expected to show them
}

// fitRates chooses the arrivals that come nearer to the bursts that were observed:
// even ones, or random ones where the rows are too long to hold what is in them.
func (p *Profile) fitRates() {
	p.Synthesis.Rates = Rates{Arrivals: schedule.Even}
	if len(p.rows) == 0 {
		return
	}
	even := Rates{schedule.Even, burstsOf(p.rows, schedule.Even)}
	random := Rates{schedule.Poisson, burstsOf(p.rows, schedule.Poisson)}
	p.Synthesis.Rates = even
	if p.off(random) < p.off(even)-littleOff {
		p.Synthesis.Rates = random
	}
}

// littleOff is how much nearer random arrivals must come, as a logarithm.
const littleOff = 0.02

// off is how far the coefficient of variation by the second is from what was observed,
// as a logarithm.
func (p *Profile) off(r Rates) float64 {
	const least = 1e-3
	return math.Abs(math.Log(max(r.Bursts[0].CV, least) / max(p.Bursts[0].CV, least)))
}
