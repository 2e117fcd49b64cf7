package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"

	"rehearse/scenario/strict"
)

// source is what is kept of the file itself.
type source struct {
	doc       *strict.Document
	redacted  []byte
	sum       string
	anywhere  string   // the sum without an override of the target's URL
	alone     string   // the sum without any override
	origin    string   // of a resolved scenario, the file that it was made of
	variables []string // of a resolved scenario, the variables that the secrets were taken from
}

// newSource keeps what is needed of a document that was read.
func newSource(doc *strict.Document) source {
	return source{
		doc: doc, redacted: doc.Redacted(),
		sum:      doc.SHA256(func(string) bool { return true }),
		anywhere: doc.SHA256(func(override string) bool { return !strings.HasPrefix(override, "target.url=") }),
		alone:    doc.SHA256(func(string) bool { return false }),
	}
}

// keep makes k what is kept of the file of s, and of its background, which stands in it.
func (s *Scenario) keep(k source) {
	s.source = k
	if b := s.Background; b != nil {
		part := b.source.doc
		b.source, b.source.doc = k, part
	}
}

// File returns the name of the scenario file as it was given.
func (s *Scenario) File() string { return s.source.doc.File() }

// Where returns the place of a field, such as load.profile, as file:line:col;
// where the file does not give it, that of the nearest field around it. The place
// of an override is --set.
func (s *Scenario) Where(path string) string { return s.source.doc.Where(path) }

// Gives tells whether the file, or an override, gives a field.
func (s *Scenario) Gives(path string) bool { return s.source.doc.Has(path) }

// Redacted returns the file as it was given, comments and layout kept, with the
// token replaced by [redacted]; names of environment variables stay. Overrides
// follow as comments, except one of the token. The caller must not change it.
func (s *Scenario) Redacted() []byte { return s.source.redacted }

// Keep makes text the copy of the scenario file that Redacted returns.
func (s *Scenario) Keep(text []byte) { s.source.redacted = text }

// SHA256 returns a fingerprint of the file and the overrides, in hexadecimal.
// The token does not count, nor does the way in which lines end.
func (s *Scenario) SHA256() string { return s.source.sum }

// FileSHA256 is a fingerprint of the file without overrides, in hexadecimal.
func (s *Scenario) FileSHA256() string { return s.source.alone }

// isBoundElsewhere tells whether a permit binds a field otherwise than by the
// scenario's fingerprint: by its hosts, or by the fingerprints of tokens. The key of
// pseudonyms changes nothing that a permit speaks of, and is secret.
func isBoundElsewhere(path string) bool {
	path = strings.TrimPrefix(path, "background.")
	return path == "target.url" || path == "replay.key" || path == tokenPath || strings.HasSuffix(path, ".token")
}

// Fingerprint is what a permit binds a scenario by, 64 hexadecimal digits: SHA256
// but for an override of target.url, and all that the file refers to: what its
// references to the environment stand for, and the content of its recordings and rate
// series, which are read for it. Tokens and hosts are no part of it: the permit names
// them itself. It is an error if a file cannot be read twice, as a pipe.
func (s *Scenario) Fingerprint() (string, error) {
	var files []string
	for _, stream := range s.Streams() {
		for _, f := range stream.Load.Series {
			files = append(files, f.Path)
		}
		if stream.Replay != nil {
			files = append(files, stream.Replay.Paths...)
		}
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
		return fmt.Errorf("cannot take a fingerprint of %q: it is no file, and what a pipe holds is not known before "+
			"(save "+
			"it to a file, or use a permit for any scenario)", path)
	}
	content, err := SumFile(path, path, -1)
	if err != nil {
		return fmt.Errorf("cannot take a fingerprint of %q: %w", path, err)
	}
	fmt.Fprintf(sum, "file of %d bytes: %s\n", content.Bytes, content.SHA256)
	return nil
}
