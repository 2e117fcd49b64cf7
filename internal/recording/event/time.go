package event

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"rehearse/internal/jsonscan"
	"rehearse/scenario"
)

// clock reads recorded times: as the scenario says that they are written, or else as
// they look. What may mean several things (05/06/2023) is read once others of the
// recording have told which (22/05/2023), or is no time.
type Clock struct {
	Times    scenario.Times
	seconds  bool      // ten digits are seconds since 1970, and not a date and its hour
	days     choice    // whether the day comes before the month
	day      [10]byte  // the date that was read last
	midnight time.Time // when it begins, in UTC
	doubt    doubt     // the first time that may mean several things
	untold   bool      // others may follow: the day was the number of its month
	Zoneless bool      // a time did not say its zone, and the scenario does not either
}

// Numbers and digits are taken for times of these years only: anything may be a
// number.
const firstYear, lastYear = 1990, 2100

// ParseTime reads the time in a JSON value: RFC 3339, the same with a blank or
// without a zone (UTC), a date, the same without dashes and colons (20060102T150405Z),
// digits as in 20060102150405, names of months, or a number of seconds, milliseconds,
// microseconds or nanoseconds since 1970, told apart by its size. Numbers and digits
// must make a year from 1990 to 2100.
func ParseTime(value []byte) (time.Time, bool) { return (&Clock{}).Value(value) }

// ParseText reads a time that stands in a text, as ParseTime does.
func ParseText(text []byte) (time.Time, bool) { return (&Clock{}).text(text) }

// value reads the time in a JSON value.
func (c *Clock) Value(value []byte) (time.Time, bool) {
	if jsonscan.IsEmpty(value) {
		return time.Time{}, false
	}
	text := Unquoted(value)
	if bytes.IndexByte(text, '\\') >= 0 { // PHP escapes slashes.
		text = jsonscan.AppendText(nil, value)
	}
	return c.text(text)
}

// unquoted takes the quotes off a JSON string. Escapes stay: times have none.
func Unquoted(value []byte) []byte {
	if len(value) > 1 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// text reads the time in a text.
func (c *Clock) text(s []byte) (time.Time, bool) {
	switch {
	case c.Times.Format != nil:
		return c.Times.Format.Parse(s, c.Times.Zone)
	case len(s) >= 10 && s[4] == '-' && s[7] == '-':
		return c.iso(s)
	}
	if t, numeric, ok := c.number(s); numeric {
		return t, ok
	}
	if s := extended(s); s != nil {
		return c.iso(s)
	}
	d, ok := parseWritten(s)
	if !ok || !d.agrees(c.days) {
		return time.Time{}, false
	}
	return c.at(d.time(c.days != no))
}

// iso reads 2006-01-02[T15:04[:05[.999999999]]][Z|±07[[:]00]].
func (c *Clock) iso(s []byte) (time.Time, bool) {
	if day := [10]byte(s); day != c.day {
		year, okYear := Pairs(s, 0, 2)
		month, okMonth := Pairs(s, 5, 1)
		date, okDay := Pairs(s, 8, 1)
		if !okYear || !okMonth || !okDay || month < 1 || month > 12 || date < 1 || date > DaysIn(year, month) {
			return time.Time{}, false
		}
		c.day, c.midnight = day, time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC)
	}
	if len(s) == len(c.day) {
		return c.at(c.midnight, false, true)
	}
	ofDay, zoned, ok := ParseTimeOfDay(s[10:])
	if !ok {
		return time.Time{}, false
	}
	return c.at(c.midnight.Add(ofDay), zoned, true)
}

// extended writes the basic format of ISO 8601, as in 20060102T150405Z, as iso reads it; nil:
// the text is none.
func extended(s []byte) []byte {
	const date, minute = len("20060102T"), len("20060102T1504")
	if len(s) < minute || s[date-1] != 'T' {
		return nil
	}
	for _, b := range append(s[:date-1:date-1], s[date:minute]...) {
		if b < '0' || b > '9' {
			return nil
		}
	}
	rest := s[minute:]
	all := fmt.Appendf(nil, "%s-%s-%sT%s:%s", s[:4], s[4:6], s[6:8], s[date:date+2], s[date+2:minute])
	if len(rest) > 1 && '0' <= rest[0] && rest[0] <= '9' {
		all = append(all, ':')
	}
	return append(all, rest...)
}

// at moves a time that does not say its zone from UTC to the zone of the recording.
func (c *Clock) at(t time.Time, zoned, ok bool) (time.Time, bool) {
	switch {
	case !ok || zoned:
	case c.Times.Zone == nil:
		c.Zoneless = true
	default:
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.Times.Zone)
	}
	return t, ok
}

// number reads digits that are a date, or a number since 1970. What is no number is
// not numeric.
func (c *Clock) number(s []byte) (t time.Time, numeric, ok bool) {
	if !isNumeric(s) {
		return t, false, false
	}
	if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		t, ok = c.whole(s, n)
		return t, true, ok
	}
	if len(s) == len("20060102150405000000") {
		t, ok = parseDigits(s)
		return t, ok, ok
	}
	x, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return t, false, false
	}
	unit := c.Times.Unit
	if unit == 0 {
		unit = unitOf(x)
	}
	micros := math.Round(x * float64(unit) / 1e3)
	if unit == 0 || math.Abs(micros) > math.MaxInt64/2 {
		return t, true, false
	}
	return time.UnixMicro(int64(micros)), true, true
}

// isNumeric reports whether a text has the characters of a number, so that no error is
// made of others.
func isNumeric(s []byte) bool {
	dots := 0
	for _, b := range s {
		switch {
		case b-'0' <= 9, b == '-', b == '+', b == 'e', b == 'E':
		case b == '.':
			dots++
		default:
			return false
		}
	}
	return len(s) > 0 && dots < 2 && (s[0]-'0' <= 9 || s[0] == '-')
}

// whole reads a whole number.
func (c *Clock) whole(s []byte, n int64) (time.Time, bool) {
	if unit := c.Times.Unit; unit > 0 {
		return since1970(n, unit), true
	}
	date, dated := parseDigits(s)
	unit := unitOf(n)
	switch {
	case dated && unit > 0 && !c.seconds: // ten digits
		return time.Time{}, false
	case dated && unit == 0:
		return c.at(date, false, true)
	case unit > 0:
		return since1970(n, unit), true
	}
	return time.Time{}, false
}

// since1970 is the time n units after 1970 began.
func since1970(n int64, unit time.Duration) time.Time {
	per := int64(time.Second / unit)
	return time.Unix(n/per, n%per*int64(unit))
}

// unitOf tells from the size of a number in which unit it makes a year that events
// may have; 0: in none. Whole numbers are compared as such: the last nanoseconds round up
// to another year.
func unitOf[N int64 | float64](x N) time.Duration {
	const from, to = 631152000, 4133980800 // 1990 and 2101
	for unit := time.Second; unit > 0; unit /= 1000 {
		if from <= x && x < to {
			return unit
		}
		x /= 1000
	}
	return 0
}

// parseDigits reads a date written in digits alone: 20060102, and hour, minute, second
// and fractions of it behind.
func parseDigits(s []byte) (time.Time, bool) {
	var zero time.Time
	if len(s) < 8 || len(s) > 14 && len(s) != 17 && len(s) != 20 || len(s) < 15 && len(s)%2 != 0 {
		return zero, false
	}
	year, ok := Pairs(s, 0, 2)
	var part [5]int // month, day, hour, minute, second
	for i := range part {
		if at := 4 + 2*i; ok && at < len(s) {
			part[i], ok = Pairs(s, at, 1)
		}
	}
	if !ok || year < firstYear || year > lastYear || part[0] < 1 || part[0] > 12 ||
		part[1] < 1 || part[1] > DaysIn(year, part[0]) ||
		part[2] > 23 || part[3] > 59 || part[4] > 60 {
		return zero, false
	}
	var rest time.Duration
	if len(s) > 14 {
		n := 0
		if rest, n = fraction(s[14:]); n != len(s)-14 {
			return zero, false
		}
	}
	return time.Date(year, time.Month(part[0]), part[1], part[2], part[3], part[4], int(rest), time.UTC), true
}

// parseTimeOfDay reads what follows a date.
func ParseTimeOfDay(s []byte) (d time.Duration, zoned, ok bool) {
	if len(s) < 6 || s[0] != 'T' && s[0] != 't' && s[0] != ' ' || s[3] != ':' {
		return 0, false, false
	}
	hour, okHour := Pairs(s, 1, 1)
	minute, okMinute := Pairs(s, 4, 1)
	second, rest := 0, s[6:]
	if len(rest) > 0 && rest[0] == ':' {
		var okSecond bool
		if second, okSecond = Pairs(s, 7, 1); !okSecond {
			return 0, false, false
		}
		rest = s[9:]
	}
	if !okHour || !okMinute || hour > 23 || minute > 59 || second > 60 {
		return 0, false, false
	}
	d = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		part, n := fraction(rest[1:])
		d, rest = d+part, rest[1+n:]
	}
	zone, zoned, ok := parseZone(rest)
	return d - zone, zoned, ok
}

// fraction reads the digits of a fraction of a second and returns how many there
// were; those beyond a nanosecond count for nothing.
func fraction(s []byte) (d time.Duration, n int) {
	unit := time.Second / 10
	for n < len(s) && s[n]-'0' <= 9 {
		d += time.Duration(s[n]-'0') * unit
		unit /= 10
		n++
	}
	return d, n
}

// parseZone reads the end of a time: how far its clock is ahead of UTC, and whether it
// says so.
func parseZone(s []byte) (ahead time.Duration, zoned, ok bool) {
	if len(s) == 1 && s[0] == 'Z' {
		return 0, true, true
	}
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	switch string(s) {
	case "":
		return 0, false, true
	case "Z", "z", "UTC", "GMT":
		return 0, true, true
	}
	hours, ok := Pairs(s, 1, 1)
	if !ok || s[0] != '+' && s[0] != '-' || hours > 23 {
		return 0, false, false
	}
	zone := time.Duration(hours) * time.Hour
	if rest := s[3:]; len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minutes, ok := Pairs(rest, 0, 1)
		if !ok || len(rest) != 2 || minutes > 59 {
			return 0, false, false
		}
		zone += time.Duration(minutes) * time.Minute
	}
	if s[0] == '-' {
		zone = -zone
	}
	return zone, true, true
}

// pairs reads n pairs of digits from s[at:] as one number.
func Pairs(s []byte, at, n int) (number int, ok bool) {
	if len(s) < at+2*n {
		return 0, false
	}
	for _, b := range s[at : at+2*n] {
		if b-'0' > 9 {
			return 0, false
		}
		number = number*10 + int(b-'0')
	}
	return number, true
}

// daysIn is how many days a month has.
func DaysIn(year, month int) int {
	switch {
	case month != 2:
		return 30 + (month+month>>3)&1
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}
