package generator

import (
	"sync"
	"time"
)

// Reading is how far a replay has come in its recording.
type Reading struct {
	Bytes, Total int64     // of the files as they lie there, compressed or not; with a loop, of all passes
	Recorded     time.Time // zero: nothing was due yet
}

// odometer remembers where in the recording the batches begin that were dealt out
// ahead of their due times. A mark a batch at most, so what it holds is bounded by
// the batches that are in work.
type odometer struct {
	total int64
	mu    sync.Mutex
	marks []mark
	at    Reading
}

// mark is how far the recording was read for what is due at a time.
type mark struct {
	due      time.Duration
	bytes    int64
	recorded time.Time
}

// markEvery is how far apart marks lie at least.
const markEvery = 100 * time.Millisecond

// note takes a mark, unless the last one is close by.
func (o *odometer) note(due time.Duration, r replay) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.marks); n > 0 && due-o.marks[n-1].due < markEvery {
		return
	}
	bytes, recorded := r.position()
	o.marks = append(o.marks, mark{due, bytes, recorded})
}

// upTo is the reading for what is due by now.
func (o *odometer) upTo(now time.Duration) Reading {
	o.mu.Lock()
	defer o.mu.Unlock()
	passed := 0
	for passed < len(o.marks) && o.marks[passed].due <= now {
		o.at = Reading{o.marks[passed].bytes, o.total, o.marks[passed].recorded}
		passed++
	}
	o.marks = append(o.marks[:0], o.marks[passed:]...)
	o.at.Total = o.total
	return o.at
}
