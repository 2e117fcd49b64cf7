package intake

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// expression is a regular expression that is compiled when it is first asked for: nothing
// but the questions needs them, and every other command would carry them along.
func expression(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// readLine reads text of one line that may stand in a scenario.
func readLine(text string) (string, error) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("must be one line without control characters")
	case utf8.RuneCountInString(text) > 200:
		return "", errors.New("longer than 200 characters")
	case strings.Contains(text, "${"):
		return "", errors.New("must not contain ${, which refers to the environment")
	}
	return text, nil
}

// readAnswer reads yes or no.
func readAnswer(text string) (scenario.Answer, error) {
	switch strings.ToLower(strings.TrimRight(text, ".!")) {
	case "yes", "y", "true":
		return scenario.Yes, nil
	case "no", "n", "false":
		return scenario.No, nil
	}
	return scenario.Unanswered, fmt.Errorf("expected yes or no, found %q", clip(text))
}

// startLayouts are how a start may be written, after the weekday.
var startLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// readStart reads when the load starts, to the second. A weekday before the date
// must be that of the date: one of the two would be a mistake. The name of a time
// zone behind it, as in Europe/Berlin, becomes the offset that holds there then.
func readStart(text string) (time.Time, error) {
	rest := strings.Join(strings.Fields(strings.ReplaceAll(text, ",", " ")), " ")
	day, after, _ := strings.Cut(rest, " ")
	weekday, named := readWeekday(day)
	if named {
		rest = after
	}
	rest, zone, err := readZone(rest)
	if err != nil {
		return time.Time{}, err
	}
	rest = strings.Replace(rest, " UTC", "Z", 1)
	for _, mark := range [...]string{" +", " -", " Z"} {
		rest = strings.Replace(rest, mark, mark[1:], 1)
	}
	for _, layout := range startLayouts {
		t, err := time.ParseInLocation(layout, rest, time.UTC)
		if err == nil && !strings.HasSuffix(layout, "Z07:00") {
			if t, err = units.OnClock(t, zone); err != nil {
				return time.Time{}, err
			}
		}
		switch {
		case err != nil:
			continue
		case t.Year() < 1970:
			return time.Time{}, errors.New("lies before 1970")
		case named && t.Weekday() != weekday:
			return time.Time{}, fmt.Errorf("%s is a %s, not a %s", t.Format(time.DateOnly), t.Weekday(), weekday)
		}
		return t.Truncate(time.Second), nil
	}
	return time.Time{}, fmt.Errorf("cannot read %q as a time", clip(text))
}

// readZone takes the name of a time zone off the end of a time.
func readZone(text string) (rest string, zone *time.Location, err error) {
	at := strings.LastIndexByte(text, ' ')
	if name := text[at+1:]; at > 0 && strings.Contains(name, "/") {
		if zone, err = time.LoadLocation(name); err != nil {
			return text, nil, fmt.Errorf("unknown time zone %q", clip(name))
		}
		return text[:at], zone, nil
	}
	return text, time.UTC, nil
}

// readWeekday reads the name of a weekday, of which three letters are enough.
func readWeekday(text string) (time.Weekday, bool) {
	word := strings.ToLower(strings.Trim(text, ".,"))
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(day.String()), word) {
			return day, true
		}
	}
	return 0, false
}

// batchBounds are two numbers with something between them.
var batchBounds = expression(`^([0-9][0-9_,.kM]*)\s*(?:-|–|to|\.\.)\s*([0-9][0-9_,.kM]*)$`)

// readBatch reads the fewest and the most events of a request.
func readBatch(text string) (fewest, most int, err error) {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(text), "s"), "event"))
	if text == "none" || text == "no" {
		return 1, 1, nil
	}
	low, high := text, text
	if bounds := batchBounds().FindStringSubmatch(text); bounds != nil {
		low, high = bounds[1], bounds[2]
	}
	if fewest, err = readBatchSize(low); err == nil {
		most, err = readBatchSize(high)
	}
	if err == nil && fewest > most {
		err = fmt.Errorf("%d is more than %d: the fewest come first", fewest, most)
	}
	return fewest, most, err
}

func readBatchSize(text string) (int, error) {
	if err := twofold(text); err != nil {
		return 0, err
	}
	n, err := units.ParseCount(ungrouped(text))
	if err == nil && (n < 1 || n > 100_000) {
		err = errors.New("must be 1 to 100,000 events a request")
	}
	return int(n), err
}

// groups finds a comma that separates thousands: three digits follow it, and
// no fourth.
var groups = expression(`(\d),(\d{3})(?:\b|$)`)

// ungrouped takes the commas out of 12,345,678.
func ungrouped(text string) string {
	for strings.Contains(text, ",") && groups().MatchString(text) {
		text = groups().ReplaceAllString(text, "$1$2")
	}
	return text
}

// points finds a number that is another one to people who group digits by points.
var points = expression(`^[1-9][0-9]{0,2}(?:\.[0-9]{3})+$`)

// twofold is an error for 5.000, which some read as five and others as five
// thousand. Nobody writes so many zeros, or such odd counts, to mean the former.
func twofold(number string) error {
	if !points().MatchString(number) {
		return nil
	}
	return fmt.Errorf("cannot tell whether the point in %q groups digits: write %s", clip(number),
		strings.ReplaceAll(number, ".", ""))
}

// ratePhrases are what people write for the units of rates.
var ratePhrases = strings.NewReplacer(
	"about ", "", "events", "", "event", "", " per ", "/", "second", "s", "minute", "min", "hour", "h", "day", "d",
	"sec",
	"s",
	" million", "M", " thousand", "k", " ", "",
)

// readPeak reads a rate: 5000/s, 5,000 events per second, 300k/min.
func readPeak(text string) (float64, error) {
	plain := ratePhrases.Replace(ungrouped(text))
	number, _, _ := strings.Cut(plain, "/")
	if err := twofold(number); err != nil {
		return 0, err
	}
	rate, err := units.ParseRate(plain)
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot read %q as a rate", clip(text))
	case rate < 0.001 || rate > 1e9:
		return 0, errors.New("must be 0.001/s to 1G/s")
	}
	return rate, nil
}

// maxDuration is how long a stage of a scenario may last.
const maxDuration = 366 * 24 * time.Hour

// readRamp reads a duration, or that there is no ramp.
func readRamp(text string) (time.Duration, error) {
	switch strings.ToLower(text) {
	case "none", "no", "0":
		return 0, nil
	}
	if d, err := units.ParseDuration(text); err == nil && d == 0 {
		return 0, nil
	}
	d, events, err := readExtent(text)
	if err == nil && events > 0 {
		err = fmt.Errorf("%q is a number of events, not a duration", clip(text))
	}
	return d, err
}

var (
	// quantity is a number and its unit.
	quantity = expression(`([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ]*)`)
	// connecting is what may stand between quantities.
	connecting = expression(`(?i)^(\s|[,;+]|\b(events?|in|over|for|and|within|total|of|about)\b)*$`)
)

// units are the words for the units of durations, and for magnitudes.
var (
	durationUnits = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "sec": time.Second, "second": time.Second,
		"m": time.Minute, "min": time.Minute, "minute": time.Minute, "h": time.Hour, "hour": time.Hour,
		"d": 24 * time.Hour, "day": 24 * time.Hour, "w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
	}
	magnitudes = map[string]float64{
		"k": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "G": 1e9, "billion": 1e9, "event": 1,
	}
)

// readExtent reads a duration, a number of events, or both: 2h, 400M events,
// 36,000,000 events in 2 hours.
func readExtent(text string) (d time.Duration, events int64, err error) {
	text = ungrouped(text)
	var seconds, total float64
	var durations, counts int
	for _, q := range quantity().FindAllStringSubmatch(text, -1) {
		number, _ := strconv.ParseFloat(q[1], 64) // digits and a point
		unit := q[2]
		if len(unit) > 2 {
			unit = strings.TrimSuffix(strings.ToLower(unit), "s")
		}
		if length, ok := durationUnits[unit]; ok {
			seconds += number * length.Seconds()
			durations++
		} else if err := twofold(q[1]); err != nil && unit == "event" {
			return 0, 0, err
		} else if times, ok := magnitudes[unit]; ok {
			total += number * times
			counts++
		} else {
			return 0, 0, fmt.Errorf("cannot read %q: %q is neither a duration (2h) nor a number of events (36M events)",
				clip(text), clip(q[0]))
		}
	}
	rest := quantity().ReplaceAllString(text, " ")
	switch {
	case durations+counts == 0 || !connecting().MatchString(rest):
		return 0, 0, fmt.Errorf("cannot read %q", clip(text))
	case counts > 1:
		return 0, 0, errors.New("gives two numbers of events")
	case durations > 0 && (seconds < 1e-3 || seconds > maxDuration.Seconds()):
		return 0, 0, errors.New("must be 1ms to 366d")
	case counts > 0 && (total < 1 || total > schedule.MaxEvents):
		return 0, 0, errors.New("must be 1 event to 2^53")
	}
	return time.Duration(math.Round(seconds * 1e9)), int64(math.Round(total)), nil
}

// clip shortens what is quoted in an error.
func clip(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	if len(runes) <= 60 {
		return string(runes)
	}
	return string(runes[:60]) + "…"
}
