package capacity

import (
	"math"
	"time"
)

// beyond is how far above the interval a rate has to break.
const beyond = 1.1

// mostDisproved is how often a trial may disprove the interval before the endpoint is
// said to flap.
const mostDisproved = 8

// confirm takes a trial that was to confirm the interval: it holds at its lower end, it
// breaks a tenth above its upper one, and it holds at the lower end again after that.
func (s *Search) confirm(t *tried) {
	if t.Kind == Again {
		s.again(t)
		return
	}
	s.learn(t)
	low, high := s.interval()
	expected := Held
	if t.Kind == Above {
		expected = Broke
	}
	switch {
	case t.Response != expected:
		s.disproved()
	case width(low, high) > s.config.Precision:
		s.narrow()
	case t.Kind == Below:
		s.phase, s.rate = Above, s.allowed(high*beyond)
		if s.rate <= high { // it may not be asked for more
			s.finish(Measured)
		}
	default:
		s.phase, s.rate = Again, s.lastBelow()
	}
}

// disproved looks for the interval again: the posterior knows what spoke against it.
func (s *Search) disproved() {
	s.failed.disproved++
	if s.failed.disproved >= mostDisproved {
		s.finish(Flaps)
		return
	}
	s.settle()
	if s.phase == Below { // one that is as narrow as before is not believed at once
		s.narrow()
	}
}

// lastBelow is the rate that held before the break.
func (s *Search) lastBelow() float64 {
	for i := len(s.tried) - 1; i >= 0; i-- {
		if t := &s.tried[i]; t.Kind == Below && t.Response == Held {
			return t.Rate
		}
	}
	return s.rate
}

// unlikely is how improbable it has to be, by all that was seen on the way up, that so
// many trials break without the overload before them.
const unlikely = 0.01

// again takes the trial after the break. A rate that held on the way up and breaks on
// the way down, at least twice, is hysteresis, unless it broke now and then before.
func (s *Search) again(t *tried) {
	if t.Response == Held {
		s.failed.again = 0
		s.learn(t)
		s.conclude()
		return
	}
	s.failed.again++
	chance := s.posterior.breaks(t.Rate, s.elapsed)
	switch {
	case s.failed.again == 1: // the same once more
	case math.Pow(chance, float64(s.failed.again)) <= unlikely:
		s.answer.Hysteresis = true
		s.finish(Measured)
	default:
		s.learn(t)
		s.disproved()
	}
}

// conclude ends a search whose interval was confirmed.
func (s *Search) conclude() {
	if low, high := s.interval(); width(low, high) > s.config.Precision {
		s.narrow()
		return
	}
	s.finish(Measured)
}

// recovery follows how the endpoint recovers from trials that broke.
type recovery struct {
	pending bool
	base    float64 // median latency of the first trial that held, in milliseconds
	lowest  float64 // the lowest rate that held; 0: none did
	since   time.Duration
	probes  int
	drains  []Drained
}

// Drained says how long the endpoint took to recover from a trial.
type Drained struct {
	After   int     `json:"after_trial"`
	Seconds float64 `json:"seconds"` // until a probe found it recovered: at most as long
}

// note takes a trial: one that broke leaves a backlog.
func (r *recovery) note(t *tried) {
	if t.Response == Held {
		if r.lowest == 0 {
			r.base = t.Latency.P50
		}
		if r.lowest == 0 || t.Rate < r.lowest {
			r.lowest = t.Rate
		}
		return
	}
	r.pending, r.since, r.probes = true, 0, 0
}

// probeRate is a rate at which a recovered endpoint answers as it did at first.
func (s *Search) probeRate() float64 {
	rate := s.rest.lowest
	if rate == 0 {
		rate = s.bounds.broke / 8
	}
	return max(rate/2, s.config.From)
}

// recovering takes a probe. The endpoint has recovered when its median latency is back
// within twice that of the first trial that held, give or take a millisecond.
func (s *Search) recovering(t *tried) {
	r := &s.rest
	r.since += t.Took
	r.probes++
	back := t.Response == Held && t.Latency.P50 <= 2*r.base+1
	if r.lowest == 0 { // nothing is known to go back to
		back = true
	}
	if t.Response == Invalid && r.probes >= mostInvalid {
		back = true
	}
	switch {
	case back:
		r.pending = false
		r.drains = append(r.drains, Drained{s.lastBroke(), r.since.Seconds()})
	case r.since > max(s.config.Budget/4, 4*s.config.Length):
		s.finish(NotDrained)
	}
}

// lastBroke is the number of the trial that is recovered from.
func (s *Search) lastBroke() int {
	for i := len(s.tried) - 1; i >= 0; i-- {
		if t := &s.tried[i]; t.Kind != Drain && t.Response == Broke {
			return t.Number
		}
	}
	return 0
}
