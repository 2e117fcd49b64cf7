package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"rehearse/capture"
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

// hlogHeader is how a log that starts at the wall-clock time start begins.
func hlogHeader(start time.Time) string {
	seconds := float64(start.UnixMilli()) / 1000
	return fmt.Sprintf("#[Histogram log format version 1.3]\n"+
		"#[Values are in microseconds, Interval_Max in milliseconds]\n"+
		"#[StartTime: %.3f (seconds since epoch), %s]\n"+
		"#[BaseTime: %.3f (seconds since epoch)]\n"+
		"\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
		seconds, start.UTC().Format(time.RFC3339), seconds)
}

// append appends the lines of t.
func (w *hlogWriter) append(dst *bytes.Buffer, t *results.Tally) (err error) {
	if t.Unstalled != nil {
		err = w.appendTimes(dst, tagAtBest, t.Unstalled)
	}
	return errors.Join(err, w.appendTimes(dst, "", t),
		w.appendFilled(dst, tagConnect, t.Connect), w.appendFilled(dst, tagTLS, t.TLS))
}

// appendTimes appends the lines that every interval has, and those of its reasons.
func (w *hlogWriter) appendTimes(dst *bytes.Buffer, prefix string, t *results.Tally) error {
	err := errors.Join(
		w.appendLine(dst, prefix+tagLatency, t.Latency),
		w.appendLine(dst, prefix+tagService, t.Service),
		w.appendLine(dst, prefix+tagLag, t.Lag),
		w.appendFilled(dst, prefix+tagPartly, t.Partly))
	for r, h := range t.ByReason {
		err = errors.Join(err, w.appendFilled(dst, prefix+tagReason+capture.Reason(r).String(), h))
	}
	return err
}

// appendFilled appends the line of a histogram that holds something.
func (w *hlogWriter) appendFilled(dst *bytes.Buffer, tag string, h *results.Histogram) error {
	if h == nil || h.Count() == 0 {
		return nil
	}
	return w.appendLine(dst, tag, h)
}

// appendLine appends one line.
func (w *hlogWriter) appendLine(dst *bytes.Buffer, tag string, h *results.Histogram) error {
	payload, err := w.encoder.encode(h)
	if err != nil {
		return fmt.Errorf("cannot encode histogram %q: %w", tag, err)
	}
	fmt.Fprintf(dst, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag,
		w.from.Seconds(), (w.to - w.from).Seconds(), results.ToMilliseconds(h.Max()), payload)
	return nil
}

// HistogramLine is one line of a log. Times are in seconds from the start.
type HistogramLine struct {
	Tag      string
	From, To float64
	*results.Histogram
}

// eachHistogram calls do with every histogram of a log that began before until.
// After ErrTorn do has had what stood before the tear.
func eachHistogram(in io.Reader, until time.Duration, do func(*HistogramLine) error) error {
	err := eachLine(in, func(text []byte) error {
		line, err := parseHlogLine(string(text))
		if err != nil || line == nil || !startsBefore(line.From, until) {
			return err
		}
		if line.Histogram, err = decodeHistogram(line.payload); err != nil {
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
	return &HistogramLine{tag, line.From, line.To, line.Histogram}, marked
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
		(*into).Add(line.Histogram)
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
	t.LatencyOf(reason).Add(line.Histogram)
	return nil
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
			sum.Add(line.Histogram)
		case len(merged) < maxTags:
			merged[line.Tag] = line.Histogram
		default:
			return fmt.Errorf("more than %d tags", maxTags)
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrTorn) {
		return nil, err
	}
	return merged, err
}

// decodeHistogram reads a histogram of the shape that this package writes.
func decodeHistogram(payload string) (*results.Histogram, error) {
	counts, err := hdrhistogram.Decode([]byte(payload))
	if err != nil {
		return nil, err
	}
	return results.Import(counts)
}

// startsBefore says whether an interval that begins at from, in seconds as the
// files give them, to a thousandth, began before until. Files are written in
// turn, so that those of a killed run may be an interval ahead of result.json.
func startsBefore(from float64, until time.Duration) bool {
	return from+0.0005 < until.Seconds()
}

// histogramLog is latency.hlog being written.
type histogramLog struct {
	growing
	writer hlogWriter
	lines  bytes.Buffer // reused
}

// write takes in an interval, and appends the lines that are due.
func (l *histogramLog) write(iv *results.Interval) error {
	l.lines.Reset()
	if err := l.writer.add(&l.lines, iv); err != nil {
		return err
	}
	return l.append(l.lines.Bytes())
}

// flush writes what still waited for more.
func (l *histogramLog) flush() error {
	l.lines.Reset()
	if err := l.writer.flush(&l.lines); err != nil {
		return err
	}
	return l.append(l.lines.Bytes())
}
