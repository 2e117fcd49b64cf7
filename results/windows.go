package results

import (
	"errors"
	"io/fs"
	"time"

	"rehearse/capture"
	"rehearse/results/rundir"
)

// Window is a stretch of a run: neighbouring intervals of latency.hlog added up.
type Window struct {
	From, To              float64 // seconds from the start of the run
	Latency, Service, Lag *Histogram
	Reasons               map[string]int64 // requests by the name of the reason, accepted included
	Served                int64            // requests of which something was accepted
}

// EachWindow calls do with one window after the other, each at least width
// seconds long but for the last. The window and what is in it are valid until
// do returns. A torn log ends early and is no error.
func (r *Run) EachWindow(width float64, do func(*Window) error) error {
	file, err := rundir.Open(r.Path, LatencyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Open has warned of it
	}
	if err != nil {
		return err
	}
	defer file.Close()
	s := slicing{width: width, do: do}
	until := time.Duration(r.Result.Run.Seconds * float64(time.Second))
	err = eachHistogram(file, until, s.take)
	if err != nil && !errors.Is(err, ErrTorn) {
		return err
	}
	return s.end()
}

// slicing cuts a log into windows.
type slicing struct {
	width float64
	do    func(*Window) error
	open  *Window
}

// take adds a histogram to the window that is open, or to a new one.
func (s *slicing) take(line *loggedHistogram) error {
	if s.open != nil && line.from+0.0005 >= s.open.From+s.width {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.open == nil {
		s.open = &Window{
			From: line.from, Latency: NewHistogram(), Service: NewHistogram(), Lag: NewHistogram(),
			Reasons: map[string]int64{},
		}
	}
	s.open.add(line)
	return nil
}

// end passes the open window on.
func (s *slicing) end() error {
	if s.open == nil {
		return nil
	}
	w := s.open
	s.open = nil
	return s.do(w)
}

// add counts a histogram.
func (w *Window) add(line *loggedHistogram) {
	w.To = max(w.To, line.to)
	reason := line.addTo(w.Latency, w.Service, w.Lag)
	if reason != "" && len(w.Reasons) < maxTags {
		w.Reasons[reason] += line.Count()
	}
	if line.tag == tagPartly || reason == capture.Accepted.String() {
		w.Served += line.Count()
	}
}
