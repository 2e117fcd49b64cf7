package generator

import (
	"time"

	"rehearse/scenario"
)

// rhythm turns recorded times into due times. Every due time is reckoned from
// the first recorded one, never from the one before it, so that it cannot
// drift, however long the recording is.
type rhythm struct {
	speed    float64
	profile  *scenario.Schedule // set: due times come from it, recorded ones are ignored
	anchor   time.Time          // the first recorded time
	latest   time.Duration      // no due time lies before an earlier one
	count    int64
	backward int64 // how many recorded times lay before the one before them
}

// newRhythm prepares the due times of a replay.
func newRhythm(s *scenario.Scenario) rhythm {
	r := rhythm{speed: s.Replay.Speed}
	if s.Replay.Clock == scenario.ClockProfile {
		r.profile = scenario.NewSchedule(s.Load.Profile, s.Load.Arrivals, 0)
	}
	return r
}

// due returns when n events that were recorded at t are due; ok is false where
// the profile has no room for them any more.
func (r *rhythm) due(t time.Time, n int64) (due time.Duration, ok bool) {
	if r.profile != nil {
		if r.count+n > r.profile.Total() {
			return 0, false
		}
		r.count += n
		return r.profile.Due(r.count - 1), true
	}
	if r.count == 0 {
		r.anchor = t
	}
	r.count += n
	due = time.Duration(float64(t.Sub(r.anchor)) / r.speed)
	if due < r.latest {
		r.backward++
		return r.latest, true
	}
	r.latest = due
	return due, true
}
