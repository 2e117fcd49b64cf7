package capacity

import "math"

// End says why a search ended.
type End string

// The ends of a search.
const (
	Measured     End = "measured"         // the interval is as narrow as asked for, and was confirmed
	Budget       End = "budget"           // the time was over before
	Interrupted  End = "interrupted"      // by the user, or by its permit
	Flaps        End = "flaps"            // the same rates hold and break, over and over
	NeverBreaks  End = "never-breaks"     // the highest rate that may be tried holds
	BreaksAtOnce End = "breaks-at-once"   // the lowest rate that may be tried breaks
	NoRate       End = "no-rate"          // the thresholds are not met at any rate, and not for the rate
	Rejecting    End = "met-by-rejecting" // the thresholds are met while most is rejected
	OwnLimit     End = "own-limit"        // the generator gets no further: nothing is known of the endpoint there
	Disturbed    End = "disturbed"        // others that use the generator's machine left too many trials invalid
	NotJudged    End = "cannot-judge"     // a metric that a threshold is on was not told, so that no trial was valid
	NotDrained   End = "does-not-recover" // the endpoint did not recover from a trial that broke
)

// Answer is what a search came to. Where an end of the interval is 0 it is not known.
type Answer struct {
	End        End     `json:"end"`
	Why        string  `json:"why,omitempty"`               // in more words, where the end leaves them open
	Low        float64 `json:"low_events_per_s,omitempty"`  // the interval, with the confidence asked for
	High       float64 `json:"high_events_per_s,omitempty"` // likewise
	Best       float64 `json:"best_events_per_s,omitempty"` // the median of what is known; 0: there is none
	Rough      bool    `json:"rough,omitempty"`             // it rests on short trials alone, without any confidence
	Confirmed  bool    `json:"confirmed"`                   // the trials below and above it came out as they had to
	Limit      float64 `json:"own_limit_events_per_s,omitempty"`
	Hysteresis bool    `json:"hysteresis,omitempty"`     // a rate that held before an overload breaks after it
	Drift      float64 `json:"drift_per_hour,omitempty"` // of the capacity, as a share; 0: none was seen
	Erratic    bool    `json:"erratic,omitempty"`        // trials come out either way over a wide range of rates
}

// Interval says whether both ends are known.
func (a *Answer) Interval() bool { return a.Low > 0 && a.High > 0 }

// Width is that of the interval as a share of its middle; 0: there is none.
func (a *Answer) Width() float64 {
	if !a.Interval() {
		return 0
	}
	return width(a.Low, a.High)
}

// Answer is what is known so far; End is empty as long as the search goes on.
func (s *Search) Answer() Answer {
	a := s.answer
	if a.End == "" {
		s.fill(&a)
	}
	return a
}

// Interrupt ends the search where it is.
func (s *Search) Interrupt(why string) {
	if s.answer.End == "" {
		s.answer.Why = why
		s.finish(Interrupted)
	}
}

// finish ends the search.
func (s *Search) finish(end End) {
	s.answer.End = end
	s.answer.Confirmed = end == Measured
	s.fill(&s.answer)
}

// known is how likely drift and erratic answers have to be to be said.
const known = 0.9

// fill says what is known of the capacity.
func (s *Search) fill(a *Answer) {
	switch a.End {
	case NoRate, Rejecting, OwnLimit, NotJudged:
		return
	case NeverBreaks:
		a.Low = s.config.To
		return
	case BreaksAtOnce:
		a.High = s.config.From
		return
	}
	if s.posterior == nil {
		a.Low, a.High = s.bounds.held, s.bounds.broke
		a.Rough = a.Low > 0 || a.High > 0
		return
	}
	a.Best = math.Exp(s.posterior.marginal(s.elapsed).quantile(0.5))
	a.Low, a.High = s.interval()
	a.Erratic = s.posterior.erratic() > known
	if falls, rises := s.posterior.drifting(); max(falls, rises) > known {
		a.Drift = math.Expm1(s.posterior.drift())
	}
}
