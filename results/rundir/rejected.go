package rundir

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
)

// RejectionLine is one line of rejected.jsonl.gz: a refused request, or, with
// LeftOut, how many more there were in the interval until ToMS. Times are in
// milliseconds from the start of the run.
type RejectionLine struct {
	DueMS       float64 `json:"due_ms"`
	SentMS      float64 `json:"sent_ms"`
	DoneMS      float64 `json:"done_ms"`
	Status      int     `json:"status"`
	Reason      string  `json:"reason"`
	Side        string  `json:"side"`
	Ambiguous   bool    `json:"ambiguous"`
	MayBeStored bool    `json:"may_be_stored,omitempty"` // it was refused, but some of its events may be stored
	FirstEvent  int64   `json:"first_event"`
	Events      int64   `json:"events"`
	WillRetry   bool    `json:"again,omitempty"` // it was sent again after this
	Answer      string  `json:"answer"`
}

// leftOutLine ends the lines of an interval that had more refusals than were kept.
type leftOutLine struct {
	LeftOut int64   `json:"left_out"`
	ToMS    float64 `json:"to_ms"`
}

// line is the rejection as its file has it.
func line(r *results.Rejection) RejectionLine {
	return RejectionLine{
		DueMS:  results.RoundedMilliseconds(r.Due),
		SentMS: results.RoundedMilliseconds(r.Sent),
		DoneMS: results.RoundedMilliseconds(r.Done),
		Status: r.Status, Reason: r.Reason.String(), Side: r.Reason.Side().String(),
		Ambiguous:   r.Reason.Fate() == capture.FateAmbiguous,
		MayBeStored: r.MayBeStored,
		FirstEvent:  r.First, Events: r.Events, WillRetry: r.WillRetry, Answer: r.Answer,
	}
}

// rejectedWriter turns refused requests into gzip members. The compressor is made
// when first needed: it is larger than the rest of a run.
type rejectedWriter struct {
	zip    *gzip.Writer
	member bytes.Buffer
}

// encode returns an interval's rejections as one complete gzip member, so that
// the file is valid whenever it stops growing; nothing if there were none. The
// bytes are valid until the writer is used again.
func (w *rejectedWriter) encode(iv *results.Interval) ([]byte, error) {
	if len(iv.Rejected) == 0 {
		return nil, nil
	}
	lines := w.begin()
	for i := range iv.Rejected {
		if err := lines.Encode(line(&iv.Rejected[i])); err != nil {
			return nil, fmt.Errorf("cannot encode rejection: %w", err)
		}
	}
	if iv.LeftOut > 0 {
		if err := lines.Encode(leftOutLine{iv.LeftOut, results.RoundedMilliseconds(iv.To)}); err != nil {
			return nil, fmt.Errorf("cannot encode rejection: %w", err)
		}
	}
	return w.end()
}

// pack returns lines as one member, like encode.
func (w *rejectedWriter) pack(all []RejectionLine) ([]byte, error) {
	lines := w.begin()
	for i := range all {
		if err := lines.Encode(&all[i]); err != nil {
			return nil, fmt.Errorf("cannot encode rejection: %w", err)
		}
	}
	return w.end()
}

// packLeftOut returns a member that says how many more there were.
func (w *rejectedWriter) packLeftOut(line leftOutLine) ([]byte, error) {
	if err := w.begin().Encode(line); err != nil {
		return nil, fmt.Errorf("cannot encode rejection: %w", err)
	}
	return w.end()
}

// begin starts a new member.
func (w *rejectedWriter) begin() *json.Encoder {
	w.member.Reset()
	if w.zip == nil {
		w.zip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails on unknown levels only
	}
	w.zip.Reset(&w.member)
	lines := json.NewEncoder(w.zip)
	lines.SetEscapeHTML(false)
	return lines
}

// end returns the member that begin started.
func (w *rejectedWriter) end() ([]byte, error) {
	if err := w.zip.Close(); err != nil {
		return nil, fmt.Errorf("cannot compress rejections: %w", err)
	}
	return w.member.Bytes(), nil
}

// ReadRejections calls do with every refused request of one rejected.jsonl.gz, in
// the order of the file, until do fails. leftOut is how many more there were.
// With ErrTorn, everything before the tear was read.
func ReadRejections(in io.Reader, do func(*RejectionLine) error) (leftOut int64, err error) {
	zip, err := gzip.NewReader(in)
	switch {
	case errors.Is(err, io.EOF):
		return 0, nil // no refusals
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, ErrTorn
	case err != nil:
		return 0, fmt.Errorf("cannot read rejected.jsonl.gz: %w", err)
	}
	err = eachLine(zip, func(data []byte) error {
		var line struct {
			RejectionLine
			leftOutLine
		}
		if err := json.Unmarshal(data, &line); err != nil {
			return fmt.Errorf("cannot read rejected.jsonl.gz: %w", err)
		}
		if line.LeftOut > 0 {
			leftOut += line.LeftOut
			return nil
		}
		line.Answer = text.Printable([]byte(line.Answer), results.MaxAnswer)
		return do(&line.RejectionLine)
	})
	return leftOut, err
}

// The refused requests of a run are written in segments: rejected.jsonl.gz, then
// rejected-0002.jsonl.gz and so on. The first of them are kept for how it began,
// the last for how things stand; of those between the oldest gives way to each
// new one.
const (
	headKept   = 4                                                // segments at the beginning
	tailKept   = 4                                                // segments at the end, the one being written included
	maxSegment = results.MaxRejectedBytes / (headKept + tailKept) // bytes, unless one interval alone has more
)

// segmentName is the file of a segment, from 1.
func segmentName(number int) string {
	if number == 1 {
		return RejectedFile
	}
	return fmt.Sprintf("rejected-%04d.jsonl.gz", number)
}

// emptyMember is a gzip member that holds nothing (RFC 1952, and RFC 1951 section
// 3.2.4): the compressor is made only when something is refused.
const emptyMember = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + "\x01\x00\x00\xff\xff" + "\x00\x00\x00\x00" +
	"\x00\x00\x00\x00"

// rejectedFiles are the segments of a run being written.
type rejectedFiles struct {
	rejectedWriter
	directory string
	limit     int // bytes of a segment
	out       growing
	number    int
	tail      []account // of each segment behind the head
	gone      int64     // refused requests whose details were removed
}

// account is what a segment says of refused requests: how many have details in
// it, and of how many others it says that they are left out.
type account struct{ kept, leftOut int64 }

// open begins the next segment, with a member that holds nothing: without one it
// would be no gzip file until something is refused.
func (f *rejectedFiles) open() error {
	if err := f.out.create(f.directory, segmentName(f.number+1)); err != nil {
		return err
	}
	f.number++
	if err := f.out.append([]byte(emptyMember)); err != nil {
		return err
	}
	if f.number > headKept {
		f.tail = append(f.tail, account{})
	}
	return nil
}

// writeInterval writes down the refused requests of an interval.
func (f *rejectedFiles) writeInterval(iv *results.Interval) error {
	member, err := f.encode(iv)
	if err != nil {
		return err
	}
	return f.write(member, account{int64(len(iv.Rejected)), iv.LeftOut}, iv.To)
}

// writeLines writes down refused requests as another run has them, and how many more
// it had.
func (f *rejectedFiles) writeLines(lines []RejectionLine, leftOut int64, to time.Duration) error {
	if len(lines) > 0 {
		member, err := f.pack(lines)
		if err == nil {
			err = f.write(member, account{kept: int64(len(lines))}, to)
		}
		if err != nil {
			return err
		}
	}
	if leftOut == 0 {
		return nil
	}
	member, err := f.packLeftOut(leftOutLine{LeftOut: leftOut})
	if err != nil {
		return err
	}
	return f.write(member, account{leftOut: leftOut}, 0)
}

// write appends a member, of which a is the account until to, to the segment that
// has room for it.
func (f *rejectedFiles) write(member []byte, a account, to time.Duration) error {
	if len(member) == 0 {
		return nil
	}
	if f.out.size > int64(len(emptyMember)) && f.out.size+int64(len(member)) > int64(f.limit) {
		if err := errors.Join(f.out.Close(), f.open()); err != nil {
			return err
		}
	}
	if err := f.append(member, a); err != nil {
		return err
	}
	if len(f.tail) <= tailKept {
		return nil
	}
	return f.removeOldest(to)
}

// append writes to the open segment.
func (f *rejectedFiles) append(member []byte, a account) error {
	if err := f.out.append(member); err != nil {
		return err
	}
	if n := len(f.tail); n > 0 {
		f.tail[n-1].kept += a.kept
		f.tail[n-1].leftOut += a.leftOut
	}
	return nil
}

// removeOldest removes the first segment behind the head. What it accounted for,
// removals before it included, the open one accounts for from now on.
func (f *rejectedFiles) removeOldest(to time.Duration) error {
	oldest := f.number - len(f.tail) + 1
	lost := f.tail[0].kept + f.tail[0].leftOut
	member, err := f.packLeftOut(leftOutLine{lost, results.RoundedMilliseconds(to)})
	if err == nil {
		err = f.append(member, account{leftOut: lost})
	}
	if err != nil {
		return err
	}
	f.gone += f.tail[0].kept
	f.tail = slices.Delete(f.tail, 0, 1)
	return os.Remove(filepath.Join(f.directory, segmentName(oldest)))
}

// EachRejection calls do with every refused request of the run whose details were
// kept, segment by segment, until do fails. leftOut is how many more there were.
// With ErrTorn, everything before a tear, and all other segments, were read.
func (r *Run) EachRejection(do func(*RejectionLine) error) (leftOut int64, err error) {
	numbers, err := segmentsOf(r.Path)
	if err != nil {
		return 0, err
	}
	var torn error
	for _, number := range numbers {
		n, err := r.readSegment(number, do)
		leftOut += n
		switch {
		case errors.Is(err, ErrTorn):
			torn = err
		case err != nil:
			return leftOut, err
		}
	}
	return leftOut, torn
}

// readSegment reads one segment.
func (r *Run) readSegment(number int, do func(*RejectionLine) error) (leftOut int64, err error) {
	file, err := OpenFile(r.Path, segmentName(number))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return ReadRejections(file, do)
}

// errMissing says that a file of the run is gone.
var errMissing = errors.New("the file is missing")

// segmentsOf are the numbers of the segments in a directory, in order. The first
// is never removed.
func segmentsOf(directory string) (numbers []int, err error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		number := 1
		if _, err := fmt.Sscanf(entry.Name(), "rejected-%d.jsonl.gz", &number); err == nil || number == 1 {
			if entry.Name() == segmentName(number) {
				numbers = append(numbers, number)
			}
		}
	}
	slices.Sort(numbers)
	if len(numbers) == 0 || numbers[0] != 1 {
		return nil, errMissing
	}
	return numbers, nil
}
