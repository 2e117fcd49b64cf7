// Package backlog works out how much waits in a queue that is worked off at a steady rate
// while a load comes that is linear by stretches, and how long: a fluid queue, by arithmetic
// and not event by event. Queues in series are led through one after the other, because
// what leaves one is linear by stretches, too.
package backlog

import (
	"math"
	"time"

	"rehearse/scenario/schedule"
)

// Load is a rate over time, linear by stretches.
type Load []schedule.Stage

// Scaled is the load times a factor.
func (l Load) Scaled(by float64) Load {
	scaled := make(Load, len(l))
	for i, s := range l {
		scaled[i] = schedule.Stage{From: s.From * by, To: s.To * by, Over: s.Over}
	}
	return scaled
}

// Peak is the highest rate of the load.
func (l Load) Peak() (peak float64) {
	for _, s := range l {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// Point is how long an event waits that comes at a second of the load.
type Point struct{ At, Wait float64 }

// Lag is what comes of a load in a queue. Times are seconds since the load begins.
type Lag struct {
	Worst   float64  `json:"worst_s"`        // seconds that an event waits at most
	WorstAt float64  `json:"worst_at_s"`     // when it comes
	AtEnd   float64  `json:"at_end_s"`       // how long one would wait that came at the end of the load
	Begins  *float64 `json:"begins_s"`       // when the first comes that waits for a second; null: none does
	Drained float64  `json:"drained_s"`      // when all is worked off; the end of the load if nothing waits
	Events  float64  `json:"backlog_events"` // that wait at most
	Points  []Point  `json:"-"`              // the wait over time; linear between them to a few per cent
}

// late is from when on a wait counts, in seconds.
const late = 1.0

// Queue leads a load into a queue that works off so many events a second, and returns how
// long they wait, and what leaves it.
func Queue(in Load, rate float64) (lag Lag, out Load) {
	end, left := 0.0, 0.0
	walk(in, rate, math.Inf(1), func(p *piece) {
		lag.add(p, rate)
		end, left = p.at+p.seconds, p.to
		if p.from > 0 || p.to > 0 {
			out = append(out, stage(rate, rate, p.seconds))
			return
		}
		out = append(out, stage(p.in, p.out, p.seconds))
	})
	lag.AtEnd = left / rate
	if lag.Drained < end {
		lag.Drained = end
	}
	if left > 0 {
		lag.Drained = end + lag.AtEnd
		lag.Points = append(lag.Points, Point{lag.Drained, 0})
		out = append(out, stage(rate, rate, lag.AtEnd))
	}
	return lag, out
}

// steps is in how many parts a stretch is drawn in which the wait is curved.
const steps = 4

// add notes a stretch.
func (l *Lag) add(p *piece, rate float64) {
	if len(l.Points) == 0 {
		l.Points = append(l.Points, Point{p.at, p.from / rate})
	}
	parts := 1
	if p.in != p.out && p.from+p.to > 0 {
		parts = steps
	}
	for k := 1; k <= parts; k++ {
		t := p.seconds * float64(k) / float64(parts)
		l.Points = append(l.Points, Point{p.at + t, p.level(t, rate) / rate})
	}
	if over := p.first(late*rate, rate); l.Begins == nil && over >= 0 {
		over += p.at
		l.Begins = &over
	}
	// between two changes of sign the level has its highest at an end
	for _, e := range [...]Point{{p.at, p.from / rate}, {p.at + p.seconds, p.to / rate}} {
		if e.Wait > l.Worst {
			l.Worst, l.WorstAt, l.Events = e.Wait, e.At, e.Wait*rate
		}
	}
	if p.from > 0 && p.to == 0 {
		l.Drained = p.at + p.seconds
	}
}

// Bucket leads a load through a bucket that lets so many events a second pass and a burst
// of them at once, and returns what passes and what is over it.
func Bucket(in Load, rate, burst float64) (passed, over Load) {
	walk(in, rate, burst, func(p *piece) {
		if p.full {
			passed = append(passed, stage(rate, rate, p.seconds))
			over = append(over, stage(p.in-rate, p.out-rate, p.seconds))
			return
		}
		passed = append(passed, stage(p.in, p.out, p.seconds))
		over = append(over, stage(0, 0, p.seconds))
	})
	return passed, over
}

// stage is a stretch of a load.
func stage(from, to, seconds float64) schedule.Stage {
	return schedule.Stage{From: max(from, 0), To: max(to, 0), Over: time.Duration(seconds * float64(time.Second))}
}

// piece is a stretch in which the load is linear and the level is at a bound, or between
// them.
type piece struct {
	at, seconds float64
	in, out     float64 // the load at its ends
	from, to    float64 // the level at its ends
	full        bool    // the level is at its upper bound
}

// level is the level a time after the piece began.
func (p *piece) level(t, rate float64) float64 {
	if p.full || p.from == 0 && p.to == 0 {
		return p.from
	}
	slope := (p.out - p.in) / max(p.seconds, 1e-12)
	return max(p.from+(p.in-rate)*t+slope*t*t/2, 0)
}

// first is the first time in the piece at which the level is at a height; -1: never.
func (p *piece) first(height, rate float64) float64 {
	switch {
	case p.from >= height:
		return 0
	case p.to < height:
		return -1
	}
	return reach(p.from-height, p.in-rate, (p.out-p.in)/max(p.seconds, 1e-12), p.seconds)
}

// walk runs a level along a load: it rises by what comes over the rate, and stays between
// 0 and a bound.
func walk(in Load, rate, bound float64, visit func(*piece)) {
	at, level := 0.0, 0.0
	for _, s := range in {
		seconds := s.Over.Seconds()
		slope := (s.To - s.From) / max(seconds, 1e-12)
		for done := 0.0; done < seconds; {
			p := next(level, s.From+slope*done-rate, slope, seconds-done, bound)
			p.at, p.in, p.out = at+done, p.in+rate, p.out+rate
			visit(&p)
			done, level = done+p.seconds, p.to
		}
		at += seconds
	}
}

// shortest is as short as a piece may be: what is shorter is a rounding error.
const shortest = 1e-9

// next is the stretch that begins with a level and an excess that changes by a slope: until
// the level comes to a bound or leaves it, or the stage is over.
func next(level, excess, slope, seconds, bound float64) piece {
	p := piece{from: level, to: level, in: excess, seconds: seconds}
	turns := seconds // when the excess changes its sign
	if slope != 0 && excess*slope < 0 {
		turns = max(-excess/slope, shortest)
	}
	rising := excess > 0 || excess == 0 && slope > 0
	switch {
	case level <= 0 && !rising:
		p.seconds = min(seconds, turns)
	case level >= bound && (rising || excess == 0 && slope == 0):
		p.full = true
		p.seconds = min(seconds, turns)
	default:
		p.seconds = min(seconds, turns)
		if t := reach(level-bound, excess, slope, p.seconds); rising && t >= 0 {
			p.seconds, p.to = max(t, shortest), bound
		} else if t := reach(level, excess, slope, p.seconds); !rising && t >= 0 {
			p.seconds, p.to = max(t, shortest), 0
		} else {
			p.to = max(level+excess*p.seconds+slope*p.seconds*p.seconds/2, 0)
		}
	}
	p.seconds = min(p.seconds, seconds)
	p.out = excess + slope*p.seconds
	return p
}

// reach is the first time up to a limit at which c + b·t + a/2·t² is zero; -1: never.
func reach(c, b, a, limit float64) float64 {
	if math.IsInf(c, 0) {
		return -1
	}
	if c == 0 {
		return 0
	}
	// 2c / (−b ± √(b² − 2ac)) loses no digits where a is small.
	root := b*b - 2*a*c
	if root < 0 {
		return -1
	}
	first := -1.0
	for _, sign := range [...]float64{1, -1} {
		t := 2 * c / (-b + sign*math.Sqrt(root))
		if t >= 0 && t <= limit && (first < 0 || t < first) {
			first = t
		}
	}
	return first
}
