package preflight

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"rehearse/internal/permit"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/scenario"
)

// The bounds of cost.
const (
	// heavyMix is how much more than an ordinary event the mean event may cost
	// before the capacity, which is stated for ordinary ones, means something else.
	heavyMix = 2
	// dearMix is from where on the cost is worth a word.
	dearMix = 1.2
)

// overCapacity says how far a pipeline must be scaled.
func overCapacity(l *checker) []Finding {
	peak, c := peakOfStages(l.together), l.facts.Capacity
	if h := l.report.Headroom; h == nil || h.Fits != FitsNot {
		return nil
	}
	if m := &l.facts.Measurement; m.Known() {
		c = m.From
	}
	known := "declared"
	if l.facts.Measured {
		known = "measured"
	}
	return told(cured(l.accommodate(draft{"over-capacity", l.curvePath(),
		fmt.Sprintf("the peak of %s events/s%s is over the %s capacity of %s: the pipeline needs "+
			"scaling to %s times of what it is", text.Rate(peak), l.ofBoth(), known, text.Rate(c), text.Rate(peak/c)),
		fmt.Sprintf("scale to %s events/s, or peak at %s", text.Rate(peak), l.peakFor(c))}), l.lower(l.ownPart(c))),
		fmt.Sprintf("Our pipeline takes %s events a second, and this run peaks at %s. Please keep it below, or "+
			"give us time to scale.", text.Rate(c), text.Rate(peak)))
}

// historicalRate notes imports that come faster than those of the service itself.
func historicalRate(l *checker) []Finding {
	// importRate is how many events a second the service's own importer sends at most
	// (PostHog/posthog#74303).
	const importRate = 5000
	p := &l.report.Plan
	if !l.s.Target.HistoricalMigration || l.facts.Capacity > 0 || p.PeakEvents <= importRate {
		return nil
	}
	return cured(l.note(draft{"historical-rate", l.curvePath(),
		fmt.Sprintf("the historical lane gets %s events/s at the peak; the service's own "+
			"importer sends %s/s at most, which takes %s for these events",
			text.Rate(p.PeakEvents), text.Rate(importRate), seconds(float64(p.Events)/importRate)),
		fmt.Sprintf("peak at %d, or give the capacity of the lane in the pipeline file",
			importRate)}), cure.Peak(l.s, l.load.Curve.Stages(), importRate))
}

// drain says how long a backlog is worked off.
func drain(l *checker) []Finding {
	p := &l.report.Plan
	if p.Backlog < 1 {
		return nil
	}
	return cured(l.note(draft{"drain-time", l.curvePath(),
		fmt.Sprintf("at a capacity of %s events/s up to %s events wait, and the last of them are "+
			"drained %s after the end", text.Rate(l.facts.Capacity), text.Count(p.Backlog),
			seconds(p.Drain)),
		"tell who looks at the data that it is late"}), l.lower(l.ownPart(l.facts.Capacity)))
}

// mergeHeavy says that events are dearer than they look.
func mergeHeavy(l *checker) []Finding {
	if l.mixCost() < heavyMix {
		return nil
	}
	return l.accommodate(draft{"merge-heavy", l.mixPath(),
		fmt.Sprintf("average event cost is %sx, because %s of the events are merges: %s events/s "+
			"load the pipeline like %s",
			text.Rate(l.mixCost()), text.Percent(float64(l.report.Merges.Total)/float64(max(l.load.Events,
				1))), text.Rate(l.report.Plan.PeakEvents),
			text.Rate(l.report.Plan.PeakEvents*l.mixCost())),
		"plan for that rate, or send fewer merges: one for each id is enough"})
}

// mixCost is the mean cost without that of apps.
func (l *checker) mixCost() float64 {
	if l.s.Intake.Apps == scenario.Yes {
		return l.meanly - l.facts.Costs.Apps
	}
	return l.meanly
}

// mixPath is the field that says which events there are.
func (l *checker) mixPath() string {
	if l.s.Replay != nil {
		return "replay"
	}
	return "traffic.events"
}

// cost notes what all of it costs.
func cost(l *checker) []Finding {
	if l.meanly < dearMix {
		return nil
	}
	return l.note(draft{"cost", l.mixPath(),
		fmt.Sprintf("average event cost is %sx: %s events load the pipeline like %s ordinary ones",
			text.Rate(l.meanly), text.Count(l.load.Events), text.Count(l.report.Plan.Cost)),
		"plan for that, or give weights of your own under costs in the pipeline file"})
}

// otherHost says that the facts are those of another pipeline.
func otherHost(l *checker) []Finding {
	u, err := url.Parse(l.s.Target.URL)
	if err != nil || l.s.Target.URL == "" || len(l.facts.Hosts) == 0 {
		return nil
	}
	host, err := permit.TargetHost(u)
	if err == nil && slices.ContainsFunc(l.facts.Hosts,
		func(known permit.Host) bool { return isAt(known, host) }) {
		return nil
	}
	return l.accommodate(draft{"other-host", "target.url",
		fmt.Sprintf("the target %s is none of the hosts that the pipeline's facts are about",
			plain(u.Host, 60)),
		"check with the facts of the pipeline behind that host"})
}

// isAt tells whether a target is at a host that the facts are about.
func isAt(known, target permit.Host) bool {
	if known.Port == 0 {
		target.Port = 0
	}
	return known == target
}

// unanswered notes the questions without an answer, in one line: what they ask,
// rehearse init --questions prints.
func unanswered(l *checker) []Finding {
	open := l.s.Intake.Open()
	if len(open) == 0 {
		return nil
	}
	var words, hints []string
	listed := false
	for _, q := range open {
		words = append(words, string(q))
		switch q {
		case scenario.AskCommitted, scenario.AskOverlap, scenario.AskApps, scenario.AskStarts:
			hints = append(hints, "intake."+string(q))
		default:
			listed = true
		}
	}
	hint := "fill in the answers and remove them from intake.unanswered"
	if len(hints) > 0 {
		hint = "set " + strings.Join(hints, ", ")
		if listed {
			hint += "; fill in the other answers and remove them from intake.unanswered"
		}
	}
	return l.note(draft{"unanswered", "intake",
		fmt.Sprintf("%s unanswered: %s", questionsAre(len(open)), strings.Join(words, ", ")), hint})
}

// questionsAre counts questions.
func questionsAre(n int) string {
	if n == 1 {
		return "1 question of the intake is"
	}
	return fmt.Sprintf("%d questions of the intake are", n)
}

// passed notes a start that has gone by, so that a person asks again.
func passed(l *checker) []Finding {
	late := l.now.Sub(l.start)
	if !l.stated || late < time.Minute {
		return nil
	}
	return l.note(draft{"starts-passed", "intake.starts",
		fmt.Sprintf("the start of %s was %s ago: ages and working hours are computed from then",
			l.start.Format(layout), seconds(late.Seconds())),
		"ask when it starts, and set intake.starts to that"})
}

// committed says that the load may come too early to be worth it.
func committed(l *checker) []Finding {
	if l.s.Intake.Committed != scenario.No {
		return nil
	}
	return l.accommodate(draft{"not-committed", "intake.committed",
		"the customer has not committed: the import is to help decide about the product",
		"answer the product questions with a small part of the data first"})
}

// apps says what runs for every event.
func apps(l *checker) []Finding {
	if l.s.Intake.Apps != scenario.Yes {
		return nil
	}
	return cured(l.accommodate(draft{"apps", "intake.apps",
		fmt.Sprintf("apps run for every event, %s times a second at the peak: each is counted as "+
			"%s more ordinary events", text.Rate(l.report.Plan.PeakEvents),
			text.Rate(l.facts.Costs.Apps)),
		"disable apps for the import, or scale what runs them; what they send to others goes " +
			"there at the same rate"}), cure.Set("run without apps", "intake.apps", "no"))
}

// recorded notes what a recording holds that is not as it should be.
func recorded(l *checker) []Finding {
	var all []Finding
	for _, warning := range l.load.Warnings {
		all = append(all, l.note(draft{"recording", "replay", warning,
			"rehearse sample --survey tells more"})...)
	}
	return all
}

// Fits says whether a pipeline takes a load.
type Fits string

// What is known of that.
const (
	FitsYes Fits = "fits"
	FitsNot Fits = "needs-scaling"
	// no capacity is known, or the peak lies within the interval that holds it
	FitsUnknown Fits = "unknown"
)

// Headroom is how the peak of a load compares with the capacity of the pipeline.
type Headroom struct {
	Fits Fits `json:"fits"`
	// that a load is held to; 0: not known
	Capacity float64 `json:"capacity_events_per_s,omitempty"`
	// the interval of a measured one; 0: not told
	Low float64 `json:"low_events_per_s,omitempty"`
	// 0: it has no upper end that is known
	High float64 `json:"high_events_per_s,omitempty"`
	// share of the capacity that the peak leaves
	Left float64 `json:"left,omitempty"`
	// how many times of what it is the pipeline needs
	Scale    float64 `json:"scale,omitempty"`
	Measured string  `json:"measured,omitempty"` // when, and of which build

	Conditions string `json:"conditions,omitempty"` // that it was measured with
}

// headroom compares the peak with the capacity. Within the interval of a measured one
// nobody can tell.
func (l *checker) headroom() *Headroom {
	f, peak := l.facts, peakOfStages(l.together)
	m := &f.Measurement
	h := &Headroom{Fits: FitsUnknown, Capacity: f.Capacity, Low: m.From, High: m.To}
	if f.Capacity == 0 {
		return h
	}
	h.Measured, h.Conditions = measuredText(l), string(plain(m.Conditions, 300))
	low, high := f.Capacity, f.Capacity
	if m.Known() {
		low, high = m.From, m.To
	}
	switch {
	case peak <= low:
		h.Fits, h.Left = FitsYes, 1-peak/low
	case high > 0 && peak > high:
		h.Fits, h.Scale = FitsNot, peak/low
	}
	return h
}

// measuredText says where a capacity comes from.
func measuredText(l *checker) string {
	m := &l.facts.Measurement
	if !l.facts.Measured {
		return ""
	}
	parts := []string{"measured"}
	if m.Date != "" {
		parts = append(parts, "on "+string(plain(m.Date, 40)))
	}
	if m.Build != "" {
		parts = append(parts, "of "+string(plain(m.Build, 80)))
	}
	return strings.Join(parts, " ")
}

// headroomText is the same in a sentence.
func (h *Headroom) headroomText() string {
	known := text.Rate(h.Capacity)
	switch {
	case h.Low > 0 && h.High > 0:
		known = text.Rate(h.Low) + " to " + text.Rate(h.High)
	case h.Low > 0:
		known = "over " + text.Rate(h.Low)
	}
	from := h.Measured
	if from == "" {
		from = "declared"
	}
	switch h.Fits {
	case FitsYes:
		return fmt.Sprintf("fits, with %s of head-room: %s events/s, %s", text.Percent(h.Left),
			known, from)
	case FitsNot:
		return fmt.Sprintf("needs scaling to %s times of what it is: %s events/s, %s",
			text.Rate(h.Scale), known, from)
	}
	if h.Capacity == 0 {
		return "unknown: the pipeline file has none (rehearse capacity measures it)"
	}
	return fmt.Sprintf("unknown: the peak lies beyond what is certain of %s events/s, %s", known,
		from)
}

// nearCapacity says that it is not known whether the pipeline takes the peak.
func nearCapacity(l *checker) []Finding {
	h := l.report.Headroom
	if h == nil || h.Fits != FitsUnknown || h.Capacity == 0 {
		return nil
	}
	known := fmt.Sprintf("within the interval of %s to %s that holds the measured capacity",
		text.Rate(h.Low), text.Rate(h.High))
	if h.High == 0 {
		known = "above " + text.Rate(h.Low) + ", the highest rate that was measured: it held"
	}
	peak := text.Rate(peakOfStages(l.together))
	return cured(l.accommodate(draft{"near-capacity", l.curvePath(),
		fmt.Sprintf("the peak of %s events/s%s lies %s: whether the pipeline takes it is not known",
			peak, l.ofBoth(), known),
		fmt.Sprintf("peak at %s, or measure up to %s with rehearse capacity", l.peakFor(h.Low),
			peak)}), l.lower(l.ownPart(h.Low)))
}
