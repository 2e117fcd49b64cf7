package scenario

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Units are text in a scenario file: a decimal number, then a unit. Except in
// durations, digits may be grouped with underscores and a space may stand before
// the unit. Only these spellings are known; in particular m is minutes and M is a
// million.

var (
	magnitudes = map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
	periods    = map[string]float64{"s": 1, "min": 60, "h": 3600, "d": 86400}
	sizes      = map[string]float64{
		"": 1, "B": 1,
		"kB": 1e3, "MB": 1e6, "GB": 1e9,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	}
)

// ParseRate reads a rate in events per second: 5000/s, 300k/min, 1.5M/h, 2M/d. A
// number without a period counts per second.
func ParseRate(text string) (float64, error) {
	number, unit, err := scan(text)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a rate: %w", clip(text), err)
	}
	magnitude, period, per := strings.Cut(unit, "/")
	if !per {
		period = "s"
	}
	times, known := magnitudes[strings.TrimSpace(magnitude)]
	seconds, timed := periods[strings.TrimSpace(period)]
	if !known || !timed {
		return 0, fmt.Errorf("cannot read %q as a rate: unknown unit %q", clip(text), clip(unit))
	}
	rate := number * times / seconds
	if math.IsInf(rate, 0) {
		return 0, fmt.Errorf("cannot read %q as a rate: it does not fit", clip(text))
	}
	return rate, nil
}

// FormatRate returns a rate of events per second that ParseRate reads back exactly.
func FormatRate(rate float64) string {
	return strconv.FormatFloat(rate, 'f', -1, 64) + "/s"
}

// ParseCount reads a whole number up to 2^53: 64, 1_000, 10k, 1.5M.
func ParseCount(text string) (int64, error) {
	n, err := parseWhole(text, magnitudes)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a count: %w", clip(text), err)
	}
	return n, nil
}

// ParseBytes reads a size: 20MB is 20·10^6 bytes, 20MiB is 20·2^20. A plain whole
// number counts bytes.
func ParseBytes(text string) (int64, error) {
	n, err := parseWhole(text, sizes)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a size: %w", clip(text), err)
	}
	return n, nil
}

// FormatBytes returns a size that ParseBytes reads back: 5MB, 64KiB, 1234B.
func FormatBytes(n int64) string {
	for _, unit := range [...]string{"GB", "MB", "kB", "GiB", "MiB", "KiB"} {
		if size := int64(sizes[unit]); n != 0 && n%size == 0 {
			return strconv.FormatInt(n/size, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// ParseShare reads a share from 0% to 100% as a fraction of 1.
func ParseShare(text string) (float64, error) {
	number, unit, err := scan(text)
	switch {
	case err != nil:
	case unit == "":
		err = errors.New("the % is missing")
	case unit != "%":
		err = fmt.Errorf("unknown unit %q", clip(unit))
	case number > 100:
		err = errors.New("more than 100%")
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a share: %w", clip(text), err)
	}
	return hundredth(number), nil
}

// hundredth returns the number nearest to a hundredth of the decimal that n was
// read from: 99.9/100 would be 0.9990000000000001.
func hundredth(n float64) float64 {
	exact, err := strconv.ParseFloat(strconv.FormatFloat(n, 'f', -1, 64)+"e-2", 64)
	if err != nil {
		return n / 100
	}
	return exact
}

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
			return 0, fmt.Errorf("cannot read %q as a duration: %w", clip(text), err)
		}
		if part > math.MaxInt64-sum {
			return 0, fmt.Errorf("cannot read %q as a duration: longer than 292 years", clip(text))
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
		return 0, "", fmt.Errorf("unknown unit %q", clip(unit))
	}
	part, err = time.ParseDuration(number + unit)
	if err != nil || part > math.MaxInt64/times {
		return 0, "", fmt.Errorf("%q is not a number that fits", clip(number))
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

// parseWhole reads a whole number of the given units, up to 2^53.
func parseWhole(text string, units map[string]float64) (int64, error) {
	number, unit, err := scan(text)
	if err != nil {
		return 0, err
	}
	times, known := units[unit]
	if !known {
		return 0, fmt.Errorf("unknown unit %q", clip(unit))
	}
	product := number * times
	whole := math.Round(product)
	switch {
	case product > MaxEvents:
		return 0, errors.New("more than 2^53")
	case math.Abs(product-whole) > 1e-15*product:
		return 0, errors.New("not a whole number")
	}
	return int64(whole), nil
}

// scan splits a text into its number, finite and not negative, and its unit.
func scan(text string) (number float64, unit string, err error) {
	text = strings.TrimSpace(text)
	end := numberEnd(text)
	if end == 0 {
		if strings.HasPrefix(text, "-") {
			return 0, "", errors.New("it is negative")
		}
		return 0, "", errors.New("a number is missing")
	}
	number, err = strconv.ParseFloat(strings.ReplaceAll(text[:end], "_", ""), 64)
	if err != nil {
		return 0, "", fmt.Errorf("%q is not a number that fits", clip(text[:end]))
	}
	return number, strings.TrimSpace(text[end:]), nil
}

// numberEnd returns where the decimal number at the start of a text ends, its
// exponent included.
func numberEnd(text string) int {
	end := 0
	for end < len(text) && (isDigit(text[end]) || end > 0 && text[end] == '_' || text[end] == '.') {
		end++
	}
	if end == 0 || end == len(text) || text[end] != 'e' && text[end] != 'E' {
		return end
	}
	exponent := end + 1
	if exponent < len(text) && (text[exponent] == '+' || text[exponent] == '-') {
		exponent++
	}
	digits := exponent
	for exponent < len(text) && isDigit(text[exponent]) {
		exponent++
	}
	if exponent == digits {
		return end
	}
	return exponent
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
