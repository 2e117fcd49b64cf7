package capacity

import (
	"fmt"
	"math"
	"time"
)

// Config says what to look for. Rates are events a second.
type Config struct {
	From, To   float64       // no trial is below the one or above the other
	First      float64       // where to begin, between them
	Precision  float64       // how wide the interval may be, as a share of the capacity
	Confidence float64       // how likely the interval is to hold the capacity
	Budget     time.Duration // of all trials, the pauses between them included
	Length     time.Duration // of a trial
}

// Kind says what a trial is for.
type Kind string

// The kinds of trials, in the order in which a search has them.
const (
	Bracket Kind = "bracket" // short, to find a rate that holds and one that breaks
	Narrow  Kind = "narrow"  // where it tells most about the capacity
	Below   Kind = "below"   // at the lower end of the interval: it has to hold
	Above   Kind = "above"   // a tenth above the upper end: it has to break
	Again   Kind = "again"   // at the lower end once more, after the break
	Drain   Kind = "drain"   // at a low rate, to see whether the endpoint has recovered
)

// Trial is one run of the scenario's traffic at a constant rate.
type Trial struct {
	Number int           `json:"number"` // from 1
	Kind   Kind          `json:"kind"`
	Rate   float64       `json:"events_per_s"`
	Length time.Duration `json:"-"`
}

// Search finds the capacity of an endpoint trial by trial: Next says what to run and
// Observe takes what came of it, in turns. It keeps no clock, draws nothing and
// sends nothing, so that the same trials lead to the same answer. It is for one
// goroutine.
type Search struct {
	config  Config
	phase   Kind
	rate    float64 // of the next trial; 0: the posterior says
	asked   Trial   // what Next said
	elapsed time.Duration
	count   int
	tried   []tried
	answer  Answer

	bounds    bounds
	posterior *posterior // nil until there is a bracket
	failed    failures
	rest      recovery
}

// tried is a trial with what came of it.
type tried struct {
	Trial
	Observation
	at time.Duration // the middle of it
}

// bounds are the highest rate that held and the lowest that broke while the bracket
// was looked for; 0: none did.
type bounds struct{ held, broke float64 }

// failures count what went against the search.
type failures struct {
	invalid    int // in a row
	own        int // of these, those that only the generator explains
	unknown    int // trials in a row that could not be judged
	disproved  int // trials that were to confirm the interval and did not
	again      int // trials after the overload that broke, since one held
	narrowings int // trials of the kind Narrow, to vary where they are
}

// The bounds of what can be asked for.
const (
	finest, coarsest = 0.002, 0.5
	boldest          = 0.999
	shortest         = 2 * time.Second // a trial
)

// NewSearch begins a search. The error says which field of c makes none.
func NewSearch(c Config) (*Search, error) {
	switch {
	case !(c.From > 0 && c.From <= c.To) || math.IsInf(c.To, 0):
		return nil, fmt.Errorf("the lowest rate, %v, has to be above 0 and not above the highest, %v", c.From, c.To)
	case !(c.Precision >= finest && c.Precision <= coarsest):
		return nil, fmt.Errorf("the precision has to be from %v %% to %v %%", finest*100, coarsest*100)
	case !(c.Confidence >= 0.5 && c.Confidence <= boldest):
		return nil, fmt.Errorf("the confidence has to be from 50 %% to %v %%", boldest*100)
	case c.Length < shortest:
		return nil, fmt.Errorf("a trial takes %v at least", shortest)
	case c.Budget < c.Length:
		return nil, fmt.Errorf("the budget, %v, has no room for a trial of %v", c.Budget, c.Length)
	}
	c.First = min(max(c.First, c.From), c.To)
	return &Search{config: c, phase: Bracket, rate: c.First}, nil
}

// Elapsed is the time that the trials took.
func (s *Search) Elapsed() time.Duration { return s.elapsed }

// shorter is how much shorter the trials are that only look for a bracket.
const shorter = 3

// Next is the trial to run next; ok is false once the search has ended.
func (s *Search) Next() (t Trial, ok bool) {
	if s.answer.End != "" {
		return Trial{}, false
	}
	t = Trial{Number: s.count + 1, Kind: s.phase, Rate: s.rate, Length: s.config.Length}
	switch {
	case s.rest.pending:
		t.Kind, t.Rate, t.Length = Drain, s.probeRate(), max(s.config.Length/10, 2*time.Second)
	case s.phase == Bracket && !s.atEnd():
		t.Length /= shorter
	case s.phase == Narrow && s.rate == 0:
		t.Rate = s.informative()
	}
	if s.elapsed+t.Length > s.config.Budget {
		s.runOut()
		return Trial{}, false
	}
	s.asked = t
	return t, true
}

// runOut ends a search that has no time left. An endpoint that answers either way over
// a wide range of rates would not be told more exactly in twice the time.
func (s *Search) runOut() {
	if s.posterior != nil && s.posterior.erratic() > known {
		s.finish(Flaps)
		return
	}
	s.finish(Budget)
}

// atEnd says whether the bracket has reached an end of what may be tried, where one
// short trial is not enough to go by.
func (s *Search) atEnd() bool { return s.rate == s.config.From || s.rate == s.config.To }

// asks are where trials are made: at these quantiles of what is known of the capacity,
// in turns. The median alone would tell least about how the endpoint answers beside it.
var asks = []float64{0.5, 0.2, 0.8}

// informative is a rate at which a trial tells most.
func (s *Search) informative() float64 {
	m := s.posterior.marginal(s.elapsed)
	return s.allowed(math.Exp(m.quantile(asks[s.failed.narrowings%len(asks)])))
}

// allowed is the rate closest to one that may be tried, to the event a second.
func (s *Search) allowed(rate float64) float64 {
	if rate > 100 {
		rate = math.Round(rate)
	}
	return min(max(rate, s.config.From), s.config.To)
}

// Observe takes what came of the trial that Next said.
func (s *Search) Observe(o Observation) {
	t := tried{s.asked, o, s.elapsed + o.Took/2}
	s.count++
	s.elapsed += o.Took
	s.tried = append(s.tried, t)
	switch {
	case t.Kind == Drain:
		s.recovering(&t)
		return
	case o.Response == Invalid:
		s.invalid(&t)
		return
	case o.Response == Held && o.Accepted < leastAccepted:
		s.finish(Rejecting)
		return
	}
	s.failed.invalid, s.failed.own, s.failed.unknown, s.rate = 0, 0, 0, t.Rate
	s.rest.note(&t)
	switch t.Kind {
	case Bracket:
		s.bracket(&t)
	case Narrow:
		s.failed.narrowings++
		s.learn(&t)
		s.settle()
	default:
		s.confirm(&t)
	}
}

// leastAccepted is the share of what was sent that an endpoint has to accept of a rate
// that it is said to take, whatever the thresholds put up with.
const leastAccepted = 0.5

// mostInvalid is how many trials in a row may be invalid at a rate that the generator
// has been through before, or for others that use its machine.
const mostInvalid = 6

// mostUnknown is how many trials in a row may come to nothing because a metric was not told.
const mostUnknown = 3

// invalid repeats a trial that says nothing of the endpoint. Twice in a row at a rate
// that no valid trial reached, it is the generator that does not get further.
func (s *Search) invalid(t *tried) {
	s.rate = t.Rate
	if t.Unknown {
		s.failed.unknown++
		if s.failed.unknown >= mostUnknown {
			s.answer.Why = t.Why
			s.finish(NotJudged)
		}
		return
	}
	s.failed.invalid++
	if !t.Disturbed {
		s.failed.own++
	}
	reached := false
	for i := range s.tried {
		one := &s.tried[i]
		reached = reached || one.Kind != Drain && one.Response != Invalid && one.Rate >= t.Rate
	}
	switch many := s.failed.invalid >= mostInvalid; {
	case many && s.failed.own == 0:
		s.answer.Why = t.Why
		s.finish(Disturbed)
	case many || s.failed.own >= 2 && !reached:
		s.answer.Limit, s.answer.Why = t.Rate, t.Why
		s.finish(OwnLimit)
	}
}

// Rest is how long to wait before the next trial, which counts as time that the search
// took: after trials that others on the generator's machine disturbed, longer each time.
func (s *Search) Rest() time.Duration {
	if n := len(s.tried); n == 0 || s.answer.End != "" || !s.tried[n-1].Disturbed {
		return 0
	}
	rest := min(5*time.Second<<max(s.failed.invalid-1, 0), s.config.Budget/20)
	s.elapsed += rest
	return rest
}

// bracket moves up by doubling, or down by halving, until one rate held and a higher
// one broke.
func (s *Search) bracket(t *tried) {
	c, b := &s.config, &s.bounds
	full := t.Length == c.Length
	if t.Response == Held {
		b.held = t.Rate
	} else {
		b.broke = t.Rate
	}
	switch {
	case b.held > 0 && b.broke > 0:
		s.posterior = newPosterior(b.held, b.broke)
		s.narrow()
	case b.held > 0 && t.Rate == c.To && full:
		s.finish(NeverBreaks)
	case b.broke > 0 && t.Rate == c.From && full:
		s.answer.Why = t.Why
		s.finish(s.atFloor())
	case b.held > 0:
		s.rate = min(2*t.Rate, c.To)
	default:
		s.rate = max(t.Rate/2, c.From)
	}
}

// atFloor tells an endpoint that breaks at the lowest rate from thresholds that no rate
// meets: their figure then is no better at the lowest than at the rate before.
func (s *Search) atFloor() End {
	var margins []float64
	for i := range s.tried {
		if t := &s.tried[i]; t.Kind == Bracket && t.Response == Broke {
			margins = append(margins, t.Margin.Log)
		}
	}
	if n := len(margins); n >= 2 && s.config.First >= 2*s.config.From && margins[0]-margins[n-1] < 0.1 {
		return NoRate
	}
	return BreaksAtOnce
}

// narrow goes on with the search for the interval.
func (s *Search) narrow() { s.phase, s.rate = Narrow, 0 }

// learn feeds the posterior. What a trial came to is decided by its response: a margin
// that says otherwise, or nothing, is that of a figure at its bound.
func (s *Search) learn(t *tried) {
	margin := t.Margin.Log
	switch {
	case t.Response == Held && !(margin < 0):
		margin = -linear / 100
	case t.Response == Broke && !(margin >= 0):
		margin = linear / 100
	}
	s.posterior.observe(evidence{math.Log(t.Rate), margin, max(t.Margin.Error, 0), t.saturated(), t.at})
}

// saturated is ln of the rate at which the endpoint answered while it was asked for
// more; 0: it kept up.
func (t *tried) saturated() float64 {
	if t.Response != Broke || t.Saturated <= 0 {
		return 0
	}
	return math.Log(t.Saturated)
}

// settle ends the narrowing once the interval is as narrow as was asked for, or lies at
// an end of what may be tried.
func (s *Search) settle() {
	low, high := s.interval()
	switch {
	case low >= s.config.To:
		s.finish(NeverBreaks)
	case high <= s.config.From:
		s.finish(BreaksAtOnce)
	case width(low, high) <= s.config.Precision && s.failed.narrowings >= fewest:
		s.phase, s.rate = Below, s.allowed(low)
	default:
		s.narrow()
	}
}

// fewest is how many trials it takes at least before an interval is believed.
const fewest = 6

// interval holds the capacity with the confidence asked for.
func (s *Search) interval() (low, high float64) {
	m := s.posterior.marginal(s.elapsed)
	outside := s.outside()
	return math.Exp(m.quantile(outside)), math.Exp(m.quantile(1 - outside))
}

// outside is how likely the capacity is to lie below the interval, by the posterior,
// and above it. That is half of what was asked for: a search that stops as soon as the
// interval looks narrow stops more often where it does so by chance.
func (s *Search) outside() float64 { return (1 - s.config.Confidence) / 4 }

// width is that of an interval as a share of its middle.
func width(low, high float64) float64 { return (high - low) / math.Sqrt(low*high) }
