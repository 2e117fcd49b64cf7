package capture

import "time"

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

// putTime writes the digits of t.
func putTime(text *[len(blankTime)]byte, t time.Time) {
	ms := min(max(t.UnixMilli(), firstMilli), lastMilli)
	ms += (epochDays + cycleDays) * milliPerDay // counted from -0400-03-01, never negative
	days, rest := uint64(ms)/milliPerDay, uint64(ms)%milliPerDay

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
