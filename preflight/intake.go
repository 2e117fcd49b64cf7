package preflight

import (
	"fmt"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// unanswered notes the questions that nobody has answered, in one line: what they ask,
// rehearse init --questions prints.
func unanswered(l *look) []Finding {
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
	return l.note(saying{"unanswered", "intake", fmt.Sprintf("%s unanswered: %s", questionsAre(len(open)), strings.Join(words, ", ")), hint})
}

// questionsAre counts questions.
func questionsAre(n int) string {
	if n == 1 {
		return "1 question of the intake is"
	}
	return fmt.Sprintf("%d questions of the intake are", n)
}

// passed notes a start that has gone by, so that somebody asks again.
func passed(l *look) []Finding {
	late := l.now.Sub(l.start)
	if !l.stated || late < time.Minute {
		return nil
	}
	return l.note(saying{"starts-passed", "intake.starts",
		fmt.Sprintf("the start of %s was %s ago: ages and working hours are computed from then", l.start.Format(layout), seconds(late.Seconds())),
		"ask when it starts, and set intake.starts to that"})
}

// committed says that the load may come too early to be worth it.
func committed(l *look) []Finding {
	if l.s.Intake.Committed != scenario.No {
		return nil
	}
	return l.accommodate(saying{"not-committed", "intake.committed", "the customer has not committed: the import is to help decide about the product",
		"answer the product questions with a small part of the data first"})
}

// apps says what runs for every event.
func apps(l *look) []Finding {
	if l.s.Intake.Apps != scenario.Yes {
		return nil
	}
	return l.accommodate(saying{"apps", "intake.apps",
		fmt.Sprintf("apps run for every event, %s times a second at the peak: each is counted as %s more ordinary events", text.Rate(l.report.Plan.PeakEvents), text.Rate(l.facts.Costs.Apps)),
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
