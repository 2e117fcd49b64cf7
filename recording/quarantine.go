package recording

import (
	"encoding/json"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// QuarantineFile is what Quarantine is called in the directory of a run.
const QuarantineFile = "quarantine.jsonl.gz"

// Quarantine writes lines that could not be used, each as a JSON object with
// file, line, reason and text. Nothing is created before the first one. Only its
// owner may read the file: it holds recorded data as it was.
type Quarantine struct {
	path string
	file *os.File
	gzip *gzip.Writer
	json *json.Encoder
}

// NewQuarantine prepares to write to path.
func NewQuarantine(path string) *Quarantine { return &Quarantine{path: path} }

// maxText is how much of a bad line is kept, in bytes.
const maxText = 64 << 10

// Write adds one line.
func (q *Quarantine) Write(b Bad) error {
	if q.file == nil {
		file, err := os.OpenFile(q.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("cannot create the quarantine: %w", err)
		}
		q.file, q.gzip = file, gzip.NewWriter(file)
		q.json = json.NewEncoder(q.gzip)
	}
	text := b.Text[:min(len(b.Text), maxText)]
	row := struct {
		Bad
		Text  string `json:"text,omitempty"`
		Bytes []byte `json:"base64,omitempty"` // where the text is not UTF-8
		Cut   bool   `json:"cut,omitempty"`
	}{Bad: b, Cut: len(text) < len(b.Text)}
	if utf8.Valid(text) {
		row.Text = string(text)
	} else {
		row.Bytes = text
	}
	if err := q.json.Encode(row); err != nil {
		return fmt.Errorf("cannot write the quarantine: %w", err)
	}
	return nil
}

// Close ends the file, if there is one.
func (q *Quarantine) Close() error {
	if q.file == nil {
		return nil
	}
	err := q.gzip.Close()
	if closed := q.file.Close(); err == nil {
		err = closed
	}
	q.file = nil
	if err != nil {
		return fmt.Errorf("cannot write the quarantine: %w", err)
	}
	return nil
}
