package scenario

import (
	"fmt"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario/strict"
)

// Timestamps says what time the events bear: that of sending, or a historical
// range walked in order; and how far the clocks of their senders can be trusted.
type Timestamps struct {
	Now       bool
	From, To  time.Time
	Disorder  time.Duration // an event's time lies up to this much before its place
	ClockSkew time.Duration // standard deviation of how wrong the clock of a person is
	Zone      time.Duration // ahead of UTC: where the day and the week below are those of
	Day       float64       // how much lower the rate is at night than in the afternoon
	Weekend   float64       // how much lower it is on Saturday and Sunday
}

// maxClock bounds how far times may be off.
const maxClock = 365 * 24 * time.Hour

// readTimestamps reads the word now, or a range.
func readTimestamps(v strict.Value) Timestamps {
	if v.IsScalar() {
		strict.OneOf(v, []string{"now"})
		return Timestamps{Now: true}
	}
	t := Timestamps{Now: true}
	sound := v.Object(strict.Fields{
		"from":       func(v strict.Value) { t.From, t.Now = v.Time(), false },
		"to":         func(v strict.Value) { t.To, t.Now = v.Time(), false },
		"disorder":   func(v strict.Value) { t.Disorder = v.Duration(0, maxClock) },
		"clock_skew": func(v strict.Value) { t.ClockSkew = v.Duration(0, maxClock) },
		"zone": func(v strict.Value) {
			t.Zone, _ = strict.Measured(v, parseZone, "a time zone", "as in +02:00 or -08:00")
		},
		"day":     func(v strict.Value) { t.Day = v.Share() },
		"weekend": func(v strict.Value) { t.Weekend = v.Share() },
	})
	switch {
	case t.Now && (v.Gives("zone") || v.Gives("day") || v.Gives("weekend")):
		v.Fail("a day and a week need from and to", "load.follow gives a run a curve of its own")
	case !t.Now && v.Require("from", "to") && sound && !t.From.Before(t.To):
		v.Fail("from is not before to", "")
	}
	return t
}

// parseZone reads an offset from UTC such as +02:00.
func parseZone(text string) (time.Duration, error) {
	t, err := time.Parse("Z07:00", text)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a time zone", units.Clip(text))
	}
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second, nil
}
