package profile

import (
	"math"
	"time"

	"rehearse/scenario"
)

// Delay is how long ids are to be anonymous in a synthesis, and come to be, in
// seconds from their first event to their merge.
type Delay struct {
	P50      float64 `json:"p50"` // as the scenario asks for it; 0: it does not
	P90      float64 `json:"p90"`
	ShownP50 float64 `json:"shown_p50"` // as a synthesis is expected to show it
	ShownP90 float64 `json:"shown_p90"`
}

// Measures of the synthesis (generator/traffic): how many events are planned
// together, and how many visits that wait for a merge begin among them beyond the
// merges, in standard deviations.
const (
	plannedEvents = 1 << 14
	spareVisits   = 2
)

// leastDelay is what a delay that could not be told from none is taken to be, in
// seconds: half of what times are known to.
const leastDelay = 0.5 / tenths

// fitDelay finds the log-normal delay whose synthesis shows the delays that were
// observed. It is longer than those: nobody has been anonymous for longer than a
// run, or a recording, has gone on.
func (p *Profile) fitDelay() Delay {
	seen := p.Merges.DelaySeconds
	if seen.Max == 0 || p.rates == nil || !p.roomForDelay() {
		return Delay{}
	}
	moments := p.moments()
	p50 := min(max(seen.P50, leastDelay), longestDelay)
	want := [2]float64{p50, min(max(seen.P90, p50), longestDelay)}
	ask, best, least := want, Delay{}, math.Inf(1)
	for range 40 {
		shown := law(ask).shown(moments)
		off := math.Abs(math.Log(shown[0]/want[0])) + math.Abs(math.Log(shown[1]/want[1]))
		if off < least {
			least, best = off, Delay{ask[0], ask[1], shown[0], shown[1]}
		}
		for i := range ask {
			ask[i] = min(max(ask[i]*want[i]/shown[i], leastDelay/4), mostAsked*want[i], longestDelay)
		}
		ask[1] = max(ask[0], ask[1])
	}
	return best
}

// longestDelay is the longest that a scenario takes, in seconds.
const longestDelay = 366 * 24 * 3600

// mostAsked bounds how much longer than observed a delay is asked for: there is
// little to learn from a recording that is shorter than its delays.
const mostAsked = 4

// roomForDelay tells whether there are twice as many visits as merges, as the
// scenario demands.
func (p *Profile) roomForDelay() bool {
	ends := 2 * math.Ceil(float64(p.Merges.Events)*(1-p.Synthesis.Reused))
	return float64(p.Events-p.Merges.Events-p.copies()-sum(p.Synthesis.Hot)-1) >= ends
}

// moment is a part of a run: how much of the events it has, how long the run and
// the block of the plan have gone on by then, and how many visits are waiting for
// each merge that comes.
type moment struct{ share, run, block, spare float64 }

// moments cuts the run into the rows of its rates.
func (p *Profile) moments() []moment {
	merges := p.Merges.Share * (1 - p.Synthesis.Reused) * plannedEvents
	spare := 1 + spareVisits/math.Sqrt(max(merges, 1))
	width := p.width.Seconds()
	var all []moment
	events, begun := 0.0, 0.0 // before the row; when the block began
	for i, n := range p.rates {
		at, rows := (float64(i)+0.5)*width, float64(n)
		if over := math.Mod(events, plannedEvents) + rows; over >= plannedEvents {
			last := math.Mod(over, plannedEvents) / rows // of the row, that belongs to the next block
			begun = (float64(i) + 1 - min(last, 1)) * width
		}
		if n > 0 {
			block := max(at-begun, min(width*plannedEvents/rows, width)/2)
			all = append(all, moment{rows / float64(p.Events), at, min(block, at), spare})
		}
		events += rows
	}
	return all
}

// law is a log-normal distribution by its median and its 90th percentile.
type law [2]float64

// below is the share that is shorter.
func (l law) below(seconds float64) float64 {
	const z90 = 1.2815515655446004 // the standard normal's 90th percentile
	deviation := max(math.Log(l[1]/l[0])/z90, 1e-6)
	return math.Erfc(-math.Log(seconds/l[0])/deviation/math.Sqrt2) / 2
}

// shown are the median and the 90th percentile of a synthesis: at every moment
// there come merges of such visits as can have begun by then, and where they are
// fewer than the merges, others of visits that began in the same block.
func (l law) shown(moments []moment) law {
	type known struct{ moment, run, block, waiting float64 }
	all := make([]known, len(moments))
	for i, m := range moments {
		run, block := l.below(m.run), l.below(m.block)
		all[i] = known{m.share, max(run, 1e-300), max(block, 1e-300), min(run*m.spare, 1)}
	}
	at := func(share float64) float64 {
		low, high := leastDelay/8, 4e9 // a century
		for range 60 {
			middle, sum := math.Sqrt(low*high), 0.0
			short := l.below(middle)
			for _, k := range all {
				sum += k.moment * (k.waiting*min(short/k.run, 1) + (1-k.waiting)*min(short/k.block, 1))
			}
			if sum < share {
				low = middle
			} else {
				high = middle
			}
		}
		return high
	}
	return law{at(0.5), at(0.9)}
}

// text writes the delay as a scenario has it.
func (d Delay) text() string {
	in := func(seconds float64) string {
		return scenario.FormatDuration(max(time.Duration(seconds*1e3), 1) * time.Millisecond)
	}
	return "delay: {p50: " + in(d.P50) + ", p90: " + in(d.P90) + "}"
}
