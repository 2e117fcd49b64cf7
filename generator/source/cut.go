package source

import (
	"sort"
	"time"

	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Cutter cuts the events of a schedule into batches. Where a cut falls is a
// function of the scenario alone: by count, or earlier where the batch's oldest
// event would grow too old. (A third limit, bytes, is known only once a body is
// built; see body.Builder.)
//
// Sizes that vary do so in pairs that add up to min+max, so that the place of
// cut k needs no sum over the cuts before it.
type Cutter struct {
	due      func(int64) time.Duration
	total    int64
	batching scenario.Batching
	seed     uint64
}

// NewCutter prepares the cuts of a schedule. It is for one goroutine.
func NewCutter(s *schedule.Schedule, b scenario.Batching, seed uint64) Cutter {
	return Cutter{due: s.Cursor().Due, total: s.Total(), batching: b, seed: seed}
}

// Cut is one batch before it is built.
type Cut struct {
	First, Events int64
	Due           time.Duration
}

// At returns the batch that begins with event first, as the k-th batch; ok is
// false after the last event.
func (c *Cutter) At(k, first int64) (Cut, bool) {
	if first >= c.total {
		return Cut{}, false
	}
	n := min(c.size(k), c.total-first)
	due := c.due(first + n - 1)
	if c.batching.Age == 0 {
		return Cut{first, n, due}, true
	}
	old := c.due(first) + c.batching.Age
	if due <= old {
		return Cut{first, n, due}, true
	}
	young := sort.Search(int(n), func(i int) bool { return c.due(first+int64(i)) > old })
	return Cut{first, int64(young), old}, true
}

// Leaves returns when the batch of an event of s is due, as far as batches are closed by
// their number of events; what an age closes is due that long after each event.
func Leaves(s *scenario.Scenario) func(event int64) time.Duration {
	c := NewCutter(schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed), s.Batching, s.Traffic.Seed)
	from, to, full := int64(0), int64(-1), time.Duration(0) // events of one batch, and when it is full
	return func(event int64) time.Duration {
		if event < from || event > to {
			from, to = event, c.last(event)
			full = c.due(to)
		}
		if c.batching.Age > 0 {
			return min(full, c.due(event)+c.batching.Age)
		}
		return full
	}
}

// last is the last event of the batch that an event is in, if it is closed by count.
func (c *Cutter) last(event int64) int64 {
	pair := int64(c.batching.MinEvents + c.batching.MaxEvents)
	k := 2 * (event / pair)
	end := event / pair * pair
	for end += c.size(k); end <= event; end += c.size(k) {
		k++
	}
	return min(end, c.total) - 1
}

// size is how many events batch k holds when it closes by count.
func (c *Cutter) size(k int64) int64 {
	lo, hi := int64(c.batching.MinEvents), int64(c.batching.MaxEvents)
	if lo == hi {
		return lo
	}
	s := rng.NewStream(c.seed^sizeSalt, uint64(k/2))
	n := lo + int64(s.Below(uint64(hi-lo+1)))
	if k%2 == 1 {
		return lo + hi - n
	}
	return n
}

// Count is how many batches there are: in closed form where no batch can close
// by age, else by walking the cuts.
func (c *Cutter) Count() int64 {
	pairs := c.total / int64(c.batching.MinEvents+c.batching.MaxEvents)
	if c.batching.Age != 0 {
		return c.walk(0, 0)
	}
	return 2*pairs + c.walk(2*pairs, pairs*int64(c.batching.MinEvents+c.batching.MaxEvents))
}

// walk counts the cuts from the k-th on, which begins with event first.
func (c *Cutter) walk(k, first int64) int64 {
	n := int64(0)
	for {
		b, ok := c.At(k+n, first)
		if !ok {
			return n
		}
		first += b.Events
		n++
	}
}

// sizeSalt keeps the draws of sizes apart from those of the events.
const sizeSalt = 0x5bd1e995a3c59ac3
