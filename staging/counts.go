package staging

import (
	"sync"

	"rehearse/capture"
)

// answer is what a request was answered with, as far as it is counted.
type answer struct {
	route  route
	status int // 0: the connection was reset
}

// counts is one shard of what the endpoint counts. Connections are spread over
// shards, so that they hardly ever wait for one another.
type counts struct {
	mu       sync.Mutex
	answers  map[answer]int64
	byName   []int64 // by number; 0 holds the names that have none
	verdicts map[verdict]int64
	accepted int64
	filtered int64
	stored   int64 // of requests that were refused
	lost     int64 // answered yes, and dropped
	unnamed  int64 // accepted, and not looked at any further
	wire     int64
	plain    int64
	checksum uint64

	_ [64]byte // keeps neighbours off this cache line
}

// request counts one request and its answer.
func (c *counts) request(a answer, wire int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = make(map[answer]int64)
	}
	c.answers[a]++
	c.wire += int64(wire)
}

// verdict is what v1 said of an event.
type verdict struct {
	verdict capture.Verdict
	detail  capture.Detail
}

// lose counts a submission that was answered with yes and dropped.
func (c *counts) lose(s *capture.Submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost += int64(s.Len())
}

// store counts what of a request was stored though it was refused.
func (c *counts) store(s *capture.Submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored += int64(s.Len())
}

// accept counts a submission that was answered with yes.
func (c *counts) accept(s *capture.Submission, n *names) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := 0
	for e := range s.All() {
		c.checksum += Checksum(e)
		number := n.number(e.Event)
		for number >= len(c.byName) {
			c.byName = append(c.byName, 0)
		}
		c.byName[number]++
		known++
	}
	taken := s.Len() + s.Dropped
	if rest := taken - known; rest > 0 {
		c.unnamed += int64(rest)
	}
	if len(s.Results) > 0 && c.verdicts == nil {
		c.verdicts = make(map[verdict]int64)
	}
	for _, r := range s.Results {
		c.verdicts[verdict{r.Verdict, r.Detail}]++
	}
	c.accepted += int64(taken)
	c.filtered += int64(s.Filtered)
	c.plain += int64(s.Bytes)
}
