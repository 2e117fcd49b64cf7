package profile

import (
	"math"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/recording"
)

// Observer takes in the events of a recording, one after the other, in bounded
// memory.
type Observer struct {
	gap      time.Duration // a longer pause ends a segment
	ids      *ids
	kinds    map[string]int64
	segments []*segment
	sizes    tally
	joins    joins
	uuids    recording.Recent
	again    int64
	text     []byte
}

// segment is a stretch of the recording without a long pause.
type segment struct {
	start   time.Time
	offset  time.Duration // of its start from that of the first, long pauses left out
	last    time.Time
	pause   time.Duration // the longest in it
	events  int64
	seconds *recording.Curve
	minutes *recording.Curve
}

// tenths of a second are what is kept of the time at which an id is seen first: 32
// bits of them are 13 years.
const tenths = 10

// maxSegments bounds how many segments are kept apart.
const maxSegments = 1000

// maxKinds bounds how many names of events are counted apart.
const maxKinds = 10_000

// otherKinds is what the others are counted under.
const otherKinds = "(other)"

// NewObserver returns an observer that begins a new segment after every pause
// longer than gap.
func NewObserver(gap time.Duration) *Observer {
	return &Observer{gap: gap, ids: newIDs(mostSlots), joins: newJoins(), kinds: map[string]int64{}}
}

// Add takes in one event. Nothing of it is kept.
func (o *Observer) Add(e *recording.Event) {
	s := o.segment(e.Time)
	at := e.Time.Sub(s.start)
	s.events++
	s.seconds.Add(at, 1)
	s.minutes.Add(at, 1)
	tenth := uint32(min(max((s.offset+at)/(time.Second/tenths), 0), math.MaxUint32))
	hash := hashID(e.DistinctID)
	o.ids.add(hash, tenth)
	o.kind(e.Name)
	o.joins.add(e, hash, o.ids, tenth)
	o.sizes.add(float64(o.size(e)))
	if o.uuids.Seen(xxh3.Hash(e.UUID[:])) {
		o.again++
	}
}

// segment returns the segment that a time falls into. Segments are in the order of
// time, whatever order the events come in: one clock that is years ahead makes a
// segment of its own and takes nothing of what comes after.
func (o *Observer) segment(t time.Time) *segment {
	i := len(o.segments) - 1 // the last that begins no later
	if i >= 0 && t.Before(o.segments[i].start) {
		next, same := slices.BinarySearchFunc(o.segments, t, func(s *segment, t time.Time) int { return s.start.Compare(t) })
		if i = next - 1; same {
			i = next
		}
	}
	last := i == len(o.segments)-1
	switch full := len(o.segments) == maxSegments; {
	case i >= 0 && (t.Sub(o.segments[i].last) <= o.gap || full && last):
		return o.segments[i].extend(t)
	case !last && (o.segments[i+1].start.Sub(t) <= o.gap || full):
		return o.segments[i+1]
	}
	s := &segment{start: t, last: t, seconds: recording.NewCurve(time.Second), minutes: recording.NewCurve(time.Minute)}
	if i >= 0 {
		s.offset = o.segments[i].offset + o.segments[i].span()
	}
	o.segments = slices.Insert(o.segments, i+1, s)
	return s
}

// extend notes that the segment goes on until a time.
func (s *segment) extend(t time.Time) *segment {
	if t.After(s.last) {
		s.pause, s.last = max(s.pause, t.Sub(s.last)), t
	}
	return s
}

// longestPause is how long it took at most from one event to the next.
func (o *Observer) longestPause() (longest time.Duration) {
	for i, s := range o.segments {
		longest = max(longest, s.pause)
		if i > 0 {
			longest = max(longest, s.start.Sub(o.segments[i-1].last))
		}
	}
	return longest
}

// longestSpan bounds how long a segment is taken to last: a century, so that a wrong
// clock does not overflow any sum.
const longestSpan = 100 * 365 * 24 * time.Hour

// span is how long a segment lasts, its last second included.
func (s *segment) span() time.Duration {
	return min(s.last.Sub(s.start), longestSpan).Truncate(time.Second) + time.Second
}

// kind counts the name of an event, one that looks personal among the others.
func (o *Observer) kind(name []byte) {
	n, known := o.kinds[string(name)]
	if known || len(o.kinds) < maxKinds && !recording.IsPersonal(name) {
		o.kinds[string(name)] = n + 1
		return
	}
	o.kinds[otherKinds]++
}

// size is what the event weighs in a request, in bytes.
func (o *Observer) size(e *recording.Event) int {
	o.text = capture.AppendEvent(o.text[:0], &capture.Event{
		Name: e.Name, DistinctID: e.DistinctID, UUID: e.UUID, Timestamp: e.Time, Properties: e.Properties,
	})
	return len(o.text)
}
