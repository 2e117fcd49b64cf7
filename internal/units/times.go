package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads a duration as Go writes it (1m30s, 1.5s, 250ms), with d for
// 24 hours and w for 7 days. Only 0 may stand without a unit.
func ParseDuration(text string) (time.Duration, error) {
	var sum time.Duration
	rest := strings.TrimSpace(text)
	if rest == "0" {
		return 0, nil
	}
	for more := true; more; more = rest != "" {
		var part time.Duration
		var err error
		if part, rest, err = parsePart(rest); err != nil {
			return 0, fmt.Errorf("cannot read %q as a duration: %w", Clip(text), err)
		}
		if part > math.MaxInt64-sum {
			return 0, fmt.Errorf("cannot read %q as a duration: longer than 292 years", Clip(text))
		}
		sum += part
	}
	return sum, nil
}

// parsePart reads the first number and unit of a duration and returns what follows.
func parsePart(text string) (part time.Duration, rest string, err error) {
	isNumber := func(r rune) bool { return '0' <= r && r <= '9' || r == '.' }
	unitAt := strings.IndexFunc(text, func(r rune) bool { return !isNumber(r) })
	if unitAt < 0 {
		return 0, "", errors.New("the unit is missing")
	}
	if unitAt == 0 {
		return 0, "", errors.New("a number is missing")
	}
	number, rest := text[:unitAt], text[unitAt:]
	end := strings.IndexFunc(rest, isNumber)
	if end < 0 {
		end = len(rest)
	}
	unit, rest := rest[:end], rest[end:]
	times := time.Duration(1)
	switch unit {
	case "d":
		unit, times = "h", 24
	case "w":
		unit, times = "h", 7*24
	case "ns", "us", "µs", "ms", "s", "m", "h":
	default:
		return 0, "", fmt.Errorf("unknown unit %q", Clip(unit))
	}
	part, err = time.ParseDuration(number + unit)
	if err != nil || part > math.MaxInt64/times {
		return 0, "", fmt.Errorf("%q is not a number that fits", Clip(number))
	}
	return part * times, rest, nil
}

// FormatDuration returns a duration that ParseDuration reads back, without the
// zero minutes and seconds that Go appends: 2d, 1h30m, 10m, 1.5s.
func FormatDuration(d time.Duration) string {
	if d > 0 && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// LongestTold is the longest span that is told in days: what is further apart than
// some 292 years saturates.
const LongestTold = 290 * 365 * 24 * time.Hour

// FormatSpan writes how long something lasts for people to read: to the second,
// from three days on in days, and what does not fit as more than 290 years.
func FormatSpan(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 3*day:
		return d.Round(time.Second).String()
	case d >= LongestTold:
		return "more than 290 years" // a difference of two times says no more
	}
	return strconv.FormatInt(int64(d.Round(day)/day), 10) + " days"
}

// parseTime reads RFC 3339, the same with a space and no zone (UTC), or a date.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("cannot read %q as a time", Clip(text))
}

// OnClock returns the one instant at which clocks in zone show what wall shows, whose
// own zone does not matter. A time that they pass over or show twice, because they
// are set forward or back then, is an error that asks for the offset.
func OnClock(wall time.Time, zone *time.Location) (time.Time, error) {
	var found []time.Time
	// No zone is more than a day from UTC, and none changes twice in two days.
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		shows := t.Format(time.DateTime) == wall.Format(time.DateTime)
		if shows && (len(found) == 0 || !found[0].Equal(t)) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return time.Time{}, fmt.Errorf("no clock in %s ever shows %s, because it is set forward then: write the time "+
			"with "+
			"its offset", zone, wall.Format(time.DateTime))
	case 2:
		return time.Time{}, fmt.Errorf("clocks in %s show %s twice, because they are set back then: write %s or %s",
			zone, wall.Format(time.DateTime), found[0].Format(time.RFC3339), found[1].Format(time.RFC3339))
	}
	return found[0], nil
}
