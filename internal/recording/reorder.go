package recording

import (
	"container/heap"
	"io"
	"rehearse/internal/recording/event"
	"slices"
	"time"
)

// reorder holds events back until none that is older can follow within the
// bound, and hands them out in the order of their times.
type reorder struct {
	bound time.Duration

	held   []*held // a heap
	spare  []*held
	bytes  int
	number int64
	newest time.Time
	last   time.Time // of the event handed out last
	out    *held

	restored, late int64
}

// held is an event that waits, with a copy of its text.
type held struct {
	event  event.Event
	at     time.Time // where it belongs
	number int64     // the order in which they came
}

// maxHeld bounds the text that waits. Beyond it the oldest event goes out, even
// if an older one might follow.
const maxHeld = 64 << 20

// push takes an event.
func (r *reorder) push(e *event.Event) {
	h := &held{}
	if n := len(r.spare); n > 0 {
		h, r.spare = r.spare[n-1], r.spare[:n-1]
	}
	h.event.Copy(e)
	h.number, h.at = r.number, e.Time
	r.number++
	switch {
	case e.Ahead: // It belongs where it stands.
		h.at = r.newest
	case !e.Time.Before(r.newest):
		r.newest = e.Time
	case r.last.After(e.Time):
		r.late++
	default:
		r.restored++
	}
	r.bytes += h.weight()
	heap.Push((*byTime)(&r.held), h)
}

// weight is about what a held event costs, in bytes.
func (h *held) weight() int {
	return 256 + len(h.event.Name) + len(h.event.DistinctID) + len(h.event.Properties)
}

// ready reports whether the oldest event may go out.
func (r *reorder) ready() bool {
	return len(r.held) > 0 && (r.bytes > maxHeld || r.newest.Sub(r.held[0].at) > r.bound)
}

// pop returns the oldest event, good until the next call.
func (r *reorder) pop() (*event.Event, error) {
	if r.out != nil {
		r.spare, r.out = append(r.spare, r.out), nil
	}
	if len(r.held) == 0 {
		return nil, io.EOF
	}
	r.out = heap.Pop((*byTime)(&r.held)).(*held)
	r.bytes -= r.out.weight()
	r.last = r.out.at
	return &r.out.event, nil
}

// byTime orders events by time, those of one time as they came.
type byTime []*held

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].number < h[j].number
}
func (h byTime) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends an event.
func (h *byTime) Push(x any) { *h = append(*h, x.(*held)) }

// Pop removes the last event.
func (h *byTime) Pop() any {
	last := (*h)[len(*h)-1]
	*h = slices.Delete(*h, len(*h)-1, len(*h))
	return last
}
