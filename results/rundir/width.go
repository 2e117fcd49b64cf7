package rundir

import (
	"bytes"
	"time"

	"rehearse/results"
)

// A line of latency.hlog a second would make a day's log larger than everything
// else that the run writes. So the log's intervals grow with the run: one covers
// at least a 600th of what went before. That is a second in the first ten
// minutes and two minutes and a half after a day, which makes under 4,000
// intervals of a day and 700 more for every further factor of e.
const intervalsOfRun = 600

// hlogWriter gathers intervals until they are wide enough for a line.
type hlogWriter struct {
	encoder encoder
	pending *results.Tally
	from    time.Duration
	to      time.Duration
	filled  bool
}

// add takes in an interval, and appends the lines that are due. One that is wide
// enough by itself need not be gathered.
func (w *hlogWriter) add(dst *bytes.Buffer, iv *results.Interval) error {
	w.to = iv.To
	if !w.filled {
		w.from = iv.From
		if wideEnough(w.from, w.to) {
			return w.append(dst, &iv.Tally)
		}
		w.filled = true
	}
	if w.pending == nil {
		w.pending = results.NewTally()
	}
	w.pending.Add(&iv.Tally)
	if !wideEnough(w.from, w.to) {
		return nil
	}
	return w.flush(dst)
}

// wideEnough says whether an interval may end the line that began at from.
func wideEnough(from, to time.Duration) bool { return to-from >= to/intervalsOfRun }

// flush appends the lines of what was gathered.
func (w *hlogWriter) flush(dst *bytes.Buffer) error {
	if !w.filled {
		return nil
	}
	err := w.append(dst, w.pending)
	w.pending.Reset()
	w.filled = false
	return err
}
