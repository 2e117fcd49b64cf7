package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/scenario/strict"
)

// isBoundElsewhere tells whether a permit binds a field otherwise than by the
// scenario's fingerprint: by its hosts, or by the fingerprints of tokens. The key of
// pseudonyms changes nothing that a permit speaks of, and is secret.
func isBoundElsewhere(path string) bool {
	return path == "target.url" || path == "replay.key" || path == tokenPath || strings.HasSuffix(path, ".token")
}

// Fingerprint is what a permit binds a scenario by, 64 hexadecimal digits: SHA256
// but for an override of target.url, and all that the file refers to: what its
// references to the environment stand for, and the content of its recordings and rate
// series, which are read for it. Tokens and hosts are no part of it: the permit names
// them itself. It is an error if a file cannot be read twice, as a pipe.
func (s *Scenario) Fingerprint() (string, error) {
	var files []string
	for _, f := range s.Load.Series {
		files = append(files, f.Path)
	}
	if s.Replay != nil {
		files = append(files, s.Replay.Paths...)
	}
	refs := slices.Clone(s.source.doc.References())
	refs = slices.DeleteFunc(refs, func(r strict.Reference) bool { return isBoundElsewhere(r.Path) })
	if len(refs) == 0 && len(files) == 0 {
		return s.source.anywhere, nil
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", s.source.anywhere)
	for _, r := range refs {
		fmt.Fprintf(sum, "%q: %q\n", r.Path, r.Value)
	}
	for _, path := range files {
		if err := hashFile(sum, path); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hashFile adds the content of a file to a sum, whatever its name.
func hashFile(sum hash.Hash, path string) error {
	info, err := os.Stat(path)
	if err != nil && path != "-" {
		return fmt.Errorf("cannot take a fingerprint: %w", err)
	}
	if path == "-" || !info.Mode().IsRegular() {
		return fmt.Errorf("cannot take a fingerprint of %q: it is no file, and what a pipe holds is not known before (save it to a file, or use a permit for any scenario)", path)
	}
	content, err := SumFile(path, path, -1)
	if err != nil {
		return fmt.Errorf("cannot take a fingerprint of %q: %w", path, err)
	}
	fmt.Fprintf(sum, "file of %d bytes: %s\n", content.Bytes, content.SHA256)
	return nil
}

// FileSum identifies what a file held.
type FileSum struct {
	Path   string `yaml:"path"` // absolute; - is standard input
	Bytes  int64  `yaml:"bytes"`
	SHA256 string `yaml:"sha256"`
}

// SumFile reads the first bytes of a file, as many as size says, and returns their
// checksum; size less than 0: all of it. name is what the file is called.
func SumFile(name, path string, size int64) (FileSum, error) {
	file, err := os.Open(path)
	if err != nil {
		return FileSum{}, err
	}
	defer file.Close()
	in := io.Reader(file)
	if size >= 0 {
		in = io.LimitReader(file, size)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, in)
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read", name)
	}
	return FileSum{Path: name, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// sumWhole sums up a file under its absolute name.
func sumWhole(path string) (FileSum, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return FileSum{}, err
	}
	return SumFile(name, path, -1)
}
