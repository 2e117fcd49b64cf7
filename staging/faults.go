package staging

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
)

// cycle is after how many requests the injected answers repeat: any 1,000
// consecutive requests hold each share exactly.
const cycle = 1000

// stride scatters the answers over the cycle. It shares no divisor with cycle,
// so that the multiples of it meet every slot once, and lies at the golden
// ratio, so that they come evenly.
const stride = 617

// What a slot of the cycle may hold besides an HTTP status.
const (
	serve       uint16 = iota // answer as the service would
	reset                     // close the connection instead
	resetBefore               // close it before the body is read
	truncate                  // break off the answer
	drop                      // answer yes, and drop
	lost                      // of an event: not persisted
)

// faults holds what the endpoint does wrong, and when.
type faults struct {
	stall    Stall
	slots    chan struct{} // one element per request being served; nil: no limit
	capacity capacity

	base   *phase
	script []*phase

	first sync.Once
	began time.Time // when the first request came
}

func newFaults(c *Config) *faults {
	f := &faults{
		stall: c.Stall, base: newPhase(c.base()), capacity: capacity{perSecond: c.Work.Capacity, costs: c.Work.Costs},
	}
	for _, p := range c.Script {
		f.script = append(f.script, newPhase(p))
	}
	if c.Work.Concurrency > 0 {
		f.slots = make(chan struct{}, c.Work.Concurrency)
	}
	return f
}

// mishap is what is to go wrong with one request.
type mishap struct {
	phase  *phase
	number uint64 // of the request, in its phase
	answer uint16
}

// next returns what is to go wrong with the next request.
func (f *faults) next() mishap {
	f.first.Do(func() { f.began = time.Now() })
	m := mishap{phase: f.now()}
	m.number, m.answer = m.phase.next()
	return m
}

// now is the phase of the script that is on.
func (f *faults) now() *phase {
	for _, p := range f.script {
		if since := time.Since(f.began); since >= p.From && since < p.To {
			return p
		}
	}
	return f.base
}

// lose returns to the client the share of a v1 submission's events that are not
// to be persisted.
func (p *phase) lose(s *capture.Submission) *capture.Submission {
	if p.losses[0] != lost || s == nil || len(s.Results) == 0 {
		return s
	}
	first := p.events.Add(uint64(len(s.Results))) - uint64(len(s.Results))
	s.Return(func(i int) bool { return p.losses[(first+uint64(i))%cycle*stride%cycle] == lost })
	return s
}

// enter waits until the request may be worked on. leave must follow.
func (f *faults) enter(m mishap) {
	if f.slots != nil {
		f.slots <- struct{}{}
	}
	f.pause()
	if delay := m.phase.Delay.draw(m.number); delay > 0 {
		time.Sleep(delay)
	}
}

// leave waits until the request may be answered, and makes room for another.
func (f *faults) leave() {
	f.pause()
	if f.slots != nil {
		<-f.slots
	}
}

// pause waits for the end of a stall, if one is on.
func (f *faults) pause() {
	for left := f.left(); left > 0; left = f.left() {
		time.Sleep(left)
	}
}

// left is how much longer the endpoint stands still.
func (f *faults) left() time.Duration {
	if f.stall == (Stall{}) && len(f.script) == 0 {
		return 0
	}
	elapsed := time.Since(f.began)
	left := f.stall.left(elapsed)
	if p := f.now(); p.Stall {
		left = max(left, p.To-elapsed)
	}
	return left
}

// phase is a Phase at work.
type phase struct {
	Phase
	answers [cycle]uint16
	count   atomic.Uint64 // requests that have asked for their answer

	losses [cycle]uint16
	events atomic.Uint64 // events that have asked to be persisted
}

func newPhase(p Phase) *phase {
	f := &phase{Phase: p}
	rest := fill(f.answers[:], reset, p.Reset)
	rest = fill(rest, resetBefore, p.ResetBefore)
	rest = fill(rest, truncate, p.Truncate)
	rest = fill(rest, drop, p.Drop)
	for _, r := range p.Reject {
		rest = fill(rest, uint16(r.Status), r.Share)
	}
	fill(f.losses[:], lost, p.NotPersisted)
	return f
}

// fill gives answer its share of the cycle and returns what is left of it.
func fill(slots []uint16, answer uint16, share float64) []uint16 {
	n := min(max(int(math.Round(share*cycle)), 0), len(slots))
	for i := range slots[:n] {
		slots[i] = answer
	}
	return slots[n:]
}

// next returns the number of the next request, and what to answer it with.
func (p *phase) next() (n uint64, answer uint16) {
	n = p.count.Add(1) - 1
	return n, p.answers[n%cycle*stride%cycle]
}

// draw returns the delay of a request by its number, the same in every run.
func (d Delay) draw(n uint64) time.Duration {
	delay := d.Min
	if d.Max > d.Min {
		delay += time.Duration(fraction(n, 1) * float64(d.Max-d.Min))
	}
	if d.Mean > 0 {
		delay += time.Duration(-math.Log(1-fraction(n, 2)) * float64(d.Mean))
	}
	return delay
}

// fraction is a number from 0 to 1 that follows from n and a salt.
func fraction(n, salt uint64) float64 { return rng.Unit(rng.Mix((n*2 + salt) * rng.Gamma)) }

// capacity makes the endpoint take its time: it works on one event after the
// other, so many a second, and what it has no time for waits. Near saturation
// the wait grows as that of a real service does.
type capacity struct {
	perSecond float64 // 0: any number
	costs     map[string]float64
	mu        sync.Mutex
	free      time.Time // when it will have done what was given to it
}

// of is what the events of a request cost.
func (c *capacity) of(s *capture.Submission) float64 {
	if len(c.costs) == 0 || c.perSecond <= 0 {
		return float64(s.Len())
	}
	sum := 0.0
	for e := range s.All() {
		cost, named := c.costs[string(e.Event)]
		if !named {
			cost = 1
		}
		sum += cost
	}
	return sum
}

// work waits until a number of events is done, after those that came before.
func (c *capacity) work(events float64) {
	if c.perSecond <= 0 || events == 0 {
		return
	}
	c.mu.Lock()
	now := time.Now()
	if c.free.Before(now) {
		c.free = now
	}
	c.free = c.free.Add(time.Duration(events / c.perSecond * float64(time.Second)))
	wait := c.free.Sub(now)
	c.mu.Unlock()
	time.Sleep(wait)
}
