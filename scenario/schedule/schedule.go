package schedule

import (
	"time"

	"rehearse/internal/rng"
)

// Arrivals is how events fall within the curve of a load.
type Arrivals string

// The arrivals.
const (
	Even    Arrivals = "even"    // at equal steps of the integral
	Poisson Arrivals = "poisson" // seeded, with the exact total kept
)

// Schedule says when every event of a run is due. It does not change, and its
// methods are safe for concurrent use.
//
// Even arrivals fall at equal steps of the curve's integral: event i is due
// when the integral reaches i.
//
// Poisson arrivals are random but keep the exact total. The integral is cut into
// blocks of 1024 events; within a block the events lie as that many independent
// uniform points in order, which is what a Poisson process looks like once its
// count is known. The gaps between events are therefore those of a Poisson
// process, and so is the index of dispersion of counts in windows well below a
// block; in longer windows the counts spread less, down to not at all. Each
// block is drawn from (seed, block) alone.
type Schedule struct {
	curve    *Curve
	arrivals Arrivals
	seed     uint64
	total    int64
}

// blockEvents is how many events are drawn together by Poisson arrivals.
const blockEvents = 1024

// arrivalsSalt keeps the draws of the arrivals apart from those of the events,
// which share the seed. It reads "arrivals".
const arrivalsSalt = 0x6172726976616c73

// New returns the schedule of a curve. The seed matters to Poisson
// arrivals only.
func New(c *Curve, a Arrivals, seed uint64) *Schedule {
	return &Schedule{curve: c, arrivals: a, seed: seed ^ arrivalsSalt, total: c.Total()}
}

// Total returns how many events are due: events 0 to Total-1.
func (s *Schedule) Total() int64 { return s.total }

// Due returns when event i is due, for 0 <= i < Total, as an offset from the
// start of the run. It never falls as i rises. For Poisson arrivals it costs a
// thousand draws; walk with a Cursor instead.
func (s *Schedule) Due(i int64) time.Duration {
	place := float64(i)
	if s.arrivals == Poisson {
		place = s.place(i)
	}
	return s.curve.When(place)
}

// place returns where on the integral event i falls: the (k+1)-th of n uniform
// points in order is the sum of k+1 exponential gaps over the sum of n+1
// (Devroye, Non-Uniform Random Variate Generation, V.2).
func (s *Schedule) place(i int64) float64 {
	b := s.block(i)
	var sum, mine float64
	for k := range b.events + 1 {
		sum += b.gaps.Exp()
		if b.first+int64(k) == i {
			mine = sum
		}
	}
	return b.place(mine, sum)
}

// poissonBlock is a part of the integral whose events are drawn together.
type poissonBlock struct {
	first  int64 // index of its first event, and where on the integral it starts
	events int
	gaps   rng.Stream
}

// block returns the block of event i.
func (s *Schedule) block(i int64) poissonBlock {
	number := i / blockEvents
	first := number * blockEvents
	events := max(min(blockEvents, s.total-first), 0)
	return poissonBlock{first, int(events), rng.NewStream(s.seed, uint64(number))}
}

// place scales a sum of gaps, of a whole, to the block's part of the integral.
func (b *poissonBlock) place(sum, whole float64) float64 {
	return float64(b.first) + float64(b.events)*(sum/whole)
}

// Cursor walks a Schedule. It remembers the block that it is in, so that walking
// costs one draw an event. It is for one goroutine; each takes its own.
type Cursor struct {
	schedule *Schedule
	block    int64 // number of the block held, -1 for none
	places   []float64
}

// Cursor returns a new cursor. It owns its memory, about 8 KiB for Poisson arrivals.
func (s *Schedule) Cursor() *Cursor {
	c := &Cursor{schedule: s, block: -1}
	if s.arrivals == Poisson {
		c.places = make([]float64, blockEvents+1)
	}
	return c
}

// Due returns exactly what Schedule.Due returns. It is cheap as long as i stays
// in one block of 1024 or moves on to the next.
func (c *Cursor) Due(i int64) time.Duration {
	if c.places == nil {
		return c.schedule.Due(i)
	}
	if i/blockEvents != c.block {
		c.fill(i)
	}
	return c.schedule.curve.When(c.places[i%blockEvents])
}

// fill draws the block of event i.
func (c *Cursor) fill(i int64) {
	b := c.schedule.block(i)
	var sum float64
	for k := range b.events + 1 {
		sum += b.gaps.Exp()
		c.places[k] = sum
	}
	for k := range b.events {
		c.places[k] = b.place(c.places[k], sum)
	}
	c.block = i / blockEvents
}
