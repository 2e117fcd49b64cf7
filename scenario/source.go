package scenario

import (
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
