package profile

import (
	"math"
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
	newest   time.Time
	pause    time.Duration // the longest
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

// segment returns the segment that a time falls into.
func (o *Observer) segment(t time.Time) *segment {
	n := len(o.segments)
	if n > 0 {
		o.pause = max(o.pause, t.Sub(o.newest))
	}
	if n == 0 || t.Sub(o.newest) > o.gap && n < maxSegments {
		s := &segment{start: t, last: t, seconds: recording.NewCurve(time.Second), minutes: recording.NewCurve(time.Minute)}
		if n > 0 {
			s.offset = o.segments[n-1].offset + o.segments[n-1].span()
		}
		o.segments = append(o.segments, s)
		n++
		o.newest = t
	}
	s := o.segments[n-1]
	if t.After(o.newest) {
		o.newest, s.last = t, t
	}
	return s
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
