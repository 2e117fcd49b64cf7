package capacity

import (
	"fmt"
	"math"

	"rehearse/internal/text"
)

// Scalability is the universal scalability law of Gunther (1993) as it fits the trials: with N
// requests in flight an endpoint answers
//
//	X(N) = Alone × N / (1 + Contention × (N − 1) + Coherency × N × (N − 1))
//
// events a second. It describes the measurements, and nothing is decided by it. Each figure has
// its standard error, by the jackknife: from how it differs as one point after the other is
// left out.
type Scalability struct {
	Alone      float64 `json:"events_per_s_alone"` // of one request in flight
	Contention float64 `json:"contention"`         // share of the work that only one request does at a time
	Coherency  float64 `json:"coherency"`          // share of the work for each pair of requests in flight

	AloneError      float64 `json:"events_per_s_alone_error"`
	ContentionError float64 `json:"contention_error"`
	CoherencyError  float64 `json:"coherency_error"`

	// Error is by what share each point is missed, on average (root mean square), by the law
	// that is fitted to all others.
	Error  float64 `json:"error"`
	Points int     `json:"points"`
	Fits   bool    `json:"fits"` // Error is small enough for the law to be drawn

	from, to float64       // requests in flight, of the points
	without  []scalability // fitted to all points but one
}

// What a fit takes.
const (
	fewestFitted = 6    // points: there are three parameters
	leastSpread  = 4    // between the requests in flight of the first and the last point
	mostMissed   = 0.05 // for the law to be said to fit
)

// scalability is the law alone.
type scalability struct{ alone, contention, coherency float64 }

// at is X(n).
func (s *scalability) at(n float64) float64 {
	return s.alone * n / (1 + s.contention*(n-1) + s.coherency*n*(n-1))
}

// keptUp are the points in which the endpoint kept up, so that as much came to an end as was
// sent: a queue that grows has no number of requests in flight.
func keptUp(points []Point) (all []Point) {
	for _, p := range points {
		if p.InFlight > 0 && p.Answered > 0 && p.Climbing == 0 && p.Efficiency > 0.97 {
			all = append(all, p)
		}
	}
	return all
}

// scalabilityOf fits the law; why says why there is none.
func scalabilityOf(points []Point) (s *Scalability, why string) {
	points = keptUp(points)
	if len(points) < fewestFitted {
		return nil, fmt.Sprintf("it takes %d rates at which the endpoint keeps up, and %s", fewestFitted,
			were(len(points)))
	}
	s = &Scalability{Points: len(points), from: math.Inf(1)}
	for _, p := range points {
		s.from, s.to = min(s.from, p.InFlight), max(s.to, p.InFlight)
	}
	if s.to < leastSpread*s.from {
		return nil, fmt.Sprintf("from the lowest rate to the highest that it keeps up with, the requests in flight "+
			"have to grow %d times, and grew %s times", leastSpread, text.Figures(s.to/s.from))
	}
	all := fit(points)
	s.Alone, s.Contention, s.Coherency = all.alone, all.contention, all.coherency
	sum := 0.0
	for i := range points {
		rest := fit(append(points[:i:i], points[i+1:]...))
		s.without = append(s.without, rest)
		sum += math.Pow(rest.at(points[i].InFlight)/points[i].Answered-1, 2)
	}
	s.Error = math.Sqrt(sum / float64(len(points)))
	s.Fits = s.Error <= mostMissed
	s.AloneError = s.spread(func(l *scalability) float64 { return l.alone })
	s.ContentionError = s.spread(func(l *scalability) float64 { return l.contention })
	s.CoherencyError = s.spread(func(l *scalability) float64 { return l.coherency })
	return s, ""
}

// were is how many rates there were.
func were(n int) string {
	if n == 1 {
		return "there was 1"
	}
	return fmt.Sprintf("there were %d", n)
}

// law is that of all points.
func (s *Scalability) law() *scalability { return &scalability{s.Alone, s.Contention, s.Coherency} }

// At is what the law says of n requests in flight, with its standard error.
func (s *Scalability) At(n float64) (rate, uncertain float64) {
	return s.law().at(n), s.spread(func(l *scalability) float64 { return l.at(n) })
}

// spread is the standard error of what the law says, by the jackknife.
func (s *Scalability) spread(of func(*scalability) float64) float64 {
	n := float64(len(s.without))
	middle, sum := 0.0, 0.0
	for i := range s.without {
		middle += of(&s.without[i]) / n
	}
	for i := range s.without {
		sum += math.Pow(of(&s.without[i])-middle, 2)
	}
	return math.Sqrt(sum * (n - 1) / n)
}

// Peak is where the law has its maximum: more requests in flight bring less. ok is false if
// that lies more than twice beyond what was measured, where the law is a guess.
func (s *Scalability) Peak() (inFlight, rate float64, ok bool) {
	if !(s.Coherency > 0) || s.Contention >= 1 {
		return 0, 0, false
	}
	n := math.Sqrt((1 - s.Contention) / s.Coherency)
	return n, s.law().at(n), n <= 2*s.to
}

// fit finds the law that misses the points least, each by its share. With r = N / X, the law
// is r = a + b (N − 1) + c N (N − 1) where a is 1 / Alone, b and c Contention and Coherency
// times a: linear least squares, among those whose b and c are not negative.
func fit(points []Point) scalability {
	best, least := scalability{}, math.Inf(1)
	for _, terms := range [][]int{{0, 1, 2}, {0, 1}, {0, 2}, {0}} {
		var x [3]float64
		if !leastSquares(points, terms, &x) || x[0] <= 0 || x[1] < 0 || x[2] < 0 {
			continue
		}
		missed := 0.0
		for _, p := range points {
			row := terms3(p.InFlight)
			missed += math.Pow((x[0]*row[0]+x[1]*row[1]+x[2]*row[2])*p.Answered/p.InFlight-1, 2)
		}
		if missed < least*(1-1e-9) {
			best, least = scalability{1 / x[0], x[1] / x[0], x[2] / x[0]}, missed
		}
	}
	return best
}

// terms3 are the terms of the law at n requests in flight.
func terms3(n float64) [3]float64 { return [3]float64{1, n - 1, n * (n - 1)} }

// leastSquares solves the normal equations of some of the terms into x, by elimination with
// pivots. Each term is divided by its largest value, so that none outweighs the others.
func leastSquares(points []Point, terms []int, x *[3]float64) bool {
	last := points[0].InFlight
	for _, p := range points {
		last = max(last, p.InFlight)
	}
	scale := terms3(1 + last)
	var m [3][4]float64
	for _, p := range points {
		row, weight := terms3(p.InFlight), p.Answered/p.InFlight
		for i, a := range terms {
			for j, b := range terms {
				m[i][j] += row[a] / scale[a] * weight * row[b] / scale[b] * weight
			}
			m[i][3] += row[a] / scale[a] * weight
		}
	}
	if !eliminate(&m, len(terms)) {
		return false
	}
	for i, a := range terms {
		x[a] = m[i][3] / scale[a]
	}
	return true
}

// eliminate solves n equations in place; the solutions are in the last column.
func eliminate(m *[3][4]float64, n int) bool {
	for i := range n {
		pivot := i
		for j := i + 1; j < n; j++ {
			if math.Abs(m[j][i]) > math.Abs(m[pivot][i]) {
				pivot = j
			}
		}
		m[i], m[pivot] = m[pivot], m[i]
		if math.Abs(m[i][i]) < 1e-14 {
			return false
		}
		for j := range n {
			if j == i {
				continue
			}
			factor := m[j][i] / m[i][i]
			for k := range m[j] {
				m[j][k] -= factor * m[i][k]
			}
		}
	}
	for i := range n {
		m[i][3] /= m[i][i]
	}
	return true
}
