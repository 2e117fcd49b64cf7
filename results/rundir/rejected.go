package rundir

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"rehearse/capture"
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
	Again       bool    `json:"again,omitempty"` // it was sent again after this
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
		DueMS: results.RoundedMilliseconds(r.Due), SentMS: results.RoundedMilliseconds(r.Sent), DoneMS: results.RoundedMilliseconds(r.Done),
		Status: r.Status, Reason: r.Reason.String(), Side: r.Reason.Side().String(),
		Ambiguous:   r.Reason.Fate() == capture.FateAmbiguous,
		MayBeStored: r.MayBeStored,
		FirstEvent:  r.First, Events: r.Events, Again: r.Again, Answer: r.Answer,
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
