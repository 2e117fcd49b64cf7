package learn

import (
	"slices"
	"time"
)

// segments are the stretches of a recording between long pauses, in the order of
// time, whatever order the events come in: a clock that is years off makes a segment
// of its own and takes nothing of the others.
type segments struct {
	gap time.Duration // a longer pause ends a segment
	all []*segment
}

// segment is a stretch of the recording without a long pause.
type segment struct {
	start, last time.Time
	pause       time.Duration // the longest in it, if it came in order
	events      int64
}

// maxSegments bounds how many segments are kept apart.
const maxSegments = 1000

// add counts an event.
func (s *segments) add(t time.Time) {
	i := len(s.all) - 1 // the last that begins no later
	if i >= 0 && t.Before(s.all[i].start) {
		next, same := slices.BinarySearchFunc(s.all, t, func(s *segment, t time.Time) int { return s.start.Compare(t) })
		i = next - 1
		if same {
			i = next
		}
	}
	near := s.nearest(i, t)
	if near < 0 {
		s.all = slices.Insert(s.all, i+1, &segment{start: t, last: t, events: 1})
		return
	}
	s.all[near].extend(t)
	s.join(i)
}

// nearest is which of the segments i and i+1 goes on until a time between them, or
// from it on; -1: neither, because it lies further away than the gap.
func (s *segments) nearest(i int, t time.Time) int {
	gap := s.gap
	if len(s.all) == maxSegments {
		gap = 1<<63 - 1
	}
	before, after := i >= 0, i+1 < len(s.all)
	var since, until time.Duration
	if before {
		since = max(t.Sub(s.all[i].last), 0)
	}
	if after {
		until = s.all[i+1].start.Sub(t)
	}
	switch {
	case before && since <= gap && (!after || since <= until):
		return i
	case after && until <= gap:
		return i + 1
	}
	return -1
}

// extend counts an event in a segment that goes on until it, or from it on.
func (s *segment) extend(t time.Time) {
	s.events++
	switch {
	case t.After(s.last):
		s.pause, s.last = max(s.pause, t.Sub(s.last)), t
	case t.Before(s.start):
		s.pause, s.start = max(s.pause, s.start.Sub(t)), t
	}
}

// join makes the segments i and i+1 one if the pause between them is no longer long.
func (s *segments) join(i int) {
	if i < 0 || i+1 >= len(s.all) {
		return
	}
	a, b := s.all[i], s.all[i+1]
	pause := b.start.Sub(a.last)
	if pause > s.gap {
		return
	}
	a.pause, a.last = max(a.pause, b.pause, pause), b.last
	a.events += b.events
	s.all = slices.Delete(s.all, i+1, i+2)
}

// events is how many there were.
func (s *segments) events() (all int64) {
	for _, g := range s.all {
		all += g.events
	}
	return all
}

// longestPause is how long it took at most from one event to the next; quiet are the
// seconds of the longest stretch without any within a segment, -1 if that is not known.
func (s *segments) longestPause(quiet int64) (longest time.Duration) {
	for _, g := range s.all {
		longest = max(longest, g.pause)
	}
	if quiet >= 0 && float64(quiet+2) < longest.Seconds() {
		// Events that came in between later on have made it shorter.
		longest = time.Duration(quiet+2) * time.Second
	}
	for i, g := range s.all[1:] {
		longest = max(longest, g.start.Sub(s.all[i].last))
	}
	return longest
}

// offset is where a time lies when the pauses between segments are left out, in
// seconds.
func (s *segments) offset(t time.Time) float64 {
	sum := 0.0
	for _, g := range s.all {
		if !t.After(g.last) {
			return sum + max(t.Sub(g.start), 0).Seconds()
		}
		sum += float64(g.seconds())
	}
	return sum
}

// seconds is how many seconds of the clock a segment touches.
func (s *segment) seconds() int64 { return s.last.Unix() - s.start.Unix() + 1 }

// told tells what the segments tell, the peaks by the hours of the clock.
func (s *segments) told(hours []*hour) []Segment {
	var all []Segment
	for _, g := range s.all {
		t := Segment{Start: g.start, Seconds: float64(g.seconds()), Events: g.events}
		first, last := floorDiv(g.start.Unix(), secondsOfHour), floorDiv(g.last.Unix(), secondsOfHour)
		for len(hours) > 0 && hours[0].number < first {
			hours = hours[1:]
		}
		for _, h := range hours {
			if h.number > last {
				break
			}
			known := h.known
			if len(s.all) > 1 && (h.number == first || h.number == last) { // Others may share the hour.
				known = h.within(g.start.Unix(), g.last.Unix())
			}
			t.PeakSecond = max(t.PeakSecond, float64(known.windows[0].most))
			t.PeakMinute = max(t.PeakMinute, float64(known.windows[1].most))
		}
		all = append(all, t)
	}
	return all
}
