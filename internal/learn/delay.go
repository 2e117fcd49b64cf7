package learn

import (
	"math"
	"slices"
	"time"

	"rehearse/internal/units"
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
	run := p.course()
	p50 := min(max(seen.P50, leastDelay), longestDelay)
	want := [2]float64{p50, min(max(seen.P90, p50), longestDelay)}
	ask, best, least := want, Delay{}, math.Inf(1)
	for range 20 {
		shown := law(ask).shown(&run)
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

// course is how a run goes: its events in rows of equal width, and for each row how
// long the block of the plan has gone on by then.
type course struct {
	width  float64 // in seconds
	events []float64
	block  []float64 // in seconds
	spare  float64   // visits that wait for a merge, where the rate is steady
}

// mostRowsFitted bounds the work.
const mostRowsFitted = 300

// course cuts the run into rows.
func (p *Profile) course() course {
	merges := p.Merges.Share * (1 - p.Synthesis.Reused) * plannedEvents
	group := (len(p.rates) + mostRowsFitted - 1) / mostRowsFitted
	c := course{width: p.width.Seconds() * float64(group), spare: 1 + spareVisits/math.Sqrt(max(merges, 1))}
	before, begun := 0.0, 0.0 // events before the row; when the block began
	for rows := range slices.Chunk(p.rates, group) {
		at, events := float64(len(c.events))*c.width, float64(sum(rows))
		if over := math.Mod(before, plannedEvents) + events; over >= plannedEvents {
			last := math.Mod(over, plannedEvents) / events // of the row, that belongs to the next block
			begun = at + (1-min(last, 1))*c.width
		}
		block := max(at+c.width/2-begun, min(c.width*plannedEvents/max(events, 1), c.width)/2)
		c.events, c.block = append(c.events, events), append(c.block, min(block, at+c.width/2))
		before += events
	}
	return c
}

// law is a log-normal distribution by its median and its 90th percentile.
type law [2]float64

// below is the share that is shorter.
func (l law) below(seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	const z90 = 1.2815515655446004 // the standard normal's 90th percentile
	deviation := max(math.Log(l[1]/l[0])/z90, 1e-6)
	return math.Erfc(-math.Log(seconds/l[0])/deviation/math.Sqrt2) / 2
}

// waiting are the visits whose merges are due in a row, by how many rows ago they
// began, each with those that began later, as a share of the row's merges: so many
// begin in a row as it has merges, and of those the law says how many wait so long.
func (l law) waiting(c *course) [][]float64 {
	all := make([][]float64, len(c.events))
	upTo := make([]float64, len(c.events)+1)
	for k := range c.events {
		upTo[k+1] = l.below((float64(k) + 0.5) * c.width)
	}
	for i, events := range c.events {
		sum := 0.0
		for k := range i + 1 {
			sum += (upTo[k+1] - upTo[k]) * c.events[i-k] / max(events, 1)
			all[i] = append(all[i], sum)
		}
	}
	return all
}

// shown are the median and the 90th percentile of a synthesis: in every row there
// come the merges of visits that wait for it and, where they are fewer than the
// merges, others of visits that began in the same block.
func (l law) shown(c *course) law {
	waiting := l.waiting(c)
	soon, whole := make([]float64, len(c.block)), 0.0
	for i, n := range c.events {
		soon[i] = max(l.below(c.block[i]), 1e-300)
		whole += n
	}
	shorter := func(seconds float64) (share float64) {
		k, below := int(min(seconds/c.width+0.5, float64(len(c.events)))), l.below(seconds)
		rest := below - l.below((float64(k)-0.5)*c.width)
		for i, events := range c.events {
			all := max(waiting[i][i], 1e-300)
			found := min(all*c.spare, 1)
			part := all
			if k <= i {
				part = rest * c.events[i-k] / max(events, 1)
			}
			if k <= i && k > 0 {
				part += waiting[i][k-1]
			}
			share += events / whole * (found*part/all + (1-found)*min(below/soon[i], 1))
		}
		return share
	}
	return law{inverse(shorter, 0.5), inverse(shorter, 0.9)}
}

// inverse returns where a rising function passes a value, between the shortest and
// the longest delay.
func inverse(f func(float64) float64, value float64) float64 {
	low, high := leastDelay/8, 16.0*longestDelay
	for range 50 {
		if middle := math.Sqrt(low * high); f(middle) < value {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// text writes the delay as a scenario has it.
func (d Delay) text() string {
	in := func(seconds float64) string {
		return units.FormatDuration(max(time.Duration(seconds*1e3), 1) * time.Millisecond)
	}
	return "delay: {p50: " + in(d.P50) + ", p90: " + in(d.P90) + "}"
}
