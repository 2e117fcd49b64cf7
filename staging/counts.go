package staging

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
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

// The names that are counted one by one: the first 1,000 of at most 200 bytes
// (the limit of v1). All others are counted together, so that a client that
// makes up names cannot make the endpoint grow.
const (
	maxNames      = 1000
	maxNameLength = 200
)

// names numbers event names from 1 on, in the order in which they are first
// seen. Readers never wait: the table is replaced, not changed.
type names struct {
	table atomic.Pointer[map[string]int]
	mu    sync.Mutex // held by the one who replaces the table
}

// number returns the number of name, 0 for one that is not counted on its own.
func (n *names) number(name []byte) int {
	if table := n.table.Load(); table != nil {
		if number, known := (*table)[string(name)]; known {
			return number
		}
		if len(*table) == maxNames {
			return 0
		}
	}
	if len(name) > maxNameLength {
		return 0
	}
	return n.add(string(name))
}

func (n *names) add(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.all()
	if number, known := old[name]; known || len(old) == maxNames {
		return number
	}
	table := make(map[string]int, len(old)+1)
	maps.Copy(table, old)
	table[name] = len(table) + 1
	n.table.Store(&table)
	return len(table)
}

// all returns the names with their numbers. The map must not be changed.
func (n *names) all() map[string]int {
	if table := n.table.Load(); table != nil {
		return *table
	}
	return nil
}

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

// Checksum returns the hash of an event. The wrapping sum of such hashes is the
// same, whatever the order, the batches and the connections in which the same
// events arrive; an event lost, doubled or changed changes it.
//
// An event's hash covers its uuid, name, distinct_id (as ingested) and raw
// properties. It leaves out the timestamp, which differs from run to run where a
// scenario says now. Each field is hashed with the hash of those before it as
// seed, so that no two lists of fields run together.
func Checksum(e *capture.Received) uint64 {
	h := xxh3.Hash(e.UUID[:])
	h = xxh3.HashSeed(e.Event, h)
	h = xxh3.HashSeed(e.DistinctID, h)
	return xxh3.HashSeed(e.Properties, h)
}
