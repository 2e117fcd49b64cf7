package staging

import (
	"sync"
	"time"
)

// capacity makes the endpoint take its time: it works on one event after the
// other, so many a second, and what it has no time for waits. Near saturation
// the wait grows as that of a real service does.
type capacity struct {
	perSecond float64 // 0: any number
	mu        sync.Mutex
	free      time.Time // when it will have done what was given to it
}

// work waits until a number of events is done, after those that came before.
func (c *capacity) work(events int) {
	if c.perSecond <= 0 || events == 0 {
		return
	}
	c.mu.Lock()
	now := time.Now()
	if c.free.Before(now) {
		c.free = now
	}
	c.free = c.free.Add(time.Duration(float64(events) / c.perSecond * float64(time.Second)))
	wait := c.free.Sub(now)
	c.mu.Unlock()
	time.Sleep(wait)
}
