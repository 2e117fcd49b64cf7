package facts

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones, where the machine has none

	"rehearse/scenario/strict"
)

// Hours are when a team is at work: on some days of the week, from one time of
// day to another, in its own time zone, so that summer time is right.
type Hours struct {
	Zone     *time.Location
	From, To time.Duration // since midnight, on the clock on the wall
	Days     [7]bool       // by time.Weekday
}

// weekdays are the days as a file spells them, in the order of time.Weekday.
var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// defaultHours are office hours.
func defaultHours() *Hours {
	return &Hours{From: 9 * time.Hour, To: 17 * time.Hour,
		Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
}

// ReadHours reads the hours of a team.
func ReadHours(v strict.Value) *Hours {
	h := defaultHours()
	sound := v.Object(strict.Fields{
		"zone": func(v strict.Value) { h.Zone = readLocation(v) },
		"from": func(v strict.Value) { h.From = readTimeOfDay(v) },
		"to":   func(v strict.Value) { h.To = readTimeOfDay(v) },
		"days": func(v strict.Value) { h.Days = readDays(v) },
	})
	if v.Require("zone") && sound && h.From >= h.To {
		v.Fail("from is not before to", "hours that pass midnight are not read")
	}
	return h
}

func readLocation(v strict.Value) *time.Location {
	const hint = "as in Europe/Berlin or America/New_York, of the IANA time zone database"
	name := v.Line(1, strict.MaxLine)
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		v.Fail("unknown time zone "+v.Quoted(), hint)
		return time.UTC
	}
	return zone
}

// readTimeOfDay reads a time such as 09:00.
func readTimeOfDay(v strict.Value) time.Duration {
	text, ok := v.Scalar("a time of day", strict.Text, strict.Int)
	if !ok {
		return 0
	}
	if text == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		v.Fail(fmt.Sprintf("cannot read %s as a time of day", v.Quoted()), `as in "09:00"`)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func readDays(v strict.Value) (days [7]bool) {
	for _, item := range v.NonEmpty("as in [mon, tue, wed, thu, fri]") {
		word := strict.OneOf(item, weekdays[:])
		for i, name := range weekdays {
			days[i] = days[i] || strings.EqualFold(word, name)
		}
	}
	return days
}

// mostDays bounds how many days Overlap looks at.
const mostDays = 3660

// Overlap is how long, between two times, the team is at work.
func (h *Hours) Overlap(from, to time.Time) time.Duration {
	var sum time.Duration
	day := from.In(h.Zone)
	for n := range mostDays {
		start, end := h.shift(day.Year(), day.Month(), day.Day()+n)
		if start.After(to) {
			break
		}
		if !h.Days[start.Weekday()] {
			continue
		}
		if low, high := latest(start, from), earliest(end, to); low.Before(high) {
			sum += high.Sub(low)
		}
	}
	return sum
}

// shift is when work begins and ends on a day, by the clock on the wall.
func (h *Hours) shift(year int, month time.Month, day int) (start, end time.Time) {
	at := func(d time.Duration) time.Time {
		return time.Date(year, month, day, int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0,
			h.Zone)
	}
	return at(h.From), at(h.To)
}

// Works tells whether the team works on the day of t, and at t.
func (h *Hours) Works(t time.Time) (day, now bool) {
	local := t.In(h.Zone)
	start, end := h.shift(local.Date())
	day = h.Days[local.Weekday()]
	return day, day && !t.Before(start) && t.Before(end)
}

// Next is when the team begins to work at a time or after it.
func (h *Hours) Next(after time.Time) time.Time {
	local := after.In(h.Zone)
	for n := range 8 {
		start, _ := h.shift(local.Year(), local.Month(), local.Day()+n)
		if h.Days[start.Weekday()] && !start.Before(after) {
			return start
		}
	}
	return local
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// String says when the team works.
func (h *Hours) String() string {
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	days := 0
	for _, works := range h.Days {
		if works {
			days++
		}
	}
	return fmt.Sprintf("%s to %s on %d days a week, %s", midnight.Add(h.From).Format("15:04"),
		midnight.Add(h.To).Format("15:04"), days, h.Zone)
}
