package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// source is what is kept of the file itself.
type source struct {
	file     string
	redacted []byte
	sum      string
	places   map[string]place
	anywhere string // the sum without an override of the target's URL
	alone    string // the sum without any override
	dir      string
	origin   string // of a resolved scenario, the file that it was made of
	tree     tree

	references []reference // to the environment, but for secrets and the target's URL
	series     []string    // files of rates that it names
}

// File returns the name of the scenario file as it was given.
func (s *Scenario) File() string { return s.source.file }

// Redacted returns the file as it was given, comments and layout kept, with the
// token replaced by [redacted]; names of environment variables stay. Overrides
// follow as comments, except one of the token. The caller must not change it.
func (s *Scenario) Redacted() []byte { return s.source.redacted }

// SHA256 returns a fingerprint of the file and the overrides, in hexadecimal.
// The token does not count, nor does the way in which lines end.
func (s *Scenario) SHA256() string { return s.source.sum }

// newSource makes the copy of a file that may be kept, and its fingerprint. The
// token is a node of the file, or nil. One that cannot be found in the text is a
// mistake, because nobody could strike it out.
func (d *decoder) newSource(text []byte, token *yaml.Node, overrides []string) source {
	var shown, hashed string
	if token == nil {
		shown, hashed = string(text), string(text)
	} else if from, to, found := find(text, token); found {
		before, after := string(text[:from]), string(text[to:])
		shown = before + mark(token) + after
		hashed = before + redacted + after
	} else {
		value{d, token, tokenPath}.fail("cannot be left out of copies of the file", "write it plainly on one line")
	}
	sum := func(overrides []string) string {
		text := d.secrets.strike(hashed + overrideNotes(overrides))
		sum := sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n")))
		return hex.EncodeToString(sum[:])
	}
	elsewhere := slices.DeleteFunc(slices.Clone(overrides), func(o string) bool { return strings.HasPrefix(o, "target.url=") })
	return source{
		file: d.file, redacted: []byte(d.secrets.strike(shown + overrideNotes(overrides))), places: d.places(),
		sum: sum(overrides), anywhere: sum(elsewhere), alone: sum(nil), dir: d.dir, references: d.references, series: d.series,
	}
}

// overrideNotes returns the overrides as comments. That of the token is none of them.
func overrideNotes(overrides []string) string {
	var notes strings.Builder
	for _, o := range overrides {
		if !strings.HasPrefix(o, tokenPath+"=") {
			notes.WriteString("\n# " + override + " " + strings.Join(strings.Fields(o), " "))
		}
	}
	return notes.String()
}

// find returns where a text holds a scalar as it was written, quotes included.
func find(text []byte, scalar *yaml.Node) (from, to int, found bool) {
	for range scalar.Line - 1 {
		from += bytes.IndexByte(text[from:], '\n') + 1
	}
	for range scalar.Column - 1 {
		_, size := utf8.DecodeRune(text[from:])
		from += size
	}
	line, _, _ := bytes.Cut(text[from:], []byte("\n"))
	written := quote(scalar)
	at := bytes.Index(line, []byte(written+scalar.Value+written))
	if at < 0 || scalar.Value == "" {
		return 0, 0, false
	}
	return from + at, from + at + 2*len(written) + len(scalar.Value), true
}

// quote returns the quotes that a scalar was written in.
func quote(scalar *yaml.Node) string {
	switch {
	case scalar.Style&yaml.DoubleQuotedStyle != 0:
		return `"`
	case scalar.Style&yaml.SingleQuotedStyle != 0:
		return "'"
	}
	return ""
}

// mark returns what replaces the token: the names of variables stay.
func mark(token *yaml.Node) string {
	marked := mapLiterals(token.Value, func(string) string { return redacted })
	around := quote(token)
	if around == "" && strings.HasPrefix(marked, "[") {
		around = `"` // A bracket would begin a list.
	}
	return around + marked + around
}
