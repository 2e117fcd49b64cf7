package rundir

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zlib"

	"rehearse/internal/capture"
	"rehearse/results"
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

// The cookies of the HdrHistogram V2 encoding, plain and compressed, each with
// the word size that the format fixes (HdrHistogram EncodableHistogram.java,
// V2EncodingCookieBase | 0x10).
const (
	plainCookie      = 0x1c849303 | 0x10
	compressedCookie = 0x1c849304 | 0x10
)

// encoder writes histograms in the V2 compressed encoding. It does what HdrHistogram's
// EncodeV2 does, whose compressor is made again for each histogram and takes most of a
// megabyte, and which would say how far a histogram has grown: readers want all of a log
// to reach as far. This one is made once, and takes a third of one: counts do not repeat each
// other as text does, so that Huffman codes alone make them no larger.
type encoder struct {
	zip     *zlib.Writer
	plain   []byte
	packed  bytes.Buffer
	printed []byte
}

// encode returns the histogram as base64 text, valid until the next call.
func (e *encoder) encode(h *results.Histogram) ([]byte, error) {
	e.plain = appendV2(e.plain[:0], h)
	e.packed.Reset()
	e.packed.Write(make([]byte, 8))
	if e.zip == nil {
		e.zip, _ = zlib.NewWriterLevel(&e.packed, zlib.HuffmanOnly) // fails on unknown levels only
	}
	e.zip.Reset(&e.packed)
	if _, err := e.zip.Write(e.plain); err != nil {
		return nil, fmt.Errorf("cannot compress histogram: %w", err)
	}
	if err := e.zip.Close(); err != nil {
		return nil, fmt.Errorf("cannot compress histogram: %w", err)
	}
	head := e.packed.Bytes()
	binary.BigEndian.PutUint32(head, compressedCookie)
	binary.BigEndian.PutUint32(head[4:], uint32(len(head)-8))
	e.printed = base64.StdEncoding.AppendEncode(e.printed[:0], head)
	return e.printed, nil
}

// appendV2 appends the uncompressed encoding: a header of 40 bytes, then the
// counts as zigzag LEB128 numbers, a negative one standing for so many zeros.
func appendV2(dst []byte, h *results.Histogram) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, plainCookie)
	dst = binary.BigEndian.AppendUint32(dst, 0) // the length, below
	dst = appendShape(dst)
	next := 0
	for bucket, count := range h.Counts() {
		dst = appendZeros(dst, int64(bucket-next))
		dst, next = binary.AppendVarint(dst, count), bucket+1
	}
	if len(dst) == start+40 {
		dst = append(dst, 0) // an empty histogram states its first count
	}
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-40))
	return dst
}

// appendZeros appends a stretch of zero counts.
func appendZeros(dst []byte, zeros int64) []byte {
	switch zeros {
	case 0:
		return dst
	case 1:
		return append(dst, 0)
	}
	return binary.AppendVarint(dst, -zeros)
}

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
