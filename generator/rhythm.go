package generator

import (
	"time"

	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// rhythm turns recorded times into due times. Recorded time is added up in whole
// nanoseconds, pauses cut where that is asked for, and only the sum is divided by the
// speed, so that due times cannot drift, however long the recording is.
type rhythm struct {
	speed   float64
	maxGap  time.Duration      // 0: pauses are not cut
	profile *schedule.Schedule // set: due times come from it, recorded ones are ignored
	newest  time.Time          // the latest recorded time of this pass
	elapsed time.Duration      // from the first recorded time of this pass to it, without what was cut
	base    time.Duration      // when this pass began, in recorded time
	latest  time.Duration      // no due time lies before an earlier one
	count   int64
	passed  int64 // events of this pass
}

// newRhythm prepares the due times of a replay.
func newRhythm(s *scenario.Scenario) rhythm {
	r := rhythm{speed: s.Replay.Speed, maxGap: s.Replay.MaxGap}
	if s.Replay.Clock == scenario.ClockProfile {
		r.profile = schedule.New(s.Load.Curve, s.Load.Arrivals, 0)
	}
	return r
}

// due returns when n events that were recorded at t are due; ok is false where
// the profile has no room for them any more. A clock that is ahead tells no time: those
// events are due where they stand.
func (r *rhythm) due(t time.Time, n int64, ahead bool) (due time.Duration, ok bool) {
	if !ahead {
		r.follow(t)
	}
	if r.profile != nil {
		if r.count+n > r.profile.Total() {
			return 0, false
		}
		r.count += n
		return r.profile.Due(r.count - 1), true
	}
	r.count += n
	r.passed += n
	r.latest = max(r.latest, time.Duration(min((float64(r.base)+float64(r.elapsed))/r.speed, float64(farthest))))
	return r.latest, true
}

// farthest is when anything is due at the latest, and how much recorded time is added
// up at most: as long as can be told, so that a wrong clock does not overflow any sum.
const farthest = units.LongestTold

// follow takes notice of a recorded time: the first of a pass is where it begins, a
// pause that is too long is cut, and a time older than the latest changes nothing.
func (r *rhythm) follow(t time.Time) {
	if r.newest.IsZero() {
		r.newest = t
	}
	gap := t.Sub(r.newest)
	if gap <= 0 {
		return
	}
	r.newest = t
	if r.maxGap > 0 {
		gap = min(gap, r.maxGap)
	}
	r.elapsed += min(gap, farthest-r.elapsed)
}

// again begins the recording anew: its first event falls due after the last one
// of the pass before, by the mean distance between two events.
func (r *rhythm) again() {
	span := r.elapsed
	if r.passed > 1 {
		span += span / time.Duration(r.passed-1)
	}
	r.base += min(span, farthest-r.base)
	r.newest, r.elapsed, r.passed = time.Time{}, 0, 0
}
