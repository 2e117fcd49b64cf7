package preflight

import (
	"math"
	"time"
)

// doubt is how far what is said of an id that overflows may be off, as halves of 95 %
// intervals: in events, and in seconds of when the first of them does.
//
// Events do not come as evenly as the curve has it: chance brings those of a visit
// together, so that the level that follows an id is a random walk with steps of that
// size when it comes to the burst. In the middle of an overflow nothing comes of that, for
// all that comes is over; at its end, where the load falls through the limit again, the
// walk and the fall decide for a time that follows from both. What a batch has of the id
// comes at once.
func (l *look) doubt(k *key, found *level, limited float64) (over, first float64) {
	share, m := k.share*limited, l.limits()
	if l.forced(k) || m.perSecond == 0 && m.perMinute == 0 {
		return k.off * found.over, l.interval(found.first)
	}
	events := share * float64(l.load.Events)
	step, batch := max(k.clump, 1), share*float64(l.s.Batching.MaxEvents)
	if k.off > 0 {
		more := l.level(share*(1+k.off), false)
		over = math.Abs(more.over - found.over)
	}
	edge := math.Sqrt(step * events)
	if fall := l.fall(share, m.perSecond); fall > 0 {
		edge = min(edge, math.Cbrt(step*m.perSecond)*math.Cbrt(step*m.perSecond)/math.Cbrt(fall))
	}
	// Of what comes while the rate is over the limit chance decides, as far as it may come
	// at another time.
	while := l.over(share, m.perSecond)
	edge = math.Hypot(edge, math.Sqrt(step*while*max(1-while/events, 0))) + batch/2
	excess := share*l.load.Curve.Rate(moment(found.first)) - m.steady()
	walk := 1.96 * math.Sqrt(step*share*l.load.Curve.Count(moment(found.first)))
	first = math.Hypot(walk/max(excess, 1e-9), l.interval(found.first))
	if m.perMinute > 0 {
		byClock := l.anyMinute(share, found)
		over, first = math.Hypot(over, byClock.over), math.Hypot(first, byClock.first)
	}
	return min(math.Hypot(over, 1.96*edge), events), min(first, l.report.Plan.Seconds)
}

// over is how many events an id has while its rate is over its limit.
func (l *look) over(share, limit float64) (events float64) {
	for _, s := range l.report.curve {
		low, high := share*min(s.From, s.To), share*max(s.From, s.To)
		if high <= limit {
			continue
		}
		part := 1.0
		if low < limit {
			part, low = (high-limit)/(high-low), limit
		}
		events += (low + high) / 2 * part * s.Over.Seconds()
	}
	return events
}

// fall is how fast the rate of an id falls through its limit where it does so, in
// events a second each second; 0: it never does.
func (l *look) fall(share, limit float64) (slowest float64) {
	for _, s := range l.report.curve {
		if share*s.From > limit && share*s.To < limit {
			if fall := share * (s.From - s.To) / s.Over.Seconds(); slowest == 0 || fall < slowest {
				slowest = fall
			}
		}
	}
	return slowest
}

// interval is how long a batch takes to fill at a second of the run: its events leave
// with its last.
func (l *look) interval(at float64) float64 {
	return l.load.perRequest() / max(l.load.Curve.Rate(moment(max(at, 0))), 1e-9)
}

// anyMinute is how much the limit of a minute depends on when within a minute the run
// begins, if nobody says.
func (l *look) anyMinute(share float64, found *level) (off level) {
	if l.stated || share*l.load.Curve.Peak()*60 <= float64(l.facts.PerMinute) {
		return off
	}
	p := pace{step: 2 * time.Second, steps: 500}
	at := minutes(l.load.Curve, share, l.facts.PerMinute, originOf(l.s), p)
	for _, later := range []time.Duration{15 * time.Second, 30 * time.Second, 45 * time.Second} {
		other := minutes(l.load.Curve, share, l.facts.PerMinute, originOf(l.s).Add(later), p)
		off.over = max(off.over, math.Abs(other.over-at.over))
		off.first = max(off.first, math.Abs(other.first-at.first))
	}
	return off
}

// moment is a number of seconds since the start of the run as a duration.
func moment(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
