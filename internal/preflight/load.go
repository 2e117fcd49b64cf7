package preflight

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
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
func noRamp(l *checker) []Finding {
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
	return cured(l.refuse(draft{"no-ramp", l.curvePath(),
		fmt.Sprintf("the load rises from %s to %s events/s within a second, %s into the run: no "+
			"more than %s/s, or twice what is there, may come at once",
			text.Rate(before), text.Rate(after), seconds(max(at.Seconds(), 0)), text.Rate(free)),
		l.rampHint(before, after, free)}), cure.Ramp(l.s, l.load.Curve.Stages(), free))
}

// rampHint says what to write instead.
func (l *checker) rampHint(before, after, free float64) string {
	long := math.Ceil((after - before) / free)
	if l.s.Replay != nil && l.s.Load.Curve == nil {
		return fmt.Sprintf("lower replay.speed, or set replay.clock to profile with a load that "+
			"begins with line(0, %s, %.0fs)", rateText(after), long)
	}
	return fmt.Sprintf("go there in a line: line(%s, %s, %.0fs)", rateText(before), rateText(after),
		long)
}

// rateText writes a rate as a scenario has it.
func rateText(r float64) string { return fmt.Sprintf("%.0f", r) }

// risingTimes are the times from which a second is looked at: the rise within a
// second is linear between them.
func (l *checker) risingTimes() []time.Duration {
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
func noEnd(l *checker) []Finding {
	span := l.load.Curve.Span()
	if span <= longest {
		return nil
	}
	return l.refuse(draft{"no-end", l.curvePath(),
		fmt.Sprintf("the run lasts %s days: a load cannot be watched for longer than %.0f",
			text.Count(span.Hours()/24), longest.Hours()/24),
		"make it shorter, or cut it into runs that are agreed on one by one"})
}

// pause says where a recording has nothing to send: for hours it is to be known,
// for more than a day a person has to agree to it, and for more than a month a clock
// was wrong.
func pause(l *checker) []Finding {
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
	return l.find(severity, draft{"long-pause", "replay", p.Message, p.Hint})
}

// Fit is one figure of the recording that a scenario was learned from, beside the same
// of the plan. Shares are of 1.
type Fit struct {
	What     string  `json:"what"`
	Recorded float64 `json:"recorded"`
	Planned  float64 `json:"planned"`
	// further apart than a tenth, or of shares of ids three hundredths
	Far bool `json:"far"`

	unit string
}

// The units of what is compared.
const (
	unitShare = "share"
	unitCount = "count"
	unitRatio = "ratio"
)

// How far a plan may be from its recording without a word.
const (
	farRatio = 0.1
	farOnce  = 0.03
)

// learnedWindows are those that a learned scenario tells of.
var learnedWindows = [...]time.Duration{time.Second, time.Minute, 5 * time.Minute}

// fitsLearned compares the plan with what the scenario says of its recording.
func (l *checker) fitsLearned(model *traffic.Model) {
	was := l.s.Learned
	if was == nil {
		return
	}
	l.fit(unitCount, "events", float64(was.Events), float64(l.load.Events))
	persons, _ := model.Persons(l.census)
	heavy := model.Heavy(l.census, fewRanks)
	l.fit(unitCount, "distinct_ids", float64(was.DistinctIDs), persons)
	for i, n := range [...]int{1, 10, 100} {
		share := 0.0
		for _, h := range heavy[:min(n, len(heavy))] {
			share += h.Share
		}
		l.fit(unitShare, fmt.Sprintf("top %d", n), was.Top[i], share)
	}
	if once, ok := model.Once(l.census); ok {
		l.fit(unitShare, "ids once", was.Once, once)
		last := &l.report.Learned[len(l.report.Learned)-1]
		last.Far = math.Abs(last.Planned-last.Recorded) > farOnce
	}
	l.fitsRates(was)
}

// fitsRates compares how the events fall on windows of time.
func (l *checker) fitsRates(was *scenario.Learned) {
	for i, window := range learnedWindows {
		if was.CV[i] == 0 {
			continue
		}
		w := schedule.NewWindows(window, l.s.Load.Arrivals)
		for _, s := range l.report.curve {
			w.Add(s)
		}
		b := w.Burstiness()
		if i == 0 {
			l.fit(unitCount, "peak in 1 s", float64(was.Peak), b.Most)
			l.fit(unitShare, "empty 1 s", was.Empty, b.Empty)
		}
		l.fit(unitRatio, fmt.Sprintf("cv %.0f s", window.Seconds()), was.CV[i], b.CV)
	}
}

// fit notes one figure.
func (l *checker) fit(unit, what string, recorded, planned float64) {
	far := math.Abs(planned-recorded) > farRatio*math.Abs(recorded)
	l.report.Learned = append(l.report.Learned, Fit{what, recorded, planned, far, unit})
}

// unlike says where the plan is not like the recording.
func unlike(l *checker) []Finding {
	var far []string
	for _, f := range l.report.Learned {
		if f.Far {
			far = append(far, fmt.Sprintf("%s %s (recorded %s)", f.What, f.text(f.Planned),
				f.text(f.Recorded)))
		}
	}
	if len(far) == 0 {
		return nil
	}
	return l.note(draft{"unlike-recording", "learned",
		"the plan is not like the recording that it was learned from: " + strings.Join(far, ", "),
		"if that is intended, leave it; else learn the scenario again with rehearse profile"})
}

// text writes a figure.
func (f *Fit) text(n float64) string {
	switch f.unit {
	case unitShare:
		return text.Percent(n)
	case unitCount:
		return text.Count(n)
	}
	return text.Rate(n)
}

// learnedText sets how well the plan fits the recording.
func (r *Report) learnedText(p *page) {
	if len(r.Learned) == 0 {
		return
	}
	p.line("")
	p.line("%-38s %12s %12s", "learned from a recording", "recorded", "planned")
	for _, f := range r.Learned {
		p.line("  %-36s %12s %12s", f.What, f.text(f.Recorded), f.text(f.Planned))
	}
}
