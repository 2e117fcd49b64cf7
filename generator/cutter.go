package generator

import (
	"sort"
	"time"

	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// cutter cuts the events of a schedule into batches. Where a cut falls is a
// function of the scenario alone: by count, or earlier where the batch's oldest
// event would grow too old. (A third limit, bytes, is known only once a body is
// built; see Workbench.)
//
// Sizes that vary do so in pairs that add up to min+max, so that the place of
// cut k needs no sum over the cuts before it.
type cutter struct {
	due      func(int64) time.Duration
	total    int64
	batching scenario.Batching
	seed     uint64
}

// newCutter prepares the cuts of a schedule. It is for one goroutine.
func newCutter(s *schedule.Schedule, b scenario.Batching, seed uint64) cutter {
	return cutter{due: s.Cursor().Due, total: s.Total(), batching: b, seed: seed}
}

// cut is one batch before it is built.
type cut struct {
	first, events int64
	due           time.Duration
}

// at returns the batch that begins with event first, as the k-th batch; ok is
// false after the last event.
func (c *cutter) at(k, first int64) (cut, bool) {
	if first >= c.total {
		return cut{}, false
	}
	n := min(c.size(k), c.total-first)
	due := c.due(first + n - 1)
	if c.batching.Age == 0 {
		return cut{first, n, due}, true
	}
	old := c.due(first) + c.batching.Age
	if due <= old {
		return cut{first, n, due}, true
	}
	young := sort.Search(int(n), func(i int) bool { return c.due(first+int64(i)) > old })
	return cut{first, int64(young), old}, true
}

// Leaves returns when the batch of an event of s is due, as far as batches are closed by
// their number of events; what an age closes is due that long after each event.
func Leaves(s *scenario.Scenario) func(event int64) time.Duration {
	c := newCutter(schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed), s.Batching, s.Traffic.Seed)
	return func(event int64) time.Duration {
		if c.batching.Age > 0 {
			return min(c.due(c.last(event)), c.due(event)+c.batching.Age)
		}
		return c.due(c.last(event))
	}
}

// last is the last event of the batch that an event is in, if it is closed by count.
func (c *cutter) last(event int64) int64 {
	pair := int64(c.batching.MinEvents + c.batching.MaxEvents)
	k := 2 * (event / pair)
	end := event / pair * pair
	for end += c.size(k); end <= event; end += c.size(k) {
		k++
	}
	return min(end, c.total) - 1
}

// size is how many events batch k holds when it closes by count.
func (c *cutter) size(k int64) int64 {
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

// count is how many batches there are: in closed form where no batch can close
// by age, else by walking the cuts.
func (c *cutter) count() int64 {
	pairs := c.total / int64(c.batching.MinEvents+c.batching.MaxEvents)
	if c.batching.Age != 0 {
		return c.walk(0, 0)
	}
	return 2*pairs + c.walk(2*pairs, pairs*int64(c.batching.MinEvents+c.batching.MaxEvents))
}

// walk counts the cuts from the k-th on, which begins with event first.
func (c *cutter) walk(k, first int64) int64 {
	n := int64(0)
	for {
		b, ok := c.at(k+n, first)
		if !ok {
			return n
		}
		first += b.events
		n++
	}
}

// sizeSalt keeps the draws of sizes apart from those of the events.
const sizeSalt = 0x5bd1e995a3c59ac3
