package text

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Count is 12,345, a fraction rounded to the nearest whole number.
func Count[T int | int64 | float64](n T) string {
	whole := int64(n)
	if T(whole) != n {
		whole = int64(math.Round(float64(n)))
	}
	return humanize.Comma(whole)
}

// Number is 12,345.678, with all its digits.
func Number(x float64) string { return humanize.Commaf(x) }

// SI is 950, 12.3 k or 1.2 M, for where there is little room.
func SI(x float64) string {
	if x < 1000 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return humanize.SIWithDigits(x, 1, "")
}

// Plural is "1 event" or "12,345 events".
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Rate is a number a second: three digits under 100, whole above.
func Rate(perSecond float64) string {
	if perSecond < 100 {
		return Figures(perSecond)
	}
	return Count(int64(math.Round(perSecond)))
}

// Duration is 1.2 ms, 340 µs or 1.5 s.
func Duration(d time.Duration) string { return Milliseconds(float64(d) / float64(time.Millisecond)) }

// Milliseconds is the same of a number of milliseconds.
func Milliseconds(ms float64) string {
	switch {
	case ms < 1:
		return Figures(ms*1000) + " µs"
	case ms < 1000:
		return Figures(ms) + " ms"
	}
	return Figures(ms/1000) + " s"
}

// Percent is a share in percent. Only what is all or nothing is written as 100 %
// or 0 %: a share that merely rounds to it is not.
func Percent(share float64) string {
	switch p := share * 100; {
	case p > 99.99 && p < 100:
		return "over 99.99 %"
	case p > 0 && p < 0.01:
		return "under 0.01 %"
	default:
		text := strconv.FormatFloat(p, 'f', 2, 64)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " %"
	}
}

// Figures is x with about three significant digits, and never fewer than one
// after the point below 1,000, so that 500.2 is not written as the 500 that a
// threshold asks for. A fraction of nothing is left out.
func Figures(x float64) string {
	decimals := 2
	switch {
	case x >= 1000:
		return Count(int64(math.Round(x)))
	case x >= 10:
		decimals = 1
	}
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(x, 'f', decimals, 64), ".")
	if strings.Trim(fraction, "0") == "" {
		return whole
	}
	return whole + "." + fraction
}

// Size is 3.4 MB.
func Size(bytes int64) string { return humanize.Bytes(uint64(max(bytes, 0))) }
