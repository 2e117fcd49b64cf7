package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// maxSkew is how far two clocks may be apart before it is told: those that a time
// server sets agree to a fraction of it, and the Date of an answer has whole
// seconds.
const maxSkew = 5 * time.Second

// clockWatch hears of the endpoint's clock.
type clockWatch struct {
	ahead atomic.Int64 // in nanoseconds
	told  bool         // by news
}

// hear is told how far the endpoint's clock is ahead.
func (c *clockWatch) hear(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// news is the note, the first time that there is one.
func (c *clockWatch) news() error {
	note := c.note()
	if note == "" || c.told {
		return nil
	}
	c.told = true
	return errors.New(note)
}

// note says how far the clocks are apart, if that matters.
func (c *clockWatch) note() string {
	ahead, word := time.Duration(c.ahead.Load()), "ahead of"
	if ahead < 0 {
		ahead, word = -ahead, "behind"
	}
	if ahead <= maxSkew {
		return ""
	}
	return fmt.Sprintf("the endpoint's clock is %v or more %s this machine's, by the Date of its first answer: events bear this machine's times, which the endpoint may shift or take for its own, and a permit's window is kept by this machine's clock; set both by a time server",
		ahead.Truncate(time.Second), word)
}
