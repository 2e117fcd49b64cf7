package capacity

import (
	"math"
	"time"

	"rehearse/results"
)

// Response is how the endpoint answered to a rate.
type Response string

// The responses.
const (
	Held    Response = "held"    // every threshold was met, and the latency does not climb out of it
	Broke   Response = "broke"   // one was not
	Invalid Response = "invalid" // the trial says nothing of the endpoint
)

// Observation is what came of a trial.
type Observation struct {
	Response Response `json:"response"`
	Why      string   `json:"why,omitempty"` // it broke, or is invalid
	Margin   Margin   `json:"margin"`        // of the threshold that is closest to its bound, or furthest beyond
	Accepted float64  `json:"accepted"`      // share of the events that were sent
	Answered float64  `json:"answered_events_per_s"`
	Latency  Latency  `json:"latency_ms"`
	Extras

	Climb     float64 `json:"climb_ms_per_s,omitempty"`         // growth of the latency each second, of one that broke
	Saturated float64 `json:"saturated_events_per_s,omitempty"` // what it accepted while more was sent; 0: it kept up

	Disturbed bool `json:"disturbed,omitempty"` // invalid, and others that used the generator's machine explain it
	Unknown   bool `json:"unknown,omitempty"`   // invalid, because a metric that a threshold is on was not told

	Took time.Duration `json:"-"` // with all that it takes beside the trial itself
}

// Extras are what else was measured in a trial, which the search does not go by.
type Extras struct {
	InFlight float64        `json:"requests_in_flight"`              // on average, while the rate was held
	Beside   *Latency       `json:"background_latency_ms,omitempty"` // nil: there was no background
	Queue    *results.Queue `json:"queue,omitempty"`                 // behind the endpoint; nil: none is named
}

// Latency is that of a trial, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`

	Mean float64 `json:"mean"`
}

// Margin is how far a figure is from the bound of its threshold.
type Margin struct {
	Threshold string  `json:"threshold"`
	Log       float64 `json:"log"`   // ln(figure / bound): below 0 it is met
	Error     float64 `json:"error"` // standard error of Log, by how many requests the figure rests on
}

// Figure is what a threshold's measure came to.
type Figure struct {
	Threshold string
	Value     float64
	Bound     float64
	Low, High float64 // of Value, a standard error to both sides
	AtLeast   bool    // the bound is one from below, of a share of 1
}

// farthest is the largest margin that is told: figures beyond a bound of zero have no
// logarithm.
const farthest = 5

// margin is that of a figure.
func (f *Figure) margin() Margin {
	value, bound, low, high := f.Value, f.Bound, f.Low, f.High
	if f.AtLeast {
		value, bound, low, high = 1-value, 1-bound, 1-high, 1-low
	}
	m := Margin{f.Threshold, logRatio(value, bound), 0}
	m.Error = (logRatio(high, bound) - logRatio(low, bound)) / 2
	return m
}

// logRatio is ln(value / bound) within farthest.
func logRatio(value, bound float64) float64 {
	switch {
	case value <= 0:
		return -farthest
	case bound <= 0:
		return farthest
	}
	return min(max(math.Log(value/bound), -farthest), farthest)
}

// Worst is the margin of several figures: that of the one which decides.
func Worst(figures []Figure) Margin {
	worst := Margin{Log: -farthest}
	for i := range figures {
		if m := figures[i].margin(); i == 0 || m.Log > worst.Log {
			worst = m
		}
	}
	return worst
}

// OfQuantile is the figure of a quantile of n measurements, at returns any of them.
func OfQuantile(threshold string, q, bound float64, n int64, at func(q float64) float64) Figure {
	f := Figure{Threshold: threshold, Value: at(q), Bound: bound}
	spread := 1.0
	if n > 0 {
		spread = math.Sqrt(q * (1 - q) / float64(n)) // of how many lie below it: a binomial
	}
	f.Low, f.High = at(max(q-spread, 0)), at(min(q+spread, 1))
	return f
}

// OfShare is the figure of a share of n, by the score interval of Wilson (1927).
func OfShare(threshold string, part, n int64, bound float64, atLeast bool) Figure {
	if n == 0 {
		return Figure{Threshold: threshold, Bound: bound, High: 1, AtLeast: atLeast}
	}
	N, p := float64(n), float64(part)/float64(n)
	middle := (p + 1/(2*N)) / (1 + 1/N)
	half := math.Sqrt(p*(1-p)/N+1/(4*N*N)) / (1 + 1/N)
	return Figure{threshold, p, bound, max(middle-half, 0), min(middle+half, 1), atLeast}
}
