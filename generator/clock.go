package generator

import (
	"net/http"
	"sync/atomic"
	"time"

	"rehearse/results"
)

// clocks compares the clock of the endpoint with ours, once a run: with the Date
// of the first answer that has one (RFC 9110, section 6.6.1).
type clocks struct {
	start time.Time
	tell  func(ahead time.Duration) // by at least so much; negative: behind
	told  atomic.Bool
}

// compare looks at the answer to an attempt. A nil clocks compares nothing.
func (c *clocks) compare(w *wire, o *results.Outcome) {
	if c == nil || o.Status == 0 || c.told.Load() {
		return
	}
	date, ok := w.date()
	if ok && c.told.CompareAndSwap(false, true) {
		c.tell(ahead(date, c.start.Add(o.Sent), c.start.Add(o.Done)))
	}
}

// ahead is by how much at least a clock is ahead of ours that said date at some
// moment between sent and done: a date has whole seconds, the rest of which was cut
// off. 0 if it may be right.
func ahead(date, sent, done time.Time) time.Duration {
	switch latest := date.Add(time.Second); {
	case date.After(done):
		return date.Sub(done.Round(0)) // by the wall clock
	case latest.Before(sent):
		return latest.Sub(sent.Round(0))
	}
	return 0
}

// date is when the endpoint says that it made the last answer.
func (w *wire) date() (at time.Time, ok bool) {
	at, err := http.ParseTime(string(w.answer.date))
	return at, err == nil
}
