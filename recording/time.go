package recording

import (
	"math"
	"strconv"
	"time"
)

// ParseTime reads the time in a JSON value: RFC 3339, the same with a blank or
// without a zone (UTC), a date, or a number of seconds, milliseconds or
// microseconds since 1970, told apart by its size.
func ParseTime(value []byte) (time.Time, bool) {
	if isEmpty(value) {
		return time.Time{}, false
	}
	if value[0] == '"' {
		return ParseText(value[1 : len(value)-1])
	}
	return parseUnix(value)
}

// parseUnix reads a number of seconds (below 10^11), milliseconds (below 10^14)
// or microseconds since 1970.
func parseUnix(text []byte) (time.Time, bool) {
	n, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil || !(n > 0) || n > 1e17:
		return time.Time{}, false
	case n >= 1e14:
		return time.UnixMicro(int64(n)), true
	case n >= 1e11:
		return time.UnixMicro(int64(math.Round(n * 1e3))), true
	}
	return time.UnixMicro(int64(math.Round(n * 1e6))), true
}

// ParseText reads a time that stands in a text, as ParseTime does; in particular
// 2006-01-02[T15:04:05[.999999999][Z|±07[[:]00]]]. A text of
// digits alone is a number since 1970, as tables have it.
func ParseText(s []byte) (time.Time, bool) {
	year, ok := pairs(s, 0, 2)
	if !ok || len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return parseUnix(s)
	}
	month, okMonth := pairs(s, 5, 1)
	day, okDay := pairs(s, 8, 1)
	if !okMonth || !okDay || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return time.Time{}, false
	}
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if len(s) == 10 {
		return midnight, true
	}
	clock, ok := parseTimeOfDay(s[10:])
	if !ok {
		return time.Time{}, false
	}
	return midnight.Add(clock), true
}

// parseTimeOfDay reads what follows a date.
func parseTimeOfDay(s []byte) (time.Duration, bool) {
	if len(s) < 9 || s[0] != 'T' && s[0] != 't' && s[0] != ' ' || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	hour, okHour := pairs(s, 1, 1)
	minute, okMinute := pairs(s, 4, 1)
	second, okSecond := pairs(s, 7, 1)
	if !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	d := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	s = s[9:]
	if len(s) > 1 && (s[0] == '.' || s[0] == ',') {
		part, n := fraction(s[1:])
		d, s = d+part, s[1+n:]
	}
	zone, ok := parseZone(s)
	return d - zone, ok
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

// parseZone reads the end of a time: how far its clock is ahead of UTC.
func parseZone(s []byte) (time.Duration, bool) {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if len(s) == 0 || string(s) == "Z" || string(s) == "z" || string(s) == "UTC" {
		return 0, true
	}
	hours, ok := pairs(s, 1, 1)
	if !ok || s[0] != '+' && s[0] != '-' || hours > 23 {
		return 0, false
	}
	zone := time.Duration(hours) * time.Hour
	if rest := s[3:]; len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minutes, ok := pairs(rest, 0, 1)
		if !ok || len(rest) != 2 || minutes > 59 {
			return 0, false
		}
		zone += time.Duration(minutes) * time.Minute
	}
	if s[0] == '-' {
		zone = -zone
	}
	return zone, true
}

// pairs reads n pairs of digits from s[at:] as one number.
func pairs(s []byte, at, n int) (number int, ok bool) {
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
func daysIn(year, month int) int {
	switch {
	case month != 2:
		return 30 + (month+month>>3)&1
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}
