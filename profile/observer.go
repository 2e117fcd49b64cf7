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
	segments segments
	clock    *clock
	origin   time.Time // of tenths
	ids      *ids
	kinds    map[string]int64
	sizes    tally
	joins    joins
	uuids    recording.Recent
	again    int64
	text     []byte
}

// tenths of a second are what is kept of the time at which an id is seen first: 32
// bits of them are 13 years, half of them before the first event that is read.
const (
	tenths      = 10
	firstTenths = 1 << 31
)

// maxKinds bounds how many names of events are counted apart.
const maxKinds = 10_000

// otherKinds is what the others are counted under.
const otherKinds = "(other)"

// NewObserver returns an observer that begins a new segment after every pause
// longer than gap.
func NewObserver(gap time.Duration) *Observer {
	return &Observer{
		segments: segments{gap: gap}, clock: newClock(clockBounds()),
		ids: newIDs(mostSlots), joins: newJoins(), kinds: map[string]int64{},
	}
}

// Add takes in one event. Nothing of it is kept.
func (o *Observer) Add(e *recording.Event) {
	if o.origin.IsZero() {
		o.origin = e.Time
	}
	o.segments.add(e.Time)
	o.clock.add(e.Time.Unix())
	tenth := o.tenth(e.Time)
	hash := hashID(e.DistinctID)
	o.ids.add(hash, tenth)
	o.kind(e.Name)
	o.joins.add(e, hash, o.ids, tenth)
	o.sizes.add(float64(o.size(e)))
	if e.UUID != (capture.UUID{}) && o.uuids.Seen(xxh3.Hash(e.UUID[:])) {
		o.again++
	}
}

// tenth is a time as it is kept of ids.
func (o *Observer) tenth(t time.Time) uint32 {
	since := int64(t.Sub(o.origin)/(time.Second/tenths)) + firstTenths
	return uint32(min(max(since, 0), math.MaxUint32))
}

// at is the time that a tenth is kept of.
func (o *Observer) at(tenth uint32) time.Time {
	return o.origin.Add(time.Duration(int64(tenth)-firstTenths) * (time.Second / tenths))
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
