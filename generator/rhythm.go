package generator

import (
	"time"

	"rehearse/scenario"
)

// rhythm turns recorded times into due times. Every due time is reckoned from
// the first recorded one, never from the one before it, so that it cannot
// drift, however long the recording is. Where pauses are cut, what was cut so far
// is kept as one sum.
type rhythm struct {
	speed    float64
	maxGap   time.Duration      // 0: pauses are not cut
	profile  *scenario.Schedule // set: due times come from it, recorded ones are ignored
	anchor   time.Time          // the first recorded time of this pass
	newest   time.Time          // the latest recorded time of this pass
	cut      time.Duration      // from the pauses of this pass
	base     time.Duration      // when this pass began, in recorded time
	latest   time.Duration      // no due time lies before an earlier one
	count    int64
	passed   int64         // events of this pass
	longest  time.Duration // the longest pause
	backward int64         // how many recorded times lay before the one before them
}

// newRhythm prepares the due times of a replay.
func newRhythm(s *scenario.Scenario) rhythm {
	r := rhythm{speed: s.Replay.Speed, maxGap: s.Replay.MaxGap}
	if s.Replay.Clock == scenario.ClockProfile {
		r.profile = scenario.NewSchedule(s.Load.Profile, s.Load.Arrivals, 0)
	}
	return r
}

// due returns when n events that were recorded at t are due; ok is false where
// the profile has no room for them any more.
func (r *rhythm) due(t time.Time, n int64) (due time.Duration, ok bool) {
	r.follow(t)
	if r.profile != nil {
		if r.count+n > r.profile.Total() {
			return 0, false
		}
		r.count += n
		return r.profile.Due(r.count - 1), true
	}
	r.count += n
	r.passed += n
	due = time.Duration(float64(r.base+t.Sub(r.anchor)-r.cut) / r.speed)
	if due < r.latest {
		r.backward++
		return r.latest, true
	}
	r.latest = due
	return due, true
}

// follow takes notice of a recorded time: the first of a pass is its anchor, a
// pause that is too long is cut.
func (r *rhythm) follow(t time.Time) {
	if r.anchor.IsZero() {
		r.anchor, r.newest = t, t
	}
	gap := t.Sub(r.newest)
	if gap <= 0 {
		return
	}
	r.newest = t
	r.longest = max(r.longest, gap)
	if r.maxGap > 0 && gap > r.maxGap {
		r.cut += gap - r.maxGap
	}
}

// again begins the recording anew: its first event falls due after the last one
// of the pass before, by the mean distance between two events.
func (r *rhythm) again() {
	span := r.newest.Sub(r.anchor) - r.cut
	if r.passed > 1 {
		span += span / time.Duration(r.passed-1)
	}
	r.base += span
	r.anchor, r.newest, r.cut, r.passed = time.Time{}, time.Time{}, 0, 0
}
