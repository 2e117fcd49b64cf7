package pipeline

import (
	"sync"
	"time"
)

// Limit is a rate with a burst: the first Burst events of an instant pass, and
// after that PerSecond of them a second.
type Limit struct {
	PerSecond int
	Burst     int
}

// bucket applies a Limit to one key. It is the generic cell rate algorithm: only
// the time at which the bucket would be full again is kept (hog-rs
// limiters/overflow.rs uses the same, through the governor crate).
type bucket int64 // nanoseconds; 0: full since ever

// take takes one event at a time, in nanoseconds, and reports whether it passes.
func (b *bucket) take(l Limit, now int64) bool {
	each := int64(time.Second) / int64(l.PerSecond)
	full := max(int64(*b), now)
	if full-now > each*int64(l.Burst-1) {
		return false
	}
	*b = bucket(full + each)
	return true
}

// OverflowsAfter is when a key that has a steady rate of events per second first
// exceeds the limit, from a full bucket; ok is false if it never does. The
// bucket loses rate - PerSecond a second.
func (l Limit) OverflowsAfter(rate float64) (after time.Duration, ok bool) {
	drain := rate - float64(l.PerSecond)
	if drain <= 0 {
		return 0, false
	}
	return time.Duration(float64(l.Burst) / drain * float64(time.Second)), true
}

// left is how many events of each project were taken against its quota.
type left struct {
	mu sync.Mutex
	of map[string]int64 // by token
}

// take takes one event against a quota, 0 for none, and reports whether it was left.
func (l *left) take(quota int64, token []byte) bool {
	if quota == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[string(token)] >= quota {
		return false
	}
	if len(l.of) < mostProjects || l.of[string(token)] > 0 {
		l.of[string(token)]++
	}
	return true
}

// mostProjects bounds how many projects are counted: of more than that, nothing runs out.
const mostProjects = 10_000
