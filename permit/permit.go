package permit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	terms, err := ParseTerms(path, text)
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
