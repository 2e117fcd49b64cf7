package preflight

import (
	"fmt"
	"net/url"
	"slices"

	"rehearse/internal/text"
	"rehearse/permit"
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
func overCapacity(l *look) []Finding {
	p, c := &l.report.Plan, l.facts.Capacity
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
	return l.accommodate(saying{"over-capacity", l.curvePath(),
		fmt.Sprintf("the peak of %s events/s is over the %s capacity of %s: the pipeline needs scaling to %s times of what it is", text.Rate(p.PeakEvents), known, text.Rate(c), text.Rate(p.PeakEvents/c)),
		fmt.Sprintf("scale to %s events/s, or peak at %s", text.Rate(p.PeakEvents), rateText(c))})
}

// historicalRate notes imports that come faster than those of the service itself.
func historicalRate(l *look) []Finding {
	// importRate is how many events a second the service's own importer sends at most
	// (PostHog/posthog#74303).
	const importRate = 5000
	p := &l.report.Plan
	if !l.s.Target.HistoricalMigration || l.facts.Capacity > 0 || p.PeakEvents <= importRate {
		return nil
	}
	return l.note(saying{"historical-rate", l.curvePath(),
		fmt.Sprintf("the historical lane gets %s events/s at the peak; the service's own importer sends %s/s at most, which takes %s for these events",
			text.Rate(p.PeakEvents), text.Rate(importRate), seconds(float64(p.Events)/importRate)),
		fmt.Sprintf("peak at %d, or give the capacity of the lane in the pipeline file", importRate)})
}

// drain says how long a backlog is worked off.
func drain(l *look) []Finding {
	p := &l.report.Plan
	if p.Backlog < 1 {
		return nil
	}
	return l.note(saying{"drain-time", l.curvePath(),
		fmt.Sprintf("at a capacity of %s events/s up to %s events wait, and the last of them are worked off %s after the end", text.Rate(l.facts.Capacity), text.Count(p.Backlog), seconds(p.Drain)),
		"tell who looks at the data that it is late"})
}

// mergeHeavy says that events are dearer than they look.
func mergeHeavy(l *look) []Finding {
	if l.mixCost() < heavyMix {
		return nil
	}
	return l.accommodate(saying{"merge-heavy", l.mixPath(),
		fmt.Sprintf("average event cost is %sx, because %s of the events are merges: %s events/s load the pipeline like %s",
			text.Rate(l.mixCost()), text.Percent(float64(l.report.Merges.Total)/float64(max(l.load.Events, 1))), text.Rate(l.report.Plan.PeakEvents), text.Rate(l.report.Plan.PeakEvents*l.mixCost())),
		"plan for that rate, or send fewer merges: one for each id is enough"})
}

// mixCost is the mean cost without that of apps.
func (l *look) mixCost() float64 {
	if l.s.Intake.Apps == scenario.Yes {
		return l.meanly - l.facts.Costs.Apps
	}
	return l.meanly
}

// mixPath is the field that says which events there are.
func (l *look) mixPath() string {
	if l.s.Replay != nil {
		return "replay"
	}
	return "traffic.events"
}

// cost notes what all of it costs.
func cost(l *look) []Finding {
	if l.meanly < dearMix {
		return nil
	}
	return l.note(saying{"cost", l.mixPath(),
		fmt.Sprintf("average event cost is %sx: %s events load the pipeline like %s ordinary ones", text.Rate(l.meanly), text.Count(l.load.Events), text.Count(l.report.Plan.Cost)),
		"plan for that, or give weights of your own under costs in the pipeline file"})
}

// otherHost says that the facts are those of another pipeline.
func otherHost(l *look) []Finding {
	u, err := url.Parse(l.s.Target.URL)
	if err != nil || l.s.Target.URL == "" || len(l.facts.Hosts) == 0 {
		return nil
	}
	host, err := permit.TargetHost(u)
	if err == nil && slices.ContainsFunc(l.facts.Hosts, func(known permit.Host) bool { return isAt(known, host) }) {
		return nil
	}
	return l.accommodate(saying{"other-host", "target.url",
		fmt.Sprintf("the target %s is none of the hosts that the pipeline's facts are about", plain(u.Host, 60)),
		"check with the facts of the pipeline behind that host"})
}

// isAt tells whether a target is at a host that the facts are about.
func isAt(known, target permit.Host) bool {
	if known.Port == 0 {
		target.Port = 0
	}
	return known == target
}
