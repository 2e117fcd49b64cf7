package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
)

// latency.hlog is a HdrHistogram interval log, version 1.3, with V2 compressed
// histograms: three lines an interval, tagged latency, service and lag, one
// tagged latency.<reason> for each reason that occurred, one tagged partly for
// requests of which some events were accepted and others not, and one tagged connect
// and one tls where connections were opened and encrypted. Where the generator stood
// still, lines tagged at_best.latency and so on come before them: the same as it
// would have been at best without that. Lines are written here and not by the
// library's log writer, which can only state maxima in units of a million.
const (
	tagLatency = "latency"
	tagService = "service"
	tagLag     = "lag"
	tagConnect = "connect"
	tagTLS     = "tls"
	tagPartly  = "partly"
	tagReason  = "latency."
	tagAtBest  = "at_best."

	maxTags = 128 // in one log; there are fewer than half as many reasons
)

// HistogramLine is one line of a log. Times are in seconds from the start.
type HistogramLine struct {
	Tag      string
	From, To float64
	Bars     []results.Bar // what its histogram holds; valid until the next line is read
}

// Count is how many durations its histogram holds.
func (line *HistogramLine) Count() (n int64) {
	for _, b := range line.Bars {
		n += b.Count
	}
	return n
}

// eachHistogram calls do with every histogram of a log that began before until.
// After ErrTorn do has had what stood before the tear.
func eachHistogram(in io.Reader, until time.Duration, do func(*HistogramLine) error) error {
	var d decoder
	err := eachLine(in, func(text []byte) error {
		line, err := parseHlogLine(string(text))
		if err != nil || line == nil || !startsBefore(line.From, until) {
			return err
		}
		if line.Bars, err = d.decode(line.payload); err != nil {
			return err
		}
		return do(&line.HistogramLine)
	})
	if err != nil && !errors.Is(err, ErrTorn) {
		return fmt.Errorf("cannot read latency.hlog: %w", err)
	}
	return err
}

// AtBest is the line without the mark of what would have been at best without stalls,
// if it has one.
func (line *HistogramLine) AtBest() (plain *HistogramLine, marked bool) {
	tag, marked := strings.CutPrefix(line.Tag, tagAtBest)
	return &HistogramLine{tag, line.From, line.To, line.Bars}, marked
}

// AddTo adds the line to the histogram of a tally that its tag names. A tag of a later
// version is passed over; a reason that there is not is an error.
func (line *HistogramLine) AddTo(t *results.Tally) error {
	into := map[string]**results.Histogram{
		tagLatency: &t.Latency, tagService: &t.Service, tagLag: &t.Lag,
		tagConnect: &t.Connect, tagTLS: &t.TLS, tagPartly: &t.Partly,
	}[line.Tag]
	if into != nil {
		if *into == nil {
			*into = results.NewHistogram()
		}
		(*into).AddBars(line.Bars)
		return nil
	}
	name, found := cutReason(line.Tag)
	if !found {
		return nil
	}
	reason, err := capture.ParseReason(name)
	if err != nil {
		return fmt.Errorf("latency.hlog: %w", err)
	}
	t.LatencyOf(reason).AddBars(line.Bars)
	return nil
}

// AddAcceptedTo adds what the line says of accepted requests alone, as AddTo does: a run
// that was resumed sent all others again. How long they were in service, and how late
// they left, is told of all together.
func (line *HistogramLine) AddAcceptedTo(t *results.Tally) error {
	reason, found := cutReason(line.Tag)
	switch {
	case line.Tag == tagLatency, found && reason != capture.Accepted.String():
		return nil
	case found:
		t.Latency.AddBars(line.Bars)
	}
	return line.AddTo(t)
}

// cutReason is the reason that a tag names, if it names one.
func cutReason(tag string) (reason string, found bool) {
	if reason, found = strings.CutPrefix(tag, tagReason); !found {
		return "", false
	}
	return reason, true
}

// hlogLine is a line whose histogram is not decoded yet.
type hlogLine struct {
	HistogramLine
	payload string
}

// parseHlogLine cuts a line into its fields; nil is a comment or the legend.
func parseHlogLine(text string) (*hlogLine, error) {
	rest, tagged := strings.CutPrefix(text, "Tag=")
	if !tagged {
		return nil, nil
	}
	fields := strings.Split(rest, ",")
	if len(fields) != 5 {
		return nil, fmt.Errorf("%d fields in a line, want 5", len(fields))
	}
	from, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return nil, fmt.Errorf("start %q is no number", fields[1])
	}
	length, err := strconv.ParseFloat(fields[2], 64)
	if err != nil {
		return nil, fmt.Errorf("length %q is no number", fields[2])
	}
	return &hlogLine{HistogramLine{Tag: fields[0], From: from, To: from + length}, fields[4]}, nil
}

// readHlog merges the histograms of a log by tag, as far as they began before
// until. With ErrTorn it returns what stood before the tear.
func readHlog(in io.Reader, until time.Duration) (map[string]*results.Histogram, error) {
	merged := map[string]*results.Histogram{}
	err := eachHistogram(in, until, func(line *HistogramLine) error {
		sum, known := merged[line.Tag]
		switch {
		case known:
		case len(merged) < maxTags:
			sum = results.NewHistogram()
			merged[line.Tag] = sum
		default:
			return fmt.Errorf("more than %d tags", maxTags)
		}
		sum.AddBars(line.Bars)
		return nil
	})
	if err != nil && !errors.Is(err, ErrTorn) {
		return nil, err
	}
	return merged, err
}

// startsBefore says whether an interval that begins at from, in seconds as the
// files give them, to a thousandth, began before until. Files are written in
// turn, so that those of a killed run may be an interval ahead of result.json.
func startsBefore(from float64, until time.Duration) bool {
	return from+0.0005 < until.Seconds()
}

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
	s := windowCutter{width: width, do: do}
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

// windowCutter cuts a log into windows.
type windowCutter struct {
	width float64
	do    func(*Window) error
	open  *Window
}

// take adds a histogram to the window that is open, or to a new one.
func (s *windowCutter) take(line *HistogramLine) error {
	if s.open != nil && line.From+0.0005 >= s.open.From+s.width {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.open == nil {
		s.open = &Window{
			From:    line.From,
			Latency: results.NewHistogram(),
			Service: results.NewHistogram(),
			Lag:     results.NewHistogram(),
			Reasons: map[string]int64{},
		}
	}
	s.open.add(line)
	return nil
}

// end passes the open window on.
func (s *windowCutter) end() error {
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
		w.Latency.AddBars(line.Bars)
	case tagService:
		w.Service.AddBars(line.Bars)
	case tagLag:
		w.Lag.AddBars(line.Bars)
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
