// Package strptime reads times as they are written elsewhere, by a format in the
// directives of strptime(3).
package strptime

import (
	"fmt"
	"strings"
	"time"
)

// Format is how times are written, in the directives of strptime(3): %d/%m/%Y
// %H:%M:%S. %f is a fraction of a second of any number of digits, as in Python.
type Format struct {
	text  string
	steps []timeStep
}

// timeStep is one directive, or a character that has to be there.
type timeStep struct {
	directive byte // 0: the character
	character byte
}

// directives are the known ones, without those that stand for several.
const directives = "YymdeHIklMSfpbBhaAzZsj"

// longFor is what a directive stands for that stands for several; empty: it does not.
func longFor(directive byte) string {
	switch directive {
	case 'T':
		return "%H:%M:%S"
	case 'R':
		return "%H:%M"
	case 'D':
		return "%m/%d/%y"
	case 'F':
		return "%Y-%m-%d"
	}
	return ""
}

// Parse reads a format.
func Parse(text string) (*Format, error) {
	f := &Format{text: text}
	if err := f.add(text); err != nil {
		return nil, err
	}
	has := func(d string) bool {
		for _, s := range f.steps {
			if s.directive != 0 && strings.IndexByte(d, s.directive) >= 0 {
				return true
			}
		}
		return false
	}
	if !has("s") && !(has("Yy") && (has("mbBh") && has("de") || has("j"))) {
		return nil, fmt.Errorf("%.60q tells no date: it wants a year, a month and a day", text)
	}
	return f, nil
}

func (f *Format) add(text string) error {
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			f.steps = append(f.steps, timeStep{character: text[i]})
			continue
		}
		i++
		switch {
		case i == len(text):
			return fmt.Errorf("%.60q ends in %%", text)
		case text[i] == '%':
			f.steps = append(f.steps, timeStep{character: '%'})
		case longFor(text[i]) != "":
			if err := f.add(longFor(text[i])); err != nil {
				return err
			}
		case strings.IndexByte(directives, text[i]) >= 0:
			f.steps = append(f.steps, timeStep{directive: text[i]})
		default:
			return fmt.Errorf("unknown directive %%%c in %.60q", text[i], text)
		}
	}
	return nil
}

// String is the format as it was written.
func (f *Format) String() string { return f.text }

// moment is what the directives of a format have told so far.
type moment struct {
	calendar
	clock
	unix                           int64
	offset                         int // of the zone, in seconds
	afternoon, half, zoned, unixed bool
}

type calendar struct{ year, month, day, yearDay int }

type clock struct{ hour, minute, second, nanos int }

// Parse reads a time, in the zone where it does not say its own.
func (f *Format) Parse(text []byte, zone *time.Location) (time.Time, bool) {
	m := moment{calendar: calendar{month: 1, day: 1}}
	for _, s := range f.steps {
		ok := false
		if s.directive == 0 {
			text, ok = literal(text, s.character)
		} else {
			text, ok = m.take(s.directive, text)
		}
		if !ok {
			return time.Time{}, false
		}
	}
	if len(strings.TrimSpace(string(text))) > 0 {
		return time.Time{}, false
	}
	return m.time(zone)
}

// literal takes a character; a blank stands for any number of them, or none.
func literal(text []byte, c byte) ([]byte, bool) {
	if c == ' ' {
		for len(text) > 0 && text[0] == ' ' {
			text = text[1:]
		}
		return text, true
	}
	if len(text) == 0 || text[0] != c {
		return nil, false
	}
	return text[1:], true
}

// take reads what a directive stands for.
func (m *moment) take(directive byte, text []byte) (rest []byte, ok bool) {
	number := func(to *int, digits, low, high int) ([]byte, bool) {
		n, used := leading(text, digits)
		*to = int(n)
		return text[used:], used > 0 && *to >= low && *to <= high
	}
	switch directive {
	case 'Y':
		return number(&m.year, 4, 0, 9999)
	case 'y':
		rest, ok = number(&m.year, 2, 0, 99)
		m.year += 1900
		if m.year < 1969 { // as POSIX has it
			m.year += 100
		}
		return rest, ok
	case 'm':
		return number(&m.month, 2, 1, 12)
	case 'd', 'e':
		if len(text) > 0 && text[0] == ' ' {
			text = text[1:]
		}
		return number(&m.day, 2, 1, 31)
	case 'j':
		return number(&m.yearDay, 3, 1, 366)
	case 'H', 'k':
		return number(&m.hour, 2, 0, 23)
	case 'I', 'l':
		m.half = true
		return number(&m.hour, 2, 1, 12)
	case 'M':
		return number(&m.minute, 2, 0, 59)
	case 'S':
		return number(&m.second, 2, 0, 60)
	case 's':
		n, used := leading(text, 18)
		m.unix, m.unixed = n, true
		return text[used:], used > 0
	}
	return m.takeWord(directive, text)
}

// takeWord reads what a directive stands for that is no number.
func (m *moment) takeWord(directive byte, text []byte) (rest []byte, ok bool) {
	switch directive {
	case 'f':
		n, used := leading(text, 9)
		for digits := used; digits < 9; digits++ {
			n *= 10
		}
		for m.nanos = int(n); used < len(text) && text[used]-'0' <= 9; {
			used++ // beyond a nanosecond
		}
		return text[used:], used > 0
	case 'p':
		if len(text) < 2 || text[1]|0x20 != 'm' || text[0]|0x20 != 'a' && text[0]|0x20 != 'p' {
			return nil, false
		}
		m.afternoon = text[0]|0x20 == 'p'
		return text[2:], true
	case 'b', 'B', 'h':
		m.month, rest = Month(text)
		return rest, m.month > 0
	case 'a', 'A':
		word := letters(text)
		return text[word:], word >= 3
	}
	m.zoned = true
	return m.takeZone(text)
}

// takeZone reads Z, UTC, GMT or an offset.
func (m *moment) takeZone(text []byte) (rest []byte, ok bool) {
	for _, name := range [...]string{"Z", "UTC", "GMT"} {
		if len(text) >= len(name) && strings.EqualFold(string(text[:len(name)]), name) && letters(text) == len(name) {
			return text[len(name):], true
		}
	}
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return nil, false
	}
	hours, n := leading(text[1:], 2)
	rest = text[1+n:]
	if len(rest) > 2 && rest[0] == ':' {
		rest = rest[1:]
	}
	minutes, used := leading(rest, 2)
	m.offset = int(hours)*3600 + int(minutes)*60
	if text[0] == '-' {
		m.offset = -m.offset
	}
	return rest[used:], n == 2 && hours < 24 && minutes < 60
}

// time puts together what was told.
func (m *moment) time(zone *time.Location) (time.Time, bool) {
	if m.unixed {
		return time.Unix(m.unix, int64(m.nanos)), true
	}
	if m.half {
		m.hour %= 12
		if m.afternoon {
			m.hour += 12
		}
	}
	if m.zoned || zone == nil {
		zone = time.UTC
	}
	month, day := time.Month(m.month), m.day
	if m.yearDay > 0 {
		month, day = time.January, m.yearDay
	}
	t := time.Date(m.year, month, day, m.hour, m.minute, m.second, m.nanos, zone)
	real := m.yearDay > 0 || time.Date(m.year, month, day, 0, 0, 0, 0, time.UTC).Day() == day
	return t.Add(-time.Duration(m.offset) * time.Second), real
}

// leading reads at most so many digits at the start of a text.
func leading(text []byte, most int) (n int64, used int) {
	for used < min(most, len(text)) && text[used]-'0' <= 9 {
		n = n*10 + int64(text[used]-'0')
		used++
	}
	return n, used
}

// letters is how many letters a text begins with.
func letters(text []byte) (n int) {
	for n < len(text) && text[n]|0x20-'a' < 26 {
		n++
	}
	return n
}

// Month reads the English name of a month, or its first three letters, at the start of
// a text; 0: there is none.
func Month(text []byte) (month int, rest []byte) {
	word := string(text[:letters(text)])
	for m := time.January; m <= time.December; m++ {
		if name := m.String(); strings.EqualFold(word, name) || strings.EqualFold(word,
			name[:3]) || m == time.September && strings.EqualFold(word, "sept") {
			return int(m), text[len(word):]
		}
	}
	return 0, text
}
