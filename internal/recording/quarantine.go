package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"rehearse/internal/recording/container"
	"rehearse/scenario"
)

// QuarantineFile is what Quarantine is called in the directory of a run.
const QuarantineFile = "quarantine.jsonl.gz"

// Quarantine writes lines that could not be used, each as a JSON object with
// file, line, reason, and text or, where only places are kept, bytes: how long the line
// is. Nothing is created before the first one. Only its owner may read the file: with
// texts it holds recorded data as it was. The file is made of
// complete gzip members, so that it is valid at every moment; of a process that is
// killed it lacks what came within the last second.
type Quarantine struct {
	path  string
	kept  scenario.Kept
	file  *os.File
	gzip  *gzip.Writer
	lines bytes.Buffer // that are in no member yet
	size  int64        // of the file
	wrote time.Time    // the last member
}

// NewQuarantine prepares to write to path, of each line what is to be kept.
func NewQuarantine(path string, kept scenario.Kept) *Quarantine {
	return &Quarantine{path: path, kept: kept}
}

// A member is written when there is so much for it, or at the first line after so
// long.
const (
	quarantineMember = 256 << 10
	quarantineEvery  = time.Second
)

// Write adds one line.
func (q *Quarantine) Write(b Bad) error {
	if err := q.open(); err != nil {
		return err
	}
	text := b.Text[:min(len(b.Text), container.MaxText)]
	row := struct {
		Bad
		Text  string `json:"text,omitempty"`
		Bytes []byte `json:"base64,omitempty"` // where the text is not UTF-8
		Cut   bool   `json:"cut,omitempty"`
		Size  int    `json:"bytes,omitempty"`
	}{Bad: b}
	switch {
	case q.kept == scenario.KeptPlaces:
		row.Size = len(b.Text)
	case utf8.Valid(text):
		row.Text, row.Cut = string(text), len(text) < len(b.Text)
	default:
		row.Bytes, row.Cut = text, len(text) < len(b.Text)
	}
	if err := json.NewEncoder(&q.lines).Encode(row); err != nil {
		return fmt.Errorf("cannot write the quarantine: %w", err)
	}
	if q.lines.Len() < quarantineMember && time.Since(q.wrote) < quarantineEvery {
		return nil
	}
	return q.flush()
}

// open makes the file, unless it is open.
func (q *Quarantine) open() (err error) {
	if q.file != nil {
		return nil
	}
	if q.file, err = os.OpenFile(q.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return fmt.Errorf("cannot create the quarantine: %w", err)
	}
	q.gzip = gzip.NewWriter(io.Discard)
	return nil
}

// flush writes a member of the lines that wait. If there is no room for all of it,
// none of it stays.
func (q *Quarantine) flush() error {
	if q.lines.Len() == 0 {
		return nil
	}
	var member bytes.Buffer
	q.gzip.Reset(&member)
	_, err := q.gzip.Write(q.lines.Bytes())
	if err = errors.Join(err, q.gzip.Close()); err == nil {
		_, err = q.file.WriteAt(member.Bytes(), q.size)
	}
	if err != nil {
		return fmt.Errorf("cannot write the quarantine: %w", errors.Join(err, q.file.Truncate(q.size)))
	}
	q.size += int64(member.Len())
	q.wrote = time.Now()
	q.lines.Reset()
	return nil
}

// Close ends the file, if there is one.
func (q *Quarantine) Close() error {
	if q.file == nil {
		return nil
	}
	err := q.flush()
	if closed := q.file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("cannot write the quarantine: %w", closed)
	}
	q.file = nil
	return err
}
