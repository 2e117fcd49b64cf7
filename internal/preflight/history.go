package preflight

import (
	"fmt"
	"math"
	"slices"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/facts"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// The ages of events.
const (
	// old is from when on events are historical: what customers are told (the
	// service itself may reroute from 24 h on).
	old = 48 * time.Hour
	// future is how far ahead of the clock a time may lie before it becomes now
	// (common/types timestamp.rs).
	future = 23 * time.Hour
)

// historical says that events and their flag do not fit.
func historical(l *checker) []Finding {
	age, flagged := l.oldest, l.s.Target.HistoricalMigration
	switch {
	case age > old && !flagged:
		hint := "set target.historical_migration to true"
		switch {
		case l.asRecorded():
			hint = replayEvents
		case l.s.Target.Endpoint == scenario.EndpointCapture:
			hint += " and target.endpoint to batch"
		}
		return cured(l.accommodate(draft{"not-historical", l.timesPath(),
			fmt.Sprintf("events are up to %s old and travel with those of today: ids overflow, "+
				"and properties of persons are set back", inDays(age)), hint}), cure.Historical(l.s))
	case age <= old && flagged:
		return cured(l.accommodate(draft{"historical-without-need", "target.historical_migration",
			"events of the last two days travel on the historical lane, which is slower and " +
				"knows no limit for one id: this rehearses something else than the real thing",
			"leave target.historical_migration out"}),
			cure.Set("no historical_migration", "target.historical_migration", "false"))
	}
	return nil
}

// inDays writes an age in whole days.
func inDays(age time.Duration) string {
	if age >= units.LongestTold {
		return units.FormatSpan(age)
	}
	return text.Count(math.Floor(age.Hours()/24)) + " days"
}

// timesPath is the field that says which times events have.
func (l *checker) timesPath() string {
	if l.s.Replay != nil {
		return "replay"
	}
	return "traffic.timestamps"
}

// timesLooked is at how many events, evenly spread over the run, their times are held
// against the clock.
const timesLooked = 2000

// times works out how old events are when they arrive, and how many are so far ahead
// of the clock that the pipeline replaces their time: both by the clock of the run.
func (l *checker) times(model *traffic.Model, due func(int64) time.Duration) {
	t, total := l.s.Traffic, l.load.Events
	share := 0.0
	many := min(timesLooked, total)
	for k := range many {
		i := (2*k + 1) * total / (2 * many)
		age := time.Duration(0)
		if !t.Timestamps.Now {
			age = l.start.Add(due(i)).Sub(model.Stamped(i, due))
		}
		l.oldest = max(l.oldest, age+t.Timestamps.Disorder)
		share += aheadShare(age, &t.Timestamps) / float64(many)
		if after := l.facts.HistoricalAfter; after > 0 && age > after {
			l.rerouted += 1 / float64(many)
		}
	}
	l.ahead = share * float64(total)
	if l.ahead > 0 && share < 1 { // of the moments, and of the persons whose clocks are wrong
		l.aheadOf = 1 / float64(many) / share
		if t.Timestamps.ClockSkew > 0 {
			l.aheadOf = math.Hypot(l.aheadOf,
				1.96*math.Sqrt((1-share)/share/float64(max(l.report.Plan.Persons, 1))))
		}
	}
	bad := 0.0
	for _, f := range t.Faults.Invalid {
		if f.Kind == scenario.InvalidTimestamp {
			bad = math.Round(f.Share * float64(total))
		}
	}
	if l.ahead+bad > 0 {
		l.aheadOf *= l.ahead / (l.ahead + bad)
	}
	l.ahead += bad
}

// aheadShare is the probability that an event of an age is too far ahead of the clock,
// by its place among others and by how wrong the clock of its person is.
func aheadShare(age time.Duration, t *scenario.Timestamps) float64 {
	const places = 16
	sum := 0.0
	for k := range places {
		before := t.Disorder * (2*time.Duration(k) + 1) / (2 * places)
		missing := float64(future + age + before)
		switch {
		case t.ClockSkew > 0:
			sum += math.Erfc(missing/float64(t.ClockSkew)/math.Sqrt2) / 2
		case missing < 0:
			sum++
		}
	}
	return sum / places
}

// clamped says how many events will have another time than they were given.
func clamped(l *checker) []Finding {
	n := math.Round(l.ahead)
	if n < 1 {
		return nil
	}
	var change cure.Cure
	path, hint := l.timesPath(), "give them times of the past, or say when the run starts in "+
		"intake.starts"
	if t := l.s.Traffic; t != nil {
		bad := slices.ContainsFunc(t.Faults.Invalid,
			func(f scenario.InvalidShare) bool {
				return f.Kind == scenario.InvalidTimestamp &&
					f.Share > 0
			})
		switch {
		case bad:
			path, hint = "traffic.faults", "leave bad_timestamp out of traffic.faults, unless "+
				"that is what is rehearsed"
		case t.Timestamps.ClockSkew > 0:
			hint = "set traffic.timestamps.clock_skew to a few hours at most"
			change = cure.Set("better clocks", "traffic.timestamps.clock_skew", "1h")
		}
	}
	return cured(l.accommodate(draft{"timestamps-clamped", path,
		fmt.Sprintf("%s event timestamps%s are more than %.0f h in the future: the pipeline will "+
			"replace them with the current time", text.Count(n), around(l.aheadOf), future.Hours()),
		hint}), change)
}

// The bounds of months that a minute's events touch. Each insert of ClickHouse writes a part
// for every month, and parts are merged by month alone.
const (
	fewMonths  = 3
	manyMonths = 12
)

// unsorted says that an import jumps between months.
func unsorted(l *checker) []Finding {
	m := &l.report.Storage.Months
	if m.AMinute <= max(fewMonths, 2*m.Sorted) {
		return nil
	}
	find := l.note
	if m.AMinute >= manyMonths {
		find = l.accommodate
	}
	return told(cured(find(draft{"months-jumped", l.timesPath(),
		fmt.Sprintf("the events of one minute are of up to %d different months, %d if they came in order: each insert "+
			"writes a part for every month, and ClickHouse has to merge as many times the parts", m.AMinute, m.Sorted),
		"sort the events by time before they are sent"}), cure.Sorted(l.s, moment(m.Behind))),
		"Please sort the events by their timestamps before they are sent: an import that jumps between months costs "+
			"the database a multiple of one in order.")
}

// layout is how a time of the run is shown.
const layout = "Mon 2 Jan 2006 15:04 MST"

// hours holds the run against the hours of the pipeline's team.
func hours(l *checker) []Finding {
	const path = "intake.starts"
	var all []Finding
	if l.s.Intake.Overlap == scenario.No {
		all = l.accommodate(draft{"no-overlap", "intake.overlap",
			"the customer has no contact available during the pipeline team's working hours",
			"agree on a contact who can stop the run"})
	}
	h := l.facts.Hours
	if h == nil || !l.stated {
		return all
	}
	span := l.load.Curve.Span()
	end := l.start.Add(span)
	overlap := h.Overlap(l.start, end)
	when := fmt.Sprintf("from %s on for %s", l.start.In(h.Zone).Format(layout),
		seconds(span.Seconds()))
	if n := daysOff(h, l.start, end); n > 0 {
		all = append(all, l.accommodate(draft{"weekend", path,
			fmt.Sprintf("the run, %s, falls on %s on which the team does not work", when, days(n)),
			"begin on a working day, or agree on a person on call"})...)
	}
	switch {
	case overlap == 0 && l.s.Intake.Overlap != scenario.No:
		all = append(all, l.accommodate(draft{"no-overlap", path,
			fmt.Sprintf("the team is not at work at any time of the run, %s", when),
			"begin on " + h.Next(l.start).Format(layout)})...)
	case overlap > 0 && overlap < span:
		all = append(all, l.accommodate(draft{"outside-hours", path,
			fmt.Sprintf("the team is at work for %s of the run, %s", seconds(overlap.Seconds()),
				when),
			"begin earlier in the day, or agree on a person on call"})...)
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
func daysOff(h *facts.Hours, from, to time.Time) (n int) {
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
