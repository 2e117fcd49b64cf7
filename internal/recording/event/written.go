package event

import (
	"bytes"
	"time"

	"rehearse/internal/strptime"
)

// writtenDate is a date as people write it: three numbers, or two and the name of a month,
// and perhaps a time of day and a zone.
type writtenDate struct {
	first, second, year int // as they stand; the month is second if it has a name
	named               bool
	yearFirst           bool
	separator           byte
	clock               time.Duration
	timed, seconds      bool
	half                bool // with AM or PM
	zone                time.Duration
	zoned               bool
}

// maxWritten bounds the length of a text that may be a time.
const maxWritten = 48

// parseWritten reads 22/05/2023, 5.6.2023 14:05, 2023/05/22, 22 May 2023, May 22,
// 2023, 10:04:05 PM, Mon, 22 May 2023 10:00:00 GMT, and 22/May/2023:10:00:00 +0200.
func parseWritten(s []byte) (w writtenDate, ok bool) {
	if len(s) < 8 || len(s) > maxWritten {
		return w, false
	}
	s = bytes.TrimSpace(s)
	if month, _ := strptime.Month(s); month == 0 && isLetter(s[0]) { // the day of the week
		end := bytes.IndexAny(s, ", ")
		if end < 3 {
			return w, false
		}
		s = bytes.TrimLeft(s[end:], ", ")
	}
	if s, ok = w.takeDate(s); !ok {
		return w, false
	}
	if len(s) == 0 {
		return w, true
	}
	return w, w.takeTime(bytes.TrimLeft(s, ", T:"))
}

func isLetter(b byte) bool { return b|0x20-'a' < 26 }

// takeDate reads the date and returns what follows.
func (w *writtenDate) takeDate(s []byte) (rest []byte, ok bool) {
	if month, rest := strptime.Month(s); month > 0 { // May 22, 2023
		w.second, w.named = month, true
		if w.first, rest, ok = number(bytes.TrimLeft(rest, ". "), 2); !ok {
			return nil, false
		}
		if w.year, rest, ok = number(bytes.TrimLeft(rest, ", "), 4); !ok {
			return nil, false
		}
		return rest, w.isDate()
	}
	a, rest, ok := number(s, 4)
	if !ok || len(rest) < 3 || bytes.IndexByte([]byte("/.- "), rest[0]) < 0 {
		return nil, false
	}
	w.separator, rest = rest[0], rest[1:]
	if month, after := strptime.Month(rest); month > 0 && len(after) > 0 { // 22 May 2023
		w.first, w.second, w.named = a, month, true
		w.year, rest, ok = number(bytes.TrimLeft(after, "/.- ,"), 4)
		return rest, ok && w.isDate()
	}
	b, rest, ok := number(rest, 2)
	if !ok || w.separator == ' ' || len(rest) < 2 || rest[0] != w.separator {
		return nil, false
	}
	c, rest, ok := number(rest[1:], 4)
	w.first, w.second, w.year = a, b, c
	if a > 31 { // 2023/05/22
		w.first, w.second, w.year, w.yearFirst = c, b, a, true
	}
	return rest, ok && w.isDate()
}

// isDate reports whether the numbers make a date.
func (w *writtenDate) isDate() bool {
	if w.year < firstYear || w.year > lastYear {
		return false
	}
	fits := func(month, day int) bool {
		return month >= 1 && month <= 12 && day >= 1 && day <= DaysIn(w.year, month)
	}
	if w.named || w.yearFirst {
		return fits(w.second, w.first)
	}
	return fits(w.second, w.first) || fits(w.first, w.second)
}

// agrees reports whether the date can be what the other times of a recording are.
func (w *writtenDate) agrees(dayFirst choice) bool {
	switch {
	case w.named, w.yearFirst, w.first == w.second:
		return true
	case w.first > 12:
		return dayFirst != no
	case w.second > 12:
		return dayFirst != yes
	}
	return dayFirst == yes || dayFirst == no
}

// takeTime reads the time of day and a zone, which end the text.
func (w *writtenDate) takeTime(s []byte) bool {
	hour, rest, ok := number(s, 2)
	if !ok || len(rest) < 3 || rest[0] != ':' {
		return false
	}
	minute, rest, ok := number(rest[1:], 2)
	if !ok || hour > 23 || minute > 59 {
		return false
	}
	second := 0
	if len(rest) > 0 && rest[0] == ':' {
		if second, rest, ok = number(rest[1:], 2); !ok || second > 60 {
			return false
		}
		w.seconds = true
	}
	w.timed = true
	w.clock = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		part, n := fraction(rest[1:])
		w.clock, rest = w.clock+part, rest[1+n:]
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) > 1 && rest[1]|0x20 == 'm' && (rest[0]|0x20 == 'a' || rest[0]|0x20 == 'p') {
		if hour == 0 || hour > 12 {
			return false
		}
		w.half = true
		w.clock -= time.Duration(hour/12) * 12 * time.Hour
		if rest[0]|0x20 == 'p' {
			w.clock += 12 * time.Hour
		}
		rest = rest[2:]
	}
	w.zone, w.zoned, ok = parseZone(rest)
	return ok
}

// time is what is meant if the day comes first, where that is a question.
func (w *writtenDate) time(dayFirst bool) (t time.Time, zoned, ok bool) {
	day, month := w.first, w.second
	if !w.named && !w.yearFirst && (month > 12 || !dayFirst && day <= 12) {
		day, month = month, day // Where one of them cannot be a month, it is the day.
	}
	if month < 1 || month > 12 || day < 1 || day > DaysIn(w.year, month) {
		return t, false, false
	}
	t = time.Date(w.year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Add(w.clock - w.zone)
	return t, w.zoned, true
}

// format is how such a time is written in the directives of strptime.
func (w *writtenDate) format(dayFirst bool) string {
	a, b, sep := "%m", "%d", string(w.separator)
	if dayFirst {
		a, b = b, a
	}
	text := a + sep + b + sep + "%Y"
	switch {
	case !w.timed:
		return text
	case w.half:
		text += " %I:%M"
	default:
		text += " %H:%M"
	}
	if w.seconds {
		text += ":%S"
	}
	if w.half {
		text += " %p"
	}
	if w.zoned {
		text += " %z"
	}
	return text
}

// number reads at most so many digits at the start of a text, no more of which follow.
func number(s []byte, most int) (n int, rest []byte, ok bool) {
	used := 0
	for used < len(s) && s[used]-'0' <= 9 {
		if used == most {
			return 0, nil, false
		}
		n = n*10 + int(s[used]-'0')
		used++
	}
	return n, s[used:], used > 0
}
