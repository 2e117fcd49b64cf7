package learn

import (
	"math"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
)

// Observer takes in the events of a recording, one after the other, in bounded
// memory.
type Observer struct {
	segments segments
	clock    *clock
	origin   time.Time // of tenths
	ids      *ids
	kinds    map[string]*int64
	sizes    tally
	joins    joins
	uuids    recording.Recent
	again    int64
	pending  []identified
	touched  uint64 // it is not read
}

// identified is what is kept of an event until its ids are counted: by their hashes.
type identified struct {
	person, other uint64 // other: the id that is joined to the person, 0: none
	uuid          uint64
	tenth         uint32
	hasUUID       bool
	isIdentify    bool
}

// mostPending is how many events wait for their ids to be counted. Their places in the
// tables are asked for at once, so that one wait for memory serves all of them.
const mostPending = 64

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
		ids: newIDs(mostSlots), joins: newJoins(), kinds: map[string]*int64{},
	}
}

// Add takes in one event. Nothing of it is kept.
func (o *Observer) Add(e *event.Event) {
	if o.origin.IsZero() {
		o.origin = e.Time
	}
	o.segments.add(e.Time)
	o.clock.add(e.Time.Unix())
	o.kind(e.Name)
	o.sizes.add(float64(capture.EventSize(&capture.Event{
		Name: e.Name, DistinctID: e.DistinctID, UUID: e.UUID, Timestamp: e.Time, Properties: e.Properties,
	})))
	p := identified{person: hashID(e.DistinctID), tenth: o.tenth(e.Time)}
	if p.hasUUID = e.UUID != (capture.UUID{}); p.hasUUID {
		p.uuid = xxh3.Hash(e.UUID[:])
	}
	if other := o.joins.other(e); len(other) > 0 {
		p.other, p.isIdentify = hashID(other), string(e.Name) == event.Identify
	}
	if o.pending = append(o.pending, p); len(o.pending) == mostPending {
		o.countIDs()
	}
}

// countIDs counts the ids of the events that are pending, in their order.
func (o *Observer) countIDs() {
	for i := range o.pending {
		o.touched += o.ids.touch(o.pending[i].person) + o.uuids.Touch(o.pending[i].uuid)
	}
	for i := range o.pending {
		p := &o.pending[i]
		known := o.ids.add(p.person, p.tenth)
		o.joins.add(p, known, o.ids)
		if p.hasUUID && o.uuids.Seen(p.uuid) {
			o.again++
		}
	}
	o.pending = o.pending[:0]
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
	if n := o.kinds[string(name)]; n != nil {
		*n++
		return
	}
	key := otherKinds
	if len(o.kinds) < maxKinds && !event.IsPersonal(name) {
		key = string(name)
	}
	if o.kinds[key] == nil {
		o.kinds[key] = new(int64)
	}
	*o.kinds[key]++
}

// tally counts values by size so that quantiles can be told: exactly below 65,536,
// to half a per cent above.
type tally struct {
	small []int64
	large map[int]int64 // by the power of 1.005
	count int64
	sum   float64
	max   float64
}

const (
	exactBelow = 1 << 16
	growth     = 1.005
)

// add counts one value.
func (t *tally) add(v float64) {
	t.count++
	t.sum += v
	t.max = max(t.max, v)
	if v < exactBelow {
		if t.small == nil {
			t.small = make([]int64, exactBelow)
		}
		t.small[int(max(v, 0))]++
		return
	}
	if t.large == nil {
		t.large = map[int]int64{}
	}
	t.large[int(math.Log(v)/math.Log(growth))]++
}

// quantile is the nearest-rank quantile; 0 of nothing.
func (t *tally) quantile(q float64) float64 {
	rank := int64(math.Ceil(q * float64(t.count)))
	for v, n := range t.small {
		rank -= n
		if rank <= 0 {
			return float64(v)
		}
	}
	for power := int(math.Log(exactBelow) / math.Log(growth)); rank > 0 && power < 1<<13; power++ {
		rank -= t.large[power]
		if rank <= 0 {
			return min(math.Pow(growth, float64(power)+0.5), t.max)
		}
	}
	return t.max
}

// mean is the mean; 0 of nothing.
func (t *tally) mean() float64 { return t.sum / math.Max(float64(t.count), 1) }
