package rundir

import (
	"errors"
	"io/fs"
	"iter"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// Window is a stretch of a run: neighbouring intervals of latency.hlog added up.
type Window struct {
	From, To              float64 // seconds from the start of the run
	Latency, Service, Lag *results.Histogram
	Reasons               map[string]int64 // requests by the name of the reason, accepted included
	Served                int64            // requests of which something was accepted
}

// EachWindow calls do with one window after the other, each at least width
// seconds long but for the last. The window and what is in it are valid until
// do returns. A torn log ends early and is no error.
func (r *Run) EachWindow(width float64, do func(*Window) error) error {
	s := slicing{width: width, do: do}
	for line, err := range r.Histograms() {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrTorn): // Open has warned of it
			return s.end()
		case err != nil:
			return err
		}
		if err := s.take(line); err != nil {
			return err
		}
	}
	return s.end()
}

// Histograms are those of the run's log, line by line, as far as its result reaches. An
// error ends them: fs.ErrNotExist if there is no log, ErrTorn where it breaks off.
func (r *Run) Histograms() iter.Seq2[*HistogramLine, error] {
	return func(yield func(*HistogramLine, error) bool) {
		file, err := OpenFile(r.Path, LatencyFile)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		until := time.Duration(r.Result.Run.Seconds * float64(time.Second))
		err = eachHistogram(file, until, func(line *HistogramLine) error {
			if !yield(line, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// slicing cuts a log into windows.
type slicing struct {
	width float64
	do    func(*Window) error
	open  *Window
}

// take adds a histogram to the window that is open, or to a new one.
func (s *slicing) take(line *HistogramLine) error {
	if s.open != nil && line.From+0.0005 >= s.open.From+s.width {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.open == nil {
		s.open = &Window{
			From: line.From, Latency: results.NewHistogram(), Service: results.NewHistogram(), Lag: results.NewHistogram(),
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
func (w *Window) add(line *HistogramLine) {
	w.To = max(w.To, line.To)
	reason := ""
	switch line.Tag {
	case tagLatency:
		w.Latency.Add(line.Histogram)
	case tagService:
		w.Service.Add(line.Histogram)
	case tagLag:
		w.Lag.Add(line.Histogram)
	default:
		reason, _ = cutReason(line.Tag)
	}
	if reason != "" && len(w.Reasons) < maxTags {
		w.Reasons[reason] += line.Count()
	}
	if line.Tag == tagPartly || reason == capture.Accepted.String() {
		w.Served += line.Count()
	}
}
