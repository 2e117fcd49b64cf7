package capacity

import (
	"math"
	"time"
)

// posterior is what is known of the capacity: a probability for each cell of a grid
// over the capacity, how the endpoint answers, the share of trials that something else
// decided, and the drift.
//
// A trial at a rate r has a margin: ln(figure / bound) of the threshold that is closest
// to its bound, or furthest beyond. There are two ways in which an endpoint of the
// capacity c may answer.
//
// It saturates: below c it keeps up, and above c it goes on accepting c. So each trial that
// breaks for that measures c, and the others say that it lies above; what c is differs
// from trial to trial by the width, in ln. This is a censored regression.
//
// Or its latency leaves the threshold before. Near c the margin then is taken to be
// slope × (ln r − ln c) + slope × width × noise. Far from its bound a figure follows no
// line: a margin beyond ±linear counts as held or broke alone. This is a Tobit
// regression, and a probit one where no margin is near its bound.
//
// Both are alike before the first trial. With the probability disturbed a trial says
// nothing of the endpoint at all.
type posterior struct {
	low, step float64   // of the grid over ln(capacity), at time 0
	weights   []float64 // by drift, shape, width, disturbed, capacity, the last one fastest; sum 1
	prior     prior
	last      time.Duration // of the evidence that was taken in last
	owed      float64       // variance of ln(capacity) by which it has not been spread yet
	seen      []evidence    // all of it, to begin again on another grid
}

// prior is where the capacity is thought to be before the first trial counts: alike
// anywhere between two rates, and less likely the further outside.
type prior struct{ low, high float64 }

// evidence is a trial as the posterior takes it.
type evidence struct {
	place  float64 // ln(rate)
	margin float64
	err    float64       // standard error of margin
	took   float64       // ln of the rate at which it answered while more was asked of it; 0: it kept up
	at     time.Duration // since the search began
}

// shape is how the endpoint answers to the rate: it saturates, or the margin climbs by
// slope.
type shape struct {
	saturates bool
	slope     float64
	before    float64 // how likely that is before anything is known
}

// The grid. The widths and slopes are those of endpoints from a token bucket, whose
// rejections begin at once, to a queue that fills slowly.
const (
	places = 160  // over ln(capacity)
	linear = 0.25 // the margin up to which figures follow a line: a bound exceeded by 28 %
	reach  = 0.15 // by how much in ln(rate) the capacity may well lie outside of the bracket
)

var (
	shapes    = []shape{{true, 0, 0.5}, {false, 2.5, 0.1}, {false, 5, 0.1}, {false, 12, 0.1}, {false, 40, 0.2}}
	widths    = []float64{0.004, 0.01, 0.02, 0.04, 0.08, 0.2}
	disturbed = []float64{0.005, 0.05, 0.25}
	drifts    = []float64{0, -0.1, 0.1, -0.2, 0.2, -0.4, 0.4} // of ln(capacity), an hour
)

// How likely the widths and shares are before anything is known.
var (
	widthsBefore    = []float64{0.2, 0.25, 0.25, 0.15, 0.1, 0.05}
	disturbedBefore = []float64{0.55, 0.35, 0.1}
)

// steady is how likely it is that an endpoint does not drift, before anything is known.
const steady = 0.4

// newPosterior knows nothing but the bracket, in events a second.
func newPosterior(low, high float64) *posterior {
	p := &posterior{prior: prior{math.Log(low), math.Log(high)}}
	p.spread(p.prior.low-3*reach, p.prior.high+3*reach)
	return p
}

// cells is how many cells one drift has.
func cells() int { return len(shapes) * len(widths) * len(disturbed) * places }

func disturbedOf(cell int) int { return cell / places % len(disturbed) }
func widthOf(cell int) int     { return cell / (places * len(disturbed)) % len(widths) }
func shapeOf(cell int) *shape {
	return &shapes[cell/(places*len(disturbed)*len(widths))%len(shapes)]
}

// spread lays the grid over a stretch of ln(capacity) and takes all evidence in again.
func (p *posterior) spread(low, high float64) {
	p.low, p.step = low, (high-low)/(places-1)
	if p.weights == nil {
		p.weights = make([]float64, len(drifts)*cells())
	}
	for i := range p.weights {
		p.weights[i] = p.before(i)
	}
	normalize(p.weights)
	p.last, p.owed = 0, 0
	for _, e := range p.seen {
		p.apply(e)
	}
}

// before is the weight of a cell before the first trial.
func (p *posterior) before(cell int) float64 {
	place := p.low + float64(cell%places)*p.step
	outside := max(p.prior.low-place, place-p.prior.high, 0)
	weight := math.Exp(-outside/reach) * shapeOf(cell).before
	weight *= disturbedBefore[disturbedOf(cell)] * widthsBefore[widthOf(cell)]
	if cell/cells() == 0 {
		return weight * steady
	}
	return weight * (1 - steady) / float64(len(drifts)-1)
}

// observe takes a trial in, and moves or narrows the grid where that is due.
func (p *posterior) observe(e evidence) {
	p.seen = append(p.seen, e)
	p.apply(e)
	for range 8 { // each time by half at most
		from, to, ok := p.better()
		if !ok {
			return
		}
		p.spread(from, to)
	}
}

// better is a stretch that would serve the posterior better than the one it has: a
// wider one if it presses against an end, a narrower one if most of it is empty.
func (p *posterior) better() (from, to float64, ok bool) {
	m := p.marginal(0)
	m.low, m.mass = p.low, m.mass[2:places+2]
	high := p.low + p.step*(places-1)
	span := high - p.low
	const edge, pressed = 1e-4, 1e-3
	first, last := m.quantile(edge), m.quantile(1-edge)
	switch {
	case m.mass[0]+m.mass[1] > pressed:
		return p.low - span/2, high, true
	case m.mass[places-1]+m.mass[places-2] > pressed:
		return p.low, high + span/2, true
	case last-first < span/3:
		room := max((last-first)/2, places*1e-5)
		return first - room, last + room, last-first+2*room < span*0.9
	}
	return 0, 0, false
}

// apply multiplies the weights by the likelihood of a trial.
func (p *posterior) apply(e evidence) {
	p.wander(e.at)
	at := 0
	for _, drift := range drifts {
		moved := e
		moved.place -= drift * share(e.at, time.Hour)
		if e.took != 0 {
			moved.took -= drift * share(e.at, time.Hour)
		}
		for i := range shapes {
			for _, width := range widths {
				at = p.applyShape(at, &shapes[i], width, &moved)
			}
		}
	}
	normalize(p.weights)
}

// wandering is by how much ln(capacity) may go astray within an hour beside the drift, one
// standard deviation: what was seen long ago counts less than what was seen just now.
const wandering = 0.03

// wander spreads the posterior over the places beside for the time since the last
// trial: a moving average, which is done when there is enough of it to matter.
func (p *posterior) wander(at time.Duration) {
	p.owed += wandering * wandering * max(share(at-p.last, time.Hour), 0)
	p.last = at
	half := int(math.Sqrt(3*p.owed/(p.step*p.step)+0.25) - 0.5) // a mean of 2h+1 places has the variance h(h+1)/3
	if half < 1 {
		return
	}
	p.owed -= float64(half*(half+1)) / 3 * p.step * p.step
	var sums [places + 1]float64
	for row := 0; row < len(p.weights); row += places {
		cells := p.weights[row : row+places]
		for i, w := range cells {
			sums[i+1] = sums[i] + w
		}
		for i := range cells {
			from, to := max(i-half, 0), min(i+half+1, places)
			cells[i] = (sums[to] - sums[from]) / float64(to-from)
		}
	}
}

// share is a part of a whole; 0 of nothing.
func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func normalize(weights []float64) {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	for i := range weights {
		weights[i] /= sum
	}
}
