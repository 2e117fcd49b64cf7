package preflight

import (
	"fmt"
	"math"
	"time"

	"rehearse/internal/text"
)

// The bounds of a rise. A pipeline that grows by itself, and a person who watches
// it, need time; what a single small process takes without noticing needs none.
const (
	// freeRise is how many events a second may come at once: what one consumer
	// works off.
	freeRise = 500
	// capacityRise is the share of a known capacity that may come at once.
	capacityRise = 0.05
	// A load that is there already may double within a second: a stepped ramp.
	doubling = 1

	// longest is how long a load test or an import may last. Beyond a month nobody
	// watches it, and no window of a permit is that long.
	longest = 31 * 24 * time.Hour
)

// noRamp refuses a load that jumps.
func noRamp(l *look) []Finding {
	worst, at, before := 0.0, time.Duration(0), 0.0
	free := max(freeRise, capacityRise*l.facts.Capacity)
	for _, t := range l.risingTimes() {
		low := l.load.Curve.Rate(t)
		rise := l.load.Curve.Rate(t+time.Second) - low
		if over := rise / max(free, doubling*low); over > worst {
			worst, at, before = over, t, low
		}
	}
	// Curves that were counted by the second jitter: a few events more are no jump.
	const tolerance = 1.05
	if worst <= tolerance {
		return nil
	}
	after := l.load.Curve.Rate(at + time.Second)
	return l.refuse(saying{"no-ramp", l.curvePath(),
		fmt.Sprintf("the load rises from %s to %s events/s within a second, %s into the run: no more than %s/s, or twice what is there, may come at once",
			text.Rate(before), text.Rate(after), seconds(max(at.Seconds(), 0)), text.Rate(free)),
		l.rampHint(before, after, free)})
}

// rampHint says what to write instead.
func (l *look) rampHint(before, after, free float64) string {
	long := math.Ceil((after - before) / free)
	if l.s.Replay != nil && l.s.Load.Curve == nil {
		return fmt.Sprintf("lower replay.speed, or set replay.clock to profile with a load that begins with line(0, %s, %.0fs)", rateText(after), long)
	}
	return fmt.Sprintf("go there in a line: line(%s, %s, %.0fs)", rateText(before), rateText(after), long)
}

// rateText writes a rate as a scenario has it.
func rateText(r float64) string { return fmt.Sprintf("%.0f", r) }

// risingTimes are the times from which a second is looked at: the rise within a
// second is linear between them.
func (l *look) risingTimes() []time.Duration {
	times := []time.Duration{-time.Second, -time.Nanosecond}
	var end time.Duration
	for _, s := range l.load.Curve.Stages() {
		times = append(times, end)
		end += s.Over
		times = append(times, end-time.Second, end-time.Nanosecond)
	}
	return times
}

// noEnd refuses a run that nobody would see the end of.
func noEnd(l *look) []Finding {
	span := l.load.Curve.Span()
	if span <= longest {
		return nil
	}
	return l.refuse(saying{"no-end", l.curvePath(),
		fmt.Sprintf("the run lasts %s days: nobody watches a load for longer than %.0f", text.Count(span.Hours()/24), longest.Hours()/24),
		"make it shorter, or cut it into runs that are agreed on one by one"})
}

// pause says where a recording has nothing to send: for hours it is to be known,
// for more than a day somebody has to agree to it, and for more than a month a clock
// was wrong.
func pause(l *look) []Finding {
	p := &l.load.Pause
	if p.Length == 0 {
		return nil
	}
	severity := SeverityNote
	switch {
	case p.Length > longest:
		severity = SeverityRefuse
	case p.Length > 24*time.Hour:
		severity = SeverityAccommodate
	}
	return l.find(severity, saying{"long-pause", "replay", p.Message, p.Hint})
}
