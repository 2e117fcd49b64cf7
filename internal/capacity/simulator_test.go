package capacity

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// An endpoint in virtual time: a queue that is worked off at so many events a second,
// answers that take longer the busier it is, and what may go wrong with either. Trials
// are as those of a run: thresholds on what was sent, latency second by second.
type endpoint struct {
	capacity float64                   // events a second, before anything changes it
	now      func(e *endpoint) float64 // what it comes to at this moment, as a share
	soft     float64                   // ms that an answer takes on average beside the queue, of an idle endpoint
	limited  bool                      // what is over the capacity is rejected with a 429 instead of queued
	alone    float64                   // the share that counts as the truth, if that is not what it is now; 0: it is
	noise    noise

	rng     *rand.Rand
	clock   float64 // seconds
	backlog float64 // events
	done    float64 // events, ever
	tokens  float64
}

// noise is what differs from trial to trial.
type noise struct {
	width     float64 // of the capacity, normal in its logarithm
	disturbed float64 // share of the trials in which it is another one altogether
}

// The thresholds: p99 < 500ms, rejected < 0.1%.
const (
	boundMS   = 500
	baseMS    = 10
	maxReject = 0.001
	batch     = 50
	abandon   = 10 * boundMS // a trial that is as late as this is ended
)

// trial runs t.
func (e *endpoint) trial(t Trial) Observation {
	factor := math.Exp(e.noise.width * e.rng.NormFloat64())
	if e.rng.Float64() < e.noise.disturbed {
		factor *= math.Exp((e.rng.Float64() - 0.6) * 0.6)
	}
	var seconds []Second
	var latencies []float64
	sent, rejected, begun := 0.0, 0.0, e.clock
	var shares []float64 // of what was sent, accepted, by second
	perSecond := min(max(int(t.Rate/batch), 1), 30)
	for e.clock-begun < t.Length.Seconds() {
		c := e.capacity * e.now(e) * factor
		refused := 0.0
		if e.limited {
			e.tokens = min(e.tokens+c, 1.2*c)
			refused = max(t.Rate-e.tokens, 0)
			e.tokens -= t.Rate - refused
		}
		taken := t.Rate - refused
		busy := min(taken/c, 0.999)
		var these []float64
		for i := range perSecond {
			queued := max(e.backlog+(taken-c)*float64(i)/float64(perSecond), 0)
			these = append(these, baseMS+1000*queued/c+e.rng.ExpFloat64()*e.soft/(1-busy))
		}
		e.backlog = max(e.backlog+taken-c, 0)
		e.clock++
		e.done += min(taken, c)
		sent, rejected = sent+t.Rate, rejected+refused
		shares = append(shares, taken/t.Rate)
		latencies = append(latencies, these...)
		slices.Sort(these)
		seconds = append(seconds, Second{e.clock + these[len(these)/2]/1000, these[len(these)/2]})
		if these[0] > abandon {
			break
		}
	}
	e.settle()
	slices.Sort(latencies)
	at := func(q float64) float64 { return latencies[min(int(q*float64(len(latencies))), len(latencies)-1)] }
	latency := OfQuantile("p99 < 500ms", 0.99, boundMS, int64(len(latencies)), at)
	figures := []Figure{
		Ahead(latency, Climb(seconds)),
		OfShare("rejected < 0.1%", int64(rejected/batch), int64(sent/batch), maxReject, false),
	}
	o := Observation{
		Response: Held, Margin: Worst(figures), Accepted: 1 - rejected/sent,
		Latency: Latency{P50: at(0.5), P90: at(0.9), P99: at(0.99)},
		Took:    time.Duration((e.clock - begun + 1) * float64(time.Second)),
	}
	if o.Margin.Log >= 0 {
		o.Response = Broke
		o.Saturated = SaturatedAt(t.Rate, mean(shares[len(shares)/2:]), Climb(seconds))
	}
	return o
}

// settle waits for what is in flight, as a run does, for 30 s at most.
func (e *endpoint) settle() {
	c := e.capacity * e.now(e)
	waits := min(e.backlog/c, 30)
	e.clock += waits
	e.done += waits * c
	e.backlog -= waits * c
}

// takes is what the endpoint takes now.
func (e *endpoint) takes() float64 {
	c := e.capacity * cmp.Or(e.alone, e.now(e))
	if e.soft > 0 { // p99 = base + ln 100 × soft / (1 − busy)
		c *= 1 - math.Log(100)*e.soft/(boundMS-baseMS)
	}
	return c
}

func always(*endpoint) float64 { return 1 }

// kinds of endpoints, each of a capacity.
func kinds() map[string]func(capacity float64) *endpoint {
	return map[string]func(float64) *endpoint{
		"sharp knee": func(c float64) *endpoint { return &endpoint{capacity: c, now: always} },
		"soft knee":  func(c float64) *endpoint { return &endpoint{capacity: c, now: always, soft: 20} },
		"slow leak": func(c float64) *endpoint { // a hundredth for each two minutes' worth of events
			return &endpoint{capacity: c, now: func(e *endpoint) float64 { return max(1-e.done/c/12000, 0.3) }}
		},
		"warm-up": func(c float64) *endpoint { // cold for the first minute
			return &endpoint{capacity: c, now: func(e *endpoint) float64 {
				if e.clock < 60 {
					return 0.6
				}
				return 1
			}}
		},
		"429 cap": func(c float64) *endpoint { return &endpoint{capacity: c, now: always, limited: true} },
		"noisy neighbour": func(c float64) *endpoint { // takes a quarter for 20 s, every 4 minutes
			return &endpoint{capacity: c, alone: 1, now: func(e *endpoint) float64 {
				if math.Mod(e.clock+100, 240) < 20 {
					return 0.75
				}
				return 1
			}}
		},
		"drifting": func(c float64) *endpoint { // falls by a fifth an hour
			return &endpoint{capacity: c, now: func(e *endpoint) float64 { return math.Exp(-0.2 * e.clock / 3600) }}
		},
	}
}

func mean(xs []float64) (sum float64) {
	for _, x := range xs {
		sum += x / float64(len(xs))
	}
	return sum
}
