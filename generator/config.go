package generator

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/results"
	"rehearse/scenario"
)

// Config is everything that a run needs besides its source.
type Config struct {
	Scenario    *scenario.Scenario
	Source      source.Source
	Plan        source.Plan
	Destination transport.Destination // its Dial decides what can be reached
	Start       time.Time             // when event 0 is due, by the monotonic clock
	Limit       Limit                 // zero: none
	Builders    int                   // goroutines that build bodies; 0: as many as GOMAXPROCS
	EventBytes  int                   // about what an encoded event weighs; 0: not known

	// Observe, if set, is told of every interval, once a second and at the end; the
	// interval is valid until it returns. It may be slow.
	Observe func(*results.Interval)

	// Clock, if set, is told once by how much at least the endpoint's clock is ahead
	// of ours, negative if it is behind; 0 if it may be right. It may not block.
	Clock func(ahead time.Duration)

	// Reach, if set, is told how far the run may get before anything goes that far,
	// about four times a second, by any goroutine. If it fails, the run ends.
	Reach func(results.Reach) error

	// Sleep sleeps until a due time; nil: the finest sleep of the operating system,
	// which stands outside virtual time.
	Sleep func(time.Duration)
}

// Grace is how long after the end of the profile a batch that is late may still
// be sent. It bounds a run whose endpoint cannot keep up.
const Grace = 30 * time.Second

// Summary is how a run ended.
type Summary struct {
	Planned     source.Plan // with the requests that byte limits added
	SourceErr   error       // the source broke off before its end
	Interrupted bool        // soft ended before everything was sent
	OutOfTime   bool        // Grace was over before everything was sent
	Withheld    int64       // requests that were not sent again because of Limit.Total
}

// check refuses what cannot be run.
func (c *Config) check() error {
	switch {
	case c.Destination.Dial == nil:
		return transport.ErrNoDial
	case c.Scenario == nil || c.Source == nil || c.Destination.URL == nil:
		return errors.New("cannot run: Scenario, Source and Destination.URL must be set")
	case c.Plan.Lanes < 1 || c.Plan.Lanes > c.Scenario.Target.Connections:
		return fmt.Errorf("cannot run %d queues over %d connections", c.Plan.Lanes, c.Scenario.Target.Connections)
	}
	return nil
}

// closed reports whether the load is a closed loop.
func (c *Config) closed() bool { return c.Scenario.Load.Closed > 0 }

// lasts is how long after Start a request may begin.
func (c *Config) lasts() time.Duration {
	if c.closed() {
		return c.Plan.Span
	}
	return c.Plan.Span + Grace
}

// connections is how many senders there are: one a queue where order matters.
func (c *Config) connections() int {
	if c.Plan.Ordered {
		return c.Plan.Lanes
	}
	return c.Scenario.Target.Connections
}

// builders is how many goroutines build bodies.
func (c *Config) builders() int { return cmp.Or(c.Builders, runtime.GOMAXPROCS(0)) }

// ahead is how many batches may be in work at once: one for each sender, and
// enough built ones to last through a pause of the builders, but not so many
// that large bodies fill the memory.
func (c *Config) ahead(senders int) int {
	const memory = 4 << 20
	const most = 256
	body := max(c.Scenario.Batching.MaxEvents*cmp.Or(c.EventBytes, typicalEvent), 1)
	return senders + min(max(memory/body, 2*runtime.GOMAXPROCS(0)), most)
}

// enough is how many batches are dealt out at a time where no queue waits for another: with
// more, builders would hold a processor for longer than a request may be late. Half of
// those that no sender has are still ahead then: bodies may be so large that there are few.
func (c *Config) enough(senders int) int {
	const events, most = 256, 32
	if c.Plan.Lanes > 1 {
		return 1
	}
	return min(max(events/max(c.Scenario.Batching.MaxEvents, 1), 1), most, max((c.ahead(senders)-senders)/2, 1))
}

// typicalEvent is about what an encoded event weighs where it is not known.
const typicalEvent = 400
