package scenario

import (
	"fmt"
	"time"
)

// OnClock returns the one instant at which clocks in zone show what wall shows, whose
// own zone does not matter. A time that they pass over or show twice, because they
// are set forward or back then, is an error that asks for the offset.
func OnClock(wall time.Time, zone *time.Location) (time.Time, error) {
	var found []time.Time
	// No zone is more than a day from UTC, and none changes twice in two days.
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		shows := t.Format(time.DateTime) == wall.Format(time.DateTime)
		if shows && (len(found) == 0 || !found[0].Equal(t)) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return time.Time{}, fmt.Errorf("no clock in %s ever shows %s, because it is set forward then: write the time with its offset", zone, wall.Format(time.DateTime))
	case 2:
		return time.Time{}, fmt.Errorf("clocks in %s show %s twice, because they are set back then: write %s or %s",
			zone, wall.Format(time.DateTime), found[0].Format(time.RFC3339), found[1].Format(time.RFC3339))
	}
	return found[0], nil
}
