package staging

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/capture"
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
	serve uint16 = 0 // answer as the service would
	reset uint16 = 1 // close the connection instead
	lost  uint16 = 2 // of an event: not persisted
)

// faults holds what the endpoint does wrong, and when.
type faults struct {
	delay time.Duration
	stall Stall
	slots chan struct{} // one element per request being served; nil: no limit

	answers [cycle]uint16
	count   atomic.Uint64 // requests that have asked for their answer

	losses [cycle]uint16
	events atomic.Uint64 // events that have asked to be persisted

	first sync.Once
	began time.Time // when the first request came
}

func newFaults(c *Config) *faults {
	f := &faults{delay: c.Delay, stall: c.Stall}
	if c.Concurrency > 0 {
		f.slots = make(chan struct{}, c.Concurrency)
	}
	rest := f.fill(f.answers[:], reset, c.Reset)
	for _, r := range c.Reject {
		rest = f.fill(rest, uint16(r.Status), r.Share)
	}
	f.fill(f.losses[:], lost, c.NotPersisted)
	return f
}

// lose returns to the client the share of a v1 submission's events that are not
// to be persisted.
func (f *faults) lose(s *capture.Submission) *capture.Submission {
	if f.losses[0] != lost || s == nil || len(s.Results) == 0 {
		return s
	}
	first := f.events.Add(uint64(len(s.Results))) - uint64(len(s.Results))
	s.Return(func(i int) bool { return f.losses[(first+uint64(i))%cycle*stride%cycle] == lost })
	return s
}

// fill gives answer its share of the cycle and returns what is left of it.
func (f *faults) fill(slots []uint16, answer uint16, share float64) []uint16 {
	n := min(max(int(math.Round(share*cycle)), 0), len(slots))
	for i := range slots[:n] {
		slots[i] = answer
	}
	return slots[n:]
}

// next returns what to answer the next request with.
func (f *faults) next() uint16 {
	n := f.count.Add(1) - 1
	return f.answers[n%cycle*stride%cycle]
}

// enter waits until the request may be worked on. leave must follow.
func (f *faults) enter() {
	f.first.Do(func() { f.began = time.Now() })
	if f.slots != nil {
		f.slots <- struct{}{}
	}
	f.pause()
	if f.delay > 0 {
		time.Sleep(f.delay)
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
	if f.stall == (Stall{}) {
		return
	}
	for left := f.stall.left(time.Since(f.began)); left > 0; left = f.stall.left(time.Since(f.began)) {
		time.Sleep(left)
	}
}
