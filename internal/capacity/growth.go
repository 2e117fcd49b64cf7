package capacity

import (
	"math"
	"slices"
)

// Sustained is for how many seconds a rate has to be held for the endpoint to be said
// to take it: a latency that climbs so fast that it would leave its threshold within
// that time breaks it already.
const Sustained = 600

// shortestTrend is how many seconds a trial has to have for latency that climbs to be
// told from chance.
const shortestTrend = 10

// Second is a moment of a trial.
type Second struct {
	At      float64 // seconds
	Latency float64 // the median of what was answered in it, in milliseconds
}

// Climb is how fast latency grows in a trial, in milliseconds each second; 0: not
// beyond what chance explains. It is the median of the slopes between all pairs of
// moments (Theil and Sen), and it counts if Kendall's test finds a trend that chance
// makes of two trials in a thousand. Neither asks how latencies are distributed. The
// first fifth of a trial, in which connections are opened, does not count.
func Climb(seconds []Second) float64 {
	seconds = seconds[len(seconds)/5:]
	n := len(seconds)
	if n < 6 {
		return 0
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	score := 0
	for i := range seconds {
		for _, later := range seconds[i+1:] {
			rise := later.Latency - seconds[i].Latency
			slopes = append(slopes, rise/(later.At-seconds[i].At))
			score += sign(rise)
		}
	}
	spread := math.Sqrt(float64(n*(n-1)*(2*n+5)) / 18)
	if z := float64(score-1) / spread; z < 2.9 {
		return 0
	}
	slices.Sort(slopes)
	return max(slopes[len(slopes)/2], 0)
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// Ahead is the figure that a threshold on latency would come to if the latency went on
// to climb for as long as a rate has to be held; its error is that of f.
func Ahead(f Figure, climb float64) Figure {
	later := climb * Sustained
	f.Value, f.Low, f.High = f.Value+later, f.Low+later, f.High+later
	return f
}

// SaturatedAt is the rate, of events a second, at which an endpoint accepted what came
// while more was sent: 0 if it kept up. Of what is sent at a rate r, an endpoint that
// works off c answers at the time t what was due at t × c/r, so that latency climbs by
// 1 − c/r seconds each second; what it rejects it does not accept.
func SaturatedAt(sent, accepted, climb float64) float64 {
	if climb == 0 && accepted > 0.999 {
		return 0
	}
	return sent * accepted * max(1-climb/1000, 0)
}
