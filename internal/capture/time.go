package capture

import (
	"strconv"
	"strings"
	"time"
)

// parseSentAt reads the sent_at of an envelope, ISO 8601 with an offset.
func parseSentAt(text []byte) (t time.Time, ok bool) {
	return parseLayouts(string(text), "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
		"2006-01-02T15:04Z07:00", "20060102T150405Z0700", "20060102T150405Z07")
}

func parseLayouts(text string, layouts ...string) (t time.Time, ok bool) {
	if text == "" {
		return t, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return t, false
}

// farFuture is how far ahead an event may be; one that is further happens now.
const farFuture = 23 * time.Hour

// Time returns when the service takes the event to have happened, which came in
// the submission s at a time (common/types timestamp.rs): its offset counts back
// from now; else its timestamp does, less what the clock of the client is ahead;
// one that cannot be read is now.
func (e *Received) Time(s *Submission, now time.Time) time.Time {
	at, _ := e.Stamp(s, now)
	return at
}

// Stamp is Time, and whether that replaces the time of the event because it lies too far
// in the future, as IsAhead reports.
func (e *Received) Stamp(s *Submission, now time.Time) (at time.Time, ahead bool) {
	at = e.claimed(s, now)
	if at.Sub(now) > farFuture {
		return now, true
	}
	if year := at.Year(); year < 0 || year > 9999 {
		return time.Unix(0, 0).UTC(), false
	}
	return at, false
}

// IsAhead reports whether Time replaces the time of the event because it lies too far
// in the future.
func (e *Received) IsAhead(s *Submission, now time.Time) bool {
	return e.claimed(s, now).Sub(now) > farFuture
}

// claimed is when the event says that it happened, by the clock of the service.
func (e *Received) claimed(s *Submission, now time.Time) time.Time {
	at := now
	if t, ok := parseEventTime(string(e.Timestamp), now); ok {
		at = t
		if !s.SentAt.IsZero() && !e.ignoreSentAt {
			at = later(t, now.Unix()-s.SentAt.Unix(), now.Nanosecond()-s.SentAt.Nanosecond())
		}
	}
	if e.hasOffset {
		at = later(now, -(e.offset / 1000), -int(e.offset%1000)*int(time.Millisecond))
	}
	return at
}

// later is a time so much later than t, which may be more than a Duration can hold.
func later(t time.Time, seconds int64, nanoseconds int) time.Time {
	return time.Unix(t.Unix()+seconds, int64(t.Nanosecond()+nanoseconds)).UTC()
}

// parseEventTime reads a time in the forms that the service reads. A date without
// a time gets that of now.
func parseEventTime(text string, now time.Time) (t time.Time, ok bool) {
	if t, ok = parseLayouts(text, "2006-01-02T15:04:05Z07:00", "2006-01-02t15:04:05Z07:00",
		"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z07",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04",
		"2006/01/02 15:04:05", "01/02/2006 15:04:05", time.RFC1123Z, time.RFC1123,
		"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700"); ok {
		return t.UTC(), true
	}
	if t, ok = parseLayouts(text, "2006-01-02", "2006/01/02", "01/02/2006"); ok {
		clock := now.UTC()
		return t.Add(clock.Sub(clock.Truncate(24 * time.Hour))), true
	}
	return parseUnix(text)
}

// parseUnix reads the digits of a Unix time: 10 of them are seconds, 13
// milliseconds, 19 nanoseconds.
func parseUnix(text string) (t time.Time, ok bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strings.ContainsAny(text, "+-") {
		return t, false
	}
	switch len(text) {
	case 10:
		return time.Unix(n, 0).UTC(), true
	case 13:
		return time.UnixMilli(n).UTC(), true
	case 19:
		return time.Unix(0, n).UTC(), true
	}
	return t, false
}

const (
	milliPerDay = 24 * 60 * 60 * 1000

	// The first and the last millisecond that RFC 3339 can write, as Unix time.
	firstMilli = -62_167_219_200_000 // 0000-01-01T00:00:00.000Z
	lastMilli  = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z

	// cycleDays is the length of 400 years, after which the calendar repeats;
	// epochDays lies between 0000-03-01 and 1970-01-01.
	cycleDays = 146_097
	epochDays = 719_468
)

// AppendTime appends t as RFC 3339 in UTC with milliseconds, 24 characters
// without quotes. A time outside the years 0 to 9999 becomes the nearest that
// can be written.
//
// The date is computed as in Howard Hinnant's civil_from_days: years are counted
// from March, so that the leap day is the last day of a year, and day d of such
// a year falls into month (5d+2)/153.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, blankTime...)
	putTime((*[len(blankTime)]byte)(dst[len(dst)-len(blankTime):]), t)
	return dst
}

// blankTime is what putTime writes the digits into.
const blankTime = "0000-00-00T00:00:00.000Z"

// putTime writes the digits of t, or of the nearest time that can be written, and
// returns that in Unix milliseconds.
func putTime(text *[len(blankTime)]byte, t time.Time) (ms int64) {
	ms = min(max(t.UnixMilli(), firstMilli), lastMilli)
	counted := uint64(ms + (epochDays+cycleDays)*milliPerDay) // from -0400-03-01, never negative
	days, rest := counted/milliPerDay, counted%milliPerDay

	cycle, d := days/cycleDays, days%cycleDays
	y := (d - d/1460 + d/36524 - d/(cycleDays-1)) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	day := d - (153*m+2)/5 + 1
	year := cycle*400 + y - 400
	if m >= 10 { // January and February belong to the next year
		m -= 12
		year++
	}
	month := m + 3

	putPair(text[0:], uint32(year/100))
	putPair(text[2:], uint32(year%100))
	putPair(text[5:], uint32(month))
	putPair(text[8:], uint32(day))
	putClock(text, uint32(rest))
	return ms
}

// putClock writes the time of day that lies ms milliseconds after midnight.
func putClock(text *[24]byte, ms uint32) {
	s := ms / 1000
	ms %= 1000
	putPair(text[11:], s/3600)
	putPair(text[14:], s/60%60)
	putPair(text[17:], s%60)
	text[20] = byte('0' + ms/100)
	putPair(text[21:], ms%100)
}

// putPair writes a number below 100 as two digits.
func putPair(dst []byte, n uint32) {
	dst[0], dst[1] = byte('0'+n/10), byte('0'+n%10)
}
