package results

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
)

// latency.hlog is a HdrHistogram interval log, version 1.3, with V2 compressed
// histograms: three lines an interval, tagged latency, service and lag, and one
// tagged latency.<reason> for each reason that occurred. Lines are written here
// and not by the library's log writer, which can only state maxima in units of
// a million.
const (
	tagLatency = "latency"
	tagService = "service"
	tagLag     = "lag"
	tagReason  = "latency."

	maxTags = 64 // in one log; there are about half as many reasons
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

// appendHlog appends the lines of an interval.
func appendHlog(dst *bytes.Buffer, iv *Interval) error {
	err := errors.Join(
		appendHlogLine(dst, tagLatency, iv.Latency, iv),
		appendHlogLine(dst, tagService, iv.Service, iv),
		appendHlogLine(dst, tagLag, iv.Lag, iv))
	for r, h := range iv.ByReason {
		if h != nil && h.Count() > 0 {
			err = errors.Join(err, appendHlogLine(dst, tagReason+capture.Reason(r).String(), h, iv))
		}
	}
	return err
}

// appendHlogLine appends one line.
func appendHlogLine(dst *bytes.Buffer, tag string, h *Histogram, iv *Interval) error {
	payload, err := h.counts.EncodeV2()
	if err != nil {
		return fmt.Errorf("cannot encode histogram %q: %w", tag, err)
	}
	fmt.Fprintf(dst, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag,
		iv.From.Seconds(), (iv.To - iv.From).Seconds(), milliseconds(h.Max()), payload)
	return nil
}

// readHlog merges the histograms of a log by tag, as far as they began before
// until. With ErrTorn it returns what stood before the tear.
func readHlog(in io.Reader, until time.Duration) (map[string]*Histogram, error) {
	merged := map[string]*Histogram{}
	err := eachLine(in, func(line []byte) error { return mergeHlogLine(merged, string(line), until) })
	if err != nil && !errors.Is(err, ErrTorn) {
		return nil, fmt.Errorf("cannot read latency.hlog: %w", err)
	}
	return merged, err
}

// mergeHlogLine adds the histogram of one line, if it has one.
func mergeHlogLine(merged map[string]*Histogram, line string, until time.Duration) error {
	rest, tagged := strings.CutPrefix(line, "Tag=")
	if !tagged {
		return nil // a comment or the legend
	}
	fields := strings.Split(rest, ",")
	if len(fields) != 5 {
		return fmt.Errorf("%d fields in a line, want 5", len(fields))
	}
	from, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return fmt.Errorf("start %q is no number", fields[1])
	}
	if !startsBefore(from, until) {
		return nil
	}
	h, err := decodeHistogram(fields[4])
	if err != nil {
		return err
	}
	sum, known := merged[fields[0]]
	switch {
	case known:
		sum.Add(h)
	case len(merged) < maxTags:
		merged[fields[0]] = h
	default:
		return fmt.Errorf("more than %d tags", maxTags)
	}
	return nil
}

// decodeHistogram reads a histogram of the shape that this package writes.
func decodeHistogram(payload string) (*Histogram, error) {
	counts, err := hdrhistogram.Decode([]byte(payload))
	if err != nil {
		return nil, err
	}
	if counts.SignificantFigures() != digits || counts.LowestTrackableValue() != 1 ||
		counts.HighestTrackableValue() != int64(Longest/unit) {
		return nil, errors.New("a histogram of another resolution")
	}
	return &Histogram{counts: counts}, nil
}

// startsBefore says whether an interval that begins at from, in seconds as the
// files give them, to a thousandth, began before until. Files are written in
// turn, so that those of a killed run may be an interval ahead of result.json.
func startsBefore(from float64, until time.Duration) bool {
	return from+0.0005 < until.Seconds()
}

// milliseconds is d in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
