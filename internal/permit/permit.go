package permit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"rehearse/internal/units"
)

// SignatureSuffix is what the name of a permit's signature has at its end.
const SignatureSuffix = ".sig"

// maxFile is how large a permit, a signature or a file of allowed signers may
// be, in bytes.
const maxFile = 1 << 20

// Permit is a permit as it was read: its terms, and what proves them.
type Permit struct {
	Terms     Terms
	File      string // its name as it was given
	Text      []byte // as signed
	Signature []byte // armoured; nil: there is none
}

// Read reads a permit and the signature beside it, which may be missing: whoever
// judges the permit says so. Mistakes in the permit are strict.Errors.
func Read(path string) (*Permit, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the permit: %w", err)
	}
	terms, err := parseTerms(path, text)
	if err != nil {
		return nil, err
	}
	signature, err := readBounded(path + SignatureSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the permit's signature: %w", err)
	}
	return &Permit{Terms: terms, File: path, Text: text, Signature: signature}, nil
}

// readBounded reads a small file.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %s", path, units.FormatBytes(maxFile))
	}
	return text, err
}

// Write returns the text of a permit with these terms: what Read reads, and
// what people read before they sign it. The error says what in the terms cannot
// be.
func Write(t *Terms) ([]byte, error) {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# This permit allows a load test. Read it, then sign it:\n#   rehearse permit sign -k ~/.ssh/id_ed25519 FILE")
	line("# Any change after that makes the signature void.\nformat: %s", fileFormat)
	line("id: %s\nissued: %s\npurpose: %s", strconv.Quote(t.ID), t.Issued.Format(time.RFC3339),
		strconv.Quote(t.Purpose))
	if t.Customer != "" {
		line("customer: %s", strconv.Quote(t.Customer))
	}
	line("contact: %s\napprover: %s", strconv.Quote(t.Contact), strconv.Quote(t.Approver))
	line("hosts:")
	for _, h := range t.Hosts {
		line("  - %q", h.String())
	}
	line("tokens:                   # fingerprints of the project tokens")
	for _, print := range t.Tokens {
		line("  - %s", print)
	}
	if t.Scenario != "" {
		line("scenario: %q # this one alone", t.Scenario)
	}
	line("from: %s\nuntil: %s", t.From.Format(time.RFC3339), t.Until.Format(time.RFC3339))
	writeBounds(line, &t.Bounds)
	if t.Stop != (Stop{}) {
		line("stop:")
	}
	if t.Stop.File != "" {
		line("  file: %s # its existence ends the run", strconv.Quote(t.Stop.File))
	}
	if t.Stop.URL != "" {
		line("  url: %s # the run goes on as long as this answers go", strconv.Quote(t.Stop.URL))
	}
	if _, err := parseTerms("permit", b.Bytes()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeBounds writes those bounds that bind.
func writeBounds(line func(string, ...any), b *Bounds) {
	line("bounds:")
	line("  peak: %s # events in any one second, catching up included", units.FormatRate(b.Peak))
	line("  events: %d # of a run, retries included", b.Events)
	for _, bound := range []struct {
		name  string
		value int64
		about string
	}{
		{"requests", b.Requests, "in any one second"},
		{"batch", b.Batch, "events of one request at most"},
		{"merges", b.Merges, "merge events, on average, retries included"},
	} {
		if bound.value > 0 {
			line("  %s: %d # %s", bound.name, bound.value, bound.about)
		}
	}
}
