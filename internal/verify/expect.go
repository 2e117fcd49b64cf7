package verify

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/internal/capture"
)

// Expected is what a source should hold of the events whose uuids begin alike.
type Expected struct {
	Events int64  // that are accepted
	Rows   int64  // of these: one is there as often as it was accepted
	Sum    uint64 // of the hashes of the rows, wrapping
}

// Bucket is the number that the first digits of a uuid are, read as hexadecimal; at most 8.
func Bucket(u capture.UUID, digits int) uint32 {
	return binary.BigEndian.Uint32(u[:4]) >> (32 - 4*digits)
}

// Expect sums up what a source should hold of a run: the events that were accepted and
// that no rule drops, each as often as it was accepted, by the first digits of their uuids.
// within says which of these count; nil: all do. hash is called by many goroutines at once.
func (r *Run) Expect(ctx context.Context, digits int, within func(capture.UUID) bool,
	hash func(*capture.Event) uint64) ([]Expected, error) {
	p := newPlan(r)
	e := &expectation{digits: digits, within: within, hash: hash, all: make([]Expected, 1<<(4*digits))}
	if r.replayed != nil {
		return e.all, e.sumReplayed(ctx, p.newWalker())
	}
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { e.sum(ctx, p.newWalker()) })
	}
	group.Wait()
	return e.all, ctx.Err()
}

// expectation is what is being summed up.
type expectation struct {
	digits int
	within func(capture.UUID) bool
	hash   func(*capture.Event) uint64
	next   atomic.Int64 // the next block

	mu  sync.Mutex // guards all
	all []Expected
}

// sum sums up blocks until none is left.
func (e *expectation) sum(ctx context.Context, w *walker) {
	var found []hashed
	for ctx.Err() == nil {
		first := (e.next.Add(1) - 1) * blockEvents
		if first >= w.total {
			return
		}
		found = e.block(w, first, found[:0])
		e.mu.Lock()
		for _, one := range found {
			e.all[one.bucket].Events++
			e.all[one.bucket].Rows += one.rows
			e.all[one.bucket].Sum += uint64(one.rows) * one.hash
		}
		e.mu.Unlock()
	}
}

// hashed is an event that should be there.
type hashed struct {
	hash   uint64
	rows   int64
	bucket uint32
}

// sumReplayed is sum for a replay, whose events are read in their order.
func (e *expectation) sumReplayed(ctx context.Context, w *walker) error {
	return w.run.Replay(func(i int64, _ time.Duration, event *capture.Event) error {
		if i%blockEvents == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.fill(i, min(blockEvents, w.total-i))
		}
		rows := int64(w.slots[i%blockEvents].accepted)
		u := event.UUID
		if rows == 0 || e.within != nil && !e.within(u) || w.run.drops(event) {
			return nil
		}
		bucket := &e.all[Bucket(u, e.digits)]
		bucket.Events++
		bucket.Rows += rows
		bucket.Sum += uint64(rows) * e.hash(event)
		return nil
	})
}

// block appends the events of a block that should be there.
func (e *expectation) block(w *walker, first int64, found []hashed) []hashed {
	n := min(blockEvents, w.total-first)
	w.fill(first, n)
	for j := range n {
		rows := int64(w.slots[j].accepted)
		if rows == 0 {
			continue
		}
		u := w.uuidOf(first + j)
		if e.within != nil && !e.within(u) {
			continue
		}
		w.model.Write(&w.event, first+j, w.maker)
		if w.run.drops(&w.event) {
			continue
		}
		found = append(found, hashed{e.hash(&w.event), rows, Bucket(u, e.digits)})
	}
	return found
}
