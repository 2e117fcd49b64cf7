package preflight

import (
	"fmt"
	"time"

	"rehearse/scenario"
)

// layout is how a time of the run is shown.
const layout = "Mon 2 Jan 2006 15:04 MST"

// hours holds the run against the hours of the pipeline's team.
func hours(l *look) []Finding {
	const path = "intake.starts"
	var all []Finding
	if l.s.Intake.Overlap == scenario.No {
		all = l.accommodate(saying{"no-overlap", "intake.overlap", "the customer has no contact available during the pipeline team's working hours",
			"agree on a contact who can stop the run"})
	}
	h := l.facts.Hours
	if h == nil || !l.stated {
		return all
	}
	span := l.load.Curve.Span()
	end := l.start.Add(span)
	overlap := h.Overlap(l.start, end)
	when := fmt.Sprintf("from %s on for %s", l.start.In(h.Zone).Format(layout), seconds(span.Seconds()))
	if n := daysOff(h, l.start, end); n > 0 {
		all = append(all, l.accommodate(saying{"weekend", path, fmt.Sprintf("the run, %s, falls on %s on which the team does not work", when, days(n)),
			"begin on a working day, or agree on somebody who is there"})...)
	}
	switch {
	case overlap == 0 && l.s.Intake.Overlap != scenario.No:
		all = append(all, l.accommodate(saying{"no-overlap", path, fmt.Sprintf("the team is not at work at any time of the run, %s", when),
			"begin on " + h.Next(l.start).Format(layout)})...)
	case overlap > 0 && overlap < span:
		all = append(all, l.accommodate(saying{"outside-hours", path,
			fmt.Sprintf("the team is at work for %s of the run, %s", seconds(overlap.Seconds()), when),
			"begin earlier in the day, or agree on somebody who is there"})...)
	}
	return all
}

// days counts days.
func days(n int) string {
	if n == 1 {
		return "a day"
	}
	return fmt.Sprintf("%d days", n)
}

// daysOff counts the days between two times on which the team does not work.
func daysOff(h *Hours, from, to time.Time) (n int) {
	year, month, day := from.In(h.Zone).Date()
	for k := range int(longest/(24*time.Hour)) + 2 {
		at := time.Date(year, month, day+k, 12, 0, 0, 0, h.Zone)
		if k > 0 && !time.Date(year, month, day+k, 0, 0, 0, 0, h.Zone).Before(to) {
			break
		}
		if works, _ := h.Works(at); !works {
			n++
		}
	}
	return n
}
