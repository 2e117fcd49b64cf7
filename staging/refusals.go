package staging

import (
	"maps"
	"sync"
)

// maxTexts is how many different refusals are told apart; those beyond are
// counted as otherText. Some texts hold a number that the client chooses.
const (
	maxTexts  = 100
	otherText = "other"
)

type refusal struct {
	status int
	text   string
}

type tally struct{ requests, events int64 }

// refusals counts the requests that were answered with no. There is one for all
// connections: to refuse is cheap, and the bound is meant for all of them.
type refusals struct {
	mu      sync.Mutex
	tallies map[refusal]tally
}

func (c *refusals) add(r refusal, events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tallies == nil {
		c.tallies = make(map[refusal]tally)
	}
	if _, known := c.tallies[r]; !known && len(c.tallies) >= maxTexts {
		r = refusal{text: otherText}
	}
	t := c.tallies[r]
	c.tallies[r] = tally{t.requests + 1, t.events + int64(events)}
}

func (c *refusals) all() map[refusal]tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.tallies)
}
