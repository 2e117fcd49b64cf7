package preflight

import (
	"fmt"
	"time"

	"rehearse/scenario"
)

// unanswered notes every question that nobody has answered.
func unanswered(l *look) []Finding {
	var all []Finding
	for _, q := range l.s.Intake.Open() {
		all = append(all, l.note(saying{"unanswered", "intake." + string(q), fmt.Sprintf("nobody has answered %s: %s", q, q.Text()), answerHint(q)})...)
	}
	return all
}

// answerHint says where an answer goes.
func answerHint(q scenario.Question) string {
	switch q {
	case scenario.AskCommitted, scenario.AskOverlap, scenario.AskApps:
		return fmt.Sprintf("set intake.%s to yes or no", q)
	case scenario.AskStarts:
		return "set intake.starts, as in 2026-12-01T10:00:00+01:00"
	}
	return "write the answer into its section and take it off intake.unanswered"
}

// passed notes a start that has gone by, so that somebody asks again.
func passed(l *look) []Finding {
	late := l.now.Sub(l.start)
	if !l.stated || late < time.Minute {
		return nil
	}
	return l.note(saying{"starts-passed", "intake.starts",
		fmt.Sprintf("it was to start at %s, %s ago: ages and working hours are reckoned from then", l.start.Format(layout), seconds(late.Seconds())),
		"ask when it starts, and set intake.starts to that"})
}

// committed says that the load may come too early to be worth it.
func committed(l *look) []Finding {
	if l.s.Intake.Committed != scenario.No {
		return nil
	}
	return l.accommodate(saying{"not-committed", "intake.committed", "the customer waits on the import to decide about the product",
		"answer the open questions with a small part of the data first"})
}

// apps says what runs for every event.
func apps(l *look) []Finding {
	if l.s.Intake.Apps != scenario.Yes {
		return nil
	}
	return l.accommodate(saying{"apps", "intake.apps",
		fmt.Sprintf("apps run for every event, %s times a second at the peak, which is reckoned as the work of %s more ordinary events each", rate(l.report.Plan.PeakEvents), rate(l.facts.Costs.Apps)),
		"disable apps for the import, or scale what runs them; what they send to others goes there at the same rate"})
}

// recorded notes what a recording holds that is not as it should be.
func recorded(l *look) []Finding {
	var all []Finding
	for _, warning := range l.load.Warnings {
		all = append(all, l.note(saying{"recording", "replay", warning, "rehearse sample --survey tells more"})...)
	}
	return all
}
