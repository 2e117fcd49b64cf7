package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxCount is the largest whole number that is read: up to here each is exact as a
// float64.
const maxCount = 1 << 53

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
		return 0, fmt.Errorf("cannot read %q as a rate: %w", Clip(text), err)
	}
	magnitude, period, per := strings.Cut(unit, "/")
	if !per {
		period = "s"
	}
	times, known := magnitudes[strings.TrimSpace(magnitude)]
	seconds, timed := periods[strings.TrimSpace(period)]
	if !known || !timed {
		return 0, fmt.Errorf("cannot read %q as a rate: unknown unit %q", Clip(text), Clip(unit))
	}
	rate := number * times / seconds
	if math.IsInf(rate, 0) {
		return 0, fmt.Errorf("cannot read %q as a rate: it does not fit", Clip(text))
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
		return 0, fmt.Errorf("cannot read %q as a count: %w", Clip(text), err)
	}
	return n, nil
}

// ParseBytes reads a size: 20MB is 20·10^6 bytes, 20MiB is 20·2^20. A plain whole
// number counts bytes.
func ParseBytes(text string) (int64, error) {
	n, err := parseWhole(text, sizes)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a size: %w", Clip(text), err)
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
		err = fmt.Errorf("unknown unit %q", Clip(unit))
	case number > 100:
		err = errors.New("more than 100%")
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a share: %w", Clip(text), err)
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

// parseWhole reads a whole number of the given units, up to 2^53.
func parseWhole(text string, units map[string]float64) (int64, error) {
	number, unit, err := scan(text)
	if err != nil {
		return 0, err
	}
	times, known := units[unit]
	if !known {
		return 0, fmt.Errorf("unknown unit %q", Clip(unit))
	}
	product := number * times
	whole := math.Round(product)
	switch {
	case product > maxCount:
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
		return 0, "", fmt.Errorf("%q is not a number that fits", Clip(text[:end]))
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

// clip shortens what is quoted in an error.
func Clip(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
