package source

import (
	"sync"
	"time"

	"rehearse/internal/recording/event"
	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// replayClock turns recorded times into due times. Recorded time is added up in whole
// nanoseconds, pauses cut where that is asked for, and only the sum is divided by the
// speed, so that due times cannot drift, however long the recording is.
type replayClock struct {
	speed   float64
	maxGap  time.Duration      // 0: pauses are not cut
	endless bool               // the recording is sent as often as there is time for
	profile *schedule.Schedule // set: due times come from it, recorded ones are ignored
	newest  time.Time          // the latest recorded time of this pass
	elapsed time.Duration      // from the first recorded time of this pass to it, without what was cut
	base    time.Duration      // when this pass began, in recorded time
	latest  time.Duration      // no due time lies before an earlier one
	count   int64
	passed  int64 // events of this pass
}

// newReplayClock prepares the due times of a replay.
func newReplayClock(s *scenario.Scenario) replayClock {
	r := replayClock{speed: s.Replay.Speed, maxGap: s.Replay.MaxGap, endless: s.Replay.Loop == scenario.MaxLoop}
	if s.Replay.Clock == scenario.ClockProfile {
		r.profile = schedule.New(s.Load.Curve, s.Load.Arrivals, 0)
	}
	return r
}

// due returns when n events that were recorded at t are due; ok is false where
// the profile has no room for them any more. A clock that is ahead tells no time: those
// events are due where they stand.
func (r *replayClock) due(t time.Time, n int64, ahead bool) (due time.Duration, ok bool) {
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

// full says whether the profile has no room for another event, so that it would be in vain
// to begin the recording again.
func (r *replayClock) full() bool { return r.profile != nil && r.count >= r.profile.Total() }

// farthest is when anything is due at the latest, and how much recorded time is added
// up at most: as long as can be told, so that a wrong clock does not overflow any sum.
const farthest = units.LongestTold

// follow takes notice of a recorded time: the first of a pass is where it begins, a
// pause that is too long is cut, and a time older than the latest changes nothing.
func (r *replayClock) follow(t time.Time) {
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

// again begins the recording again: its first event falls due after the last one
// of the pass before, by the mean distance between two events.
func (r *replayClock) again() {
	span := r.elapsed
	if r.passed > 1 {
		span += span / time.Duration(r.passed-1)
	}
	r.base += min(span, farthest-r.base)
	r.newest, r.elapsed, r.passed = time.Time{}, 0, 0
}

// Progress is how far a replay has come in its recording.
type ReplayProgress struct {
	Bytes, Total int64     // of the files as they lie there, compressed or not; with a loop, of all passes
	Recorded     time.Time // zero: nothing was due yet
}

// progressLog remembers where in the recording the batches begin that were dealt out
// ahead of their due times. A mark a batch at most, so what it holds is bounded by
// the batches that are in work.
type progressLog struct {
	total int64
	mu    sync.Mutex
	marks []progressMark
	at    ReplayProgress
}

// progressMark is how far the recording was read for what is due at a time.
type progressMark struct {
	due      time.Duration
	bytes    int64
	recorded time.Time
}

// markEvery is how far apart marks lie at least.
const markEvery = 100 * time.Millisecond

// note takes a mark, unless the last one is close by.
func (o *progressLog) note(due time.Duration, r *replayState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.marks); n > 0 && due-o.marks[n-1].due < markEvery {
		return
	}
	bytes, recorded := r.position()
	o.marks = append(o.marks, progressMark{due, bytes, recorded})
}

// upTo is the progress for what is due by now.
func (o *progressLog) upTo(now time.Duration) ReplayProgress {
	o.mu.Lock()
	defer o.mu.Unlock()
	passed := 0
	for passed < len(o.marks) && o.marks[passed].due <= now {
		o.at = ReplayProgress{o.marks[passed].bytes, o.total, o.marks[passed].recorded}
		passed++
	}
	o.marks = append(o.marks[:0], o.marks[passed:]...)
	o.at.Total = o.total
	return o.at
}

// Pause is a time in which a replay sends nothing: a night, a hole in the export, or
// a clock that was wrong.
type ReplayPause struct {
	Length       time.Duration // of the run, after speed and max_gap
	Ends         time.Duration // when in the run
	After, Until time.Time     // when the events on both sides of it were recorded
	Place        event.Place   // of the later of them
	Before, Rest int64         // events that were recorded before Until, and those that were not
}

// pauses finds the longest pause of a replay.
type pauses struct {
	longest ReplayPause
	due     time.Duration // of the last event
	newest  time.Time
}

// note takes notice of n events that were recorded at t and are due at a time.
func (p *pauses) note(due time.Duration, t time.Time, at event.Place, n int64) {
	if length := due - p.due; length > p.longest.Length {
		p.longest = ReplayPause{
			Length: length, Ends: due, After: p.newest, Until: t, Place: at, Before: p.longest.Before + p.longest.Rest,
		}
	}
	if p.due = due; t.After(p.newest) {
		p.newest = t
	}
	if t.Before(p.longest.Until) {
		p.longest.Before += n
	} else {
		p.longest.Rest += n
	}
}
