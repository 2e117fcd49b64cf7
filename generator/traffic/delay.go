package traffic

import (
	"math"
	"time"

	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// delays knows which sessions end in a merge later on, and when. Every block begins
// as many such sessions, and a session is named by its block c and its slot k: slot k
// says at which place of the block it begins and how long its id stays anonymous,
// and comes in one block of so many (rounds), so that there are many different
// delays however rare merges are.
//
// The merge of session (c, k) belongs to the block in whose time it falls due. For
// one slot that time rises with c, so the sessions whose merges belong to block b are
// those with edge(b, k) ≤ c < edge(b+1, k): every block finds its own, each session
// is found once, and no block needs the plan of another. A session that finds no
// merge, because others are due as well or the run is over, stays anonymous.
type delays struct {
	curve  *schedule.Curve
	normal lognormal
	slots  []delaySlot
	rounds int64
	seed   uint64
	begun  float64 // sessions that begin in a block on average: some of its merges end one that began elsewhere
	fanIn  float64 // share of the sessions whose merge joins to the one person of all
	chains float64 // of those that do not, whose merge joins to an id that was joined before
	reused float64 // of the merges, that end no session
}

// delaySlot is when a session begins and its id is merged.
type delaySlot struct {
	place int64 // within the block
	after time.Duration
}

const (
	// fewestSlots is how many different delays there are at least.
	fewestSlots = 256
	// spareVisits is how many standard deviations of a block's number of merges
	// are begun beside the merges, so that hardly any finds no session.
	spareSessions = 2
	// sureRoom is how many standard deviations of a block's number of ordinary
	// events are left free, so that none lacks an event to begin a session with.
	sureRoom = 6
)

// newDelays prepares the sessions of a run along a curve, where merges are a share of
// the events, room is the share that may belong to sessions; nil if the scenario does
// not say how long ids stay anonymous.
func newDelays(t *scenario.Traffic, curve *schedule.Curve, merges, room float64) *delays {
	m := t.Merges
	if m.Delay == (scenario.Delay{}) || merges == 0 {
		return nil
	}
	joins, free := merges*(1-m.Repeated())*blockEvents, room*blockEvents
	each := int64(max(min(math.Ceil(joins+spareSessions*math.Sqrt(joins)), free-sureRoom*math.Sqrt(free)), 0))
	if each == 0 {
		return nil
	}
	d := &delays{
		curve: curve, normal: newLognormal(m.Delay), rounds: max(1, fewestSlots/each), seed: t.Seed ^ delaySalt,
		reused: m.Repeated(), begun: (joins + float64(each)) / 2,
		fanIn: m.FanIn / max(1-m.Repeated(), 1e-300), chains: m.Chains / max(1-m.Repeated()-m.FanIn, 1e-300),
	}
	s := rng.NewStream(d.seed, 0)
	n := each * d.rounds
	for k := range n {
		after := (float64(k) + 0.5) / float64(n)
		d.slots = append(d.slots, delaySlot{int64(s.Below(blockEvents)), d.normal.quantile(after)})
	}
	return d
}

// start is when block b begins; a block behind the last does so at the end of the
// run.
func (d *delays) start(b int64) time.Duration { return d.curve.When(float64(b * blockEvents)) }

// edge is the first block whose session of a slot is merged at a time or later.
func (d *delays) edge(at time.Duration, k int) int64 {
	s := &d.slots[k]
	return int64(math.Ceil((d.curve.Count(at-s.after) - float64(s.place)) / blockEvents))
}

// in counts the blocks from low on, and below high, that have a slot, and returns
// the first.
func (d *delays) in(low, high int64, k int) (first, n int64) {
	first = low + ((int64(k)-low)%d.rounds+d.rounds)%d.rounds
	return first, max(high-first+d.rounds-1, 0) / d.rounds
}

// sessionBit sets the numbers of these sessions apart from those of events.
const sessionBit = 1 << 62

// size is how many slots there are.
func (d *delays) size() int64 { return int64(len(d.slots)) }

// number names session (c, k), as events are named by their numbers.
func (d *delays) number(c int64, k int) int64 { return sessionBit | c*d.size() + int64(k) }

// origin is the block in which a session begins, and the event with which it is to.
func (d *delays) origin(number int64) (block, event int64) {
	block = number &^ sessionBit / d.size()
	return block, block*blockEvents + d.slots[number&^sessionBit%d.size()].place
}

// sessionPerson draws who a session is by: whoever plans its beginning or its merge comes to
// the same.
func (p *planner) sessionPerson(number int64) person {
	s := rng.NewStream(p.delays.seed, uint64(number))
	block, _ := p.delays.origin(number)
	return p.drawSessionPerson(&s, p.join.upTo(block*blockEvents, p.total))
}

// drawSessionPerson draws who a session that ends in a merge is by.
func (p *planner) drawSessionPerson(s *rng.Stream, joined int64) person {
	if p.delays.fanIn > 0 && s.Float64() < p.delays.fanIn {
		return p.people.fanIn()
	}
	return p.people.draw(s, joined)
}

// lognormal is the distribution of delays: their logarithms are normal.
type lognormal struct{ mean, deviation float64 }

// z90 is the standard normal's 90th percentile.
const z90 = 1.2815515655446004

// newLognormal returns the distribution through two percentiles.
func newLognormal(d scenario.Delay) lognormal {
	mean := math.Log(d.P50.Seconds())
	return lognormal{mean, (math.Log(d.P90.Seconds()) - mean) / z90}
}

// longestDelay keeps sums of times within their bounds: nobody waits so long.
const longestDelay = 100 * 366 * 24 * time.Hour

// quantile is the delay that a share of all stay below.
func (b lognormal) quantile(share float64) time.Duration {
	z := math.Sqrt2 * math.Erfinv(2*share-1)
	if b.deviation == 0 {
		z = 0
	}
	return time.Duration(min(math.Exp(b.mean+b.deviation*z), longestDelay.Seconds()) * 1e9)
}

// below is the share of the delays that are shorter.
func (b lognormal) below(d time.Duration) float64 {
	off := math.Log(d.Seconds()) - b.mean
	switch {
	case b.deviation > 0:
		return math.Erfc(-off/b.deviation/math.Sqrt2) / 2
	case off < 0:
		return 0
	}
	return 1
}

// within draws a delay that is no longer than most.
func (b lognormal) within(most time.Duration, s *rng.Stream) time.Duration {
	u := s.Float64()
	if share := b.below(most); share > 0 {
		return min(b.quantile(u*share), most)
	}
	return time.Duration(u * float64(most))
}
