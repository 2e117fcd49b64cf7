package preflight_test

import (
	"testing"
	"time"

	"rehearse/internal/preflight"
)

// TestLongPause: an hour is worth a word, more than a day has to be agreed to, and
// after more than 31 days a clock was wrong.
func TestLongPause(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := parse(t, "name: a\nload: {profile: 'const(10, 1m)'}\ntraffic: {}\n")
	for _, row := range []struct {
		length time.Duration
		want   preflight.Severity // empty: nothing is said
	}{
		{0, ""},
		{time.Hour, preflight.SeverityNote}, // shorter ones are not handed over
		{day, preflight.SeverityNote},
		{day + 1, preflight.SeverityAccommodate},
		{31 * day, preflight.SeverityAccommodate},
		{31*day + 1, preflight.SeverityRefuse},
	} {
		r := preflight.Check(preflight.Input{Scenario: s, Now: now, Load: preflight.Load{
			Events: 600, Requests: 6, Curve: s.Load.Curve, Pause: preflight.Pause{Length: row.length, Message: "nothing is sent", Hint: "cut it"},
		}})
		f := find(r, "long-pause")
		if (f == nil) != (row.want == "") || f != nil && (f.Severity != row.want || f.Hint != "cut it") {
			t.Errorf("%s: %+v", row.length, f)
		}
	}
}
