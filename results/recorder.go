package results

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"rehearse/internal/capture"
)

// shardSize is how many outcomes a shard holds before it hands them on. Handing
// on takes the one lock that senders share, so it is rare; so few keep 64
// connections under half a megabyte.
const shardSize = 32

// Recorder gathers outcomes from many senders and hands them out as intervals.
// Histograms for each sender would take tens of megabytes at 64 connections, so that a
// sender has only a short buffer, and one set of histograms serves all.
type Recorder struct {
	shards []SenderBuffer

	mu   sync.Mutex // guards open; taken after a shard's own lock, never before
	open *Interval

	closed *Interval     // what Tick returned last
	asked  time.Duration // since when there has been no answer, though something was sent
	total  *Tally
}

// NewRecorder returns a Recorder for as many senders as inputs.
func NewRecorder(shards int) *Recorder {
	r := &Recorder{
		shards: make([]SenderBuffer, shards),
		open:   NewInterval(),
		closed: NewInterval(),
		total:  NewTally(),
	}
	for i := range r.shards {
		r.shards[i].recorder = r
	}
	return r
}

// Sender is the part of the recorder that belongs to sender i, from 0.
func (r *Recorder) Sender(i int) *SenderBuffer { return &r.shards[i] }

// Tick ends the interval at now, an offset from the start of the run, with that
// much in flight, and starts the next. It may run while senders record: an
// outcome is in exactly one interval, that of the tick which found it. Only one
// goroutine may call Tick. The Interval, its Total included, is valid until the
// next call.
func (r *Recorder) Tick(now time.Duration, inFlight Count) *Interval {
	for i := range r.shards {
		r.shards[i].flush()
	}
	next := r.closed
	next.reset()
	next.From = now
	r.mu.Lock()
	r.open, r.closed = next, r.open
	r.mu.Unlock()
	r.closed.seal(now, inFlight, r.total)
	if idle := inFlight.Requests+r.closed.Sent().Requests == 0; idle || r.closed.answered() > 0 {
		r.asked = now
	}
	r.closed.Unanswered = now - r.asked
	return r.closed
}

// fold counts outcomes into the open interval.
func (r *Recorder) fold(outcomes []Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range outcomes {
		r.open.Record(&outcomes[i])
	}
}

// Shard takes the outcomes of one sender.
type SenderBuffer struct {
	recorder *Recorder

	mu     sync.Mutex // the sender's and, once a second, the tick's
	n      int
	buffer [shardSize]Outcome
}

// Record counts o, which it copies. It does not allocate unless o was refused
// with an answer or came to more than one end, and it blocks on other senders
// once in 32 calls, for as long as it takes to count 32 outcomes.
func (s *SenderBuffer) Record(o *Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.buffer[s.n]
	*b = *o
	b.Answer, b.Parts = nil, slices.Clone(o.Parts)
	if o.Reason != capture.Accepted {
		b.Answer = bytes.Clone(o.Answer[:min(len(o.Answer), MaxAnswer)])
	}
	s.n++
	if s.n == shardSize {
		s.drain()
	}
}

// flush hands on what the shard holds.
func (s *SenderBuffer) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
}

// drain hands on what the shard holds; s.mu is held.
func (s *SenderBuffer) drain() {
	if s.n > 0 {
		s.recorder.fold(s.buffer[:s.n])
		s.n = 0
	}
}
