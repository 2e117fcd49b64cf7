package permit

import (
	"fmt"
	"time"

	"rehearse/internal/units"
)

// stamp writes a time with its offset and in UTC.
func stamp(t time.Time) string {
	local, universal := t.Format("2006-01-02 15:04:05 -07:00"), t.UTC().Format("2006-01-02 15:04:05")
	if _, offset := t.Zone(); offset == 0 {
		return universal + " UTC"
	}
	return fmt.Sprintf("%s (%s UTC)", local, universal)
}

// away writes how far off something is, in seconds.
func away(d time.Duration) string { return units.FormatDuration(d.Round(time.Second)) }

// layouts are how a time without an offset may be written.
var layouts = [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// ParseMoment reads a time: with its offset, or as a clock in the zone shows it.
// A time that the clock passes over or shows twice, because it is set forward or
// back then, is an error that asks for the offset.
func ParseMoment(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range layouts {
		wall, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		return units.OnClock(wall, zone)
	}
	return time.Time{}, fmt.Errorf("cannot read %q as a time: as in 2026-12-01T10:00:00+01:00, or 2026-12-01T10:00 by the clock in a zone", units.Clip(text))
}
