package preflight

import (
	"fmt"
	"time"

	"rehearse/capture"
	"rehearse/internal/text"
	"rehearse/internal/units"
)

// assumptions lists the facts that the scenario is held to, and where each comes
// from.
func (l *look) assumptions() []Assumption {
	f := l.facts
	var all []Assumption
	add := func(field, value string, otherwise Origin) {
		origin := otherwise
		if l.file && f.Gives(field) {
			origin = FromFile
		}
		all = append(all, Assumption{field, value, origin})
	}
	embedded := func(set bool, otherwise Origin) Origin {
		if set && !l.file {
			return Embedded
		}
		return otherwise
	}
	if f.Capacity > 0 {
		add("capacity", fmt.Sprintf("%s events/s", text.Rate(f.Capacity)), embedded(true, Assumed))
	}
	if g := f.Generation; g != capture.Current || l.file && f.Gives("generation") {
		add("generation", g.String(), Embedded)
	}
	add("limits.body", units.FormatBytes(int64(l.most.Wire))+", decompressed "+units.FormatBytes(int64(l.most.Plain)), Published)
	add("limits.event", units.FormatBytes(f.Event), Published)
	add("limits.overflow", overflowText(f), Published)
	if f.PerMinute > 0 {
		add("limits.per_minute", text.Count(f.PerMinute)+" events of one id", embedded(true, Published))
	}
	add("limits.replicas", text.Count(f.Replicas), Assumed)
	add("partitions", text.Count(f.Partitions), embedded(l.s.Staging.Partitions > 0, Assumed))
	add("service", fmt.Sprintf("%d ms a request", f.Service/time.Millisecond), Assumed)
	if !inOrder(l.s) {
		add("order", fmt.Sprintf("1 request in %.0f takes %s longer than the others", 1/slowShare, seconds(slowness(f).Seconds())), Assumed)
	}
	add("hazard", seconds(f.Hazard.Seconds())+" between two partitions", Assumed)
	if f.Hours != nil {
		add("hours", hoursText(f.Hours), Assumed)
	}
	return all
}

// overflowText writes the limit of one id.
func overflowText(f *Facts) string {
	if f.Overflow.PerSecond == 0 {
		return "off"
	}
	text := fmt.Sprintf("%s/s with a burst of %s for one id", text.Count(f.Overflow.PerSecond), text.Count(f.Overflow.Burst))
	switch {
	case f.KeepsOrder:
		text += ", in order"
	case !f.Gives("limits.overflow"):
		text += "; off by default" // capture's overflow_enabled (config.rs)
	}
	return text
}

// hoursText writes when the team works.
func hoursText(h *Hours) string {
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	days := 0
	for _, works := range h.Days {
		if works {
			days++
		}
	}
	return fmt.Sprintf("%s to %s on %d days a week, %s", midnight.Add(h.From).Format("15:04"), midnight.Add(h.To).Format("15:04"), days, h.Zone)
}
