package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"strings"
)

// reference is a value that refers to the environment.
type reference struct{ path, value string }

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
	files := s.source.series
	if s.Replay != nil {
		files = append(files[:len(files):len(files)], s.Replay.Paths...)
	}
	if len(s.source.references) == 0 && len(files) == 0 {
		return s.source.anywhere, nil
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", s.source.anywhere)
	for _, r := range s.source.references {
		fmt.Fprintf(sum, "%q: %q\n", r.path, r.value)
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
