package strict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// redacted stands wherever a secret would be printed.
const redacted = "[redacted]"

// Secret is a value that prints as [redacted], whatever prints it. Only Reveal
// gives it away.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, for the wire alone.
func (s Secret) Reveal() string { return s.value }

// fingerprintDigits is how long a fingerprint is, in hexadecimal.
const fingerprintDigits = 16

// fingerprintMark stands before the digits of a fingerprint.
const fingerprintMark = "sha256:"

// Fingerprint returns what may be told of a secret: enough to know it by, and nothing
// to send with.
func (s Secret) Fingerprint() string {
	sum := sha256.Sum256([]byte(s.value))
	return fingerprintMark + hex.EncodeToString(sum[:])[:fingerprintDigits]
}

// IsFingerprint tells whether a text could be a fingerprint.
func IsFingerprint(text string) bool {
	digits, marked := strings.CutPrefix(text, fingerprintMark)
	return marked && IsHex(digits, fingerprintDigits)
}

// IsHex tells whether a text is so many hexadecimal digits in lower case.
func IsHex(text string, digits int) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(text) == digits && hex.EncodeToString(raw) == text
}

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// MarshalText returns [redacted]; JSON and YAML encoders call it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format writes [redacted] for every verb, those that would look inside included.
func (Secret) Format(f fmt.State, _ rune) {
	// A formatter has nowhere to report a failed write to.
	_, _ = io.WriteString(f, redacted)
}

// secrets are texts that must not be told, wherever they turn up.
type secrets []string

// minSecret is how long a secret must be to be struck out of other places than
// its own: a shorter one would strike out parts of words.
const minSecret = 6

// strike replaces the secrets in a text.
func (s secrets) strike(text string) string {
	for _, secret := range s {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	return text
}

// strikeErrors replaces the secrets in what errors say.
func (s secrets) strikeErrors(all Errors) {
	for i := range all {
		e := &all[i]
		e.Path, e.What, e.Hint = s.strike(e.Path), s.strike(e.What), s.strike(e.Hint)
	}
}

// scalarAt returns the scalar under a path of names in the tree of the document, or nil.
func (d *Document) scalarAt(path string) *yaml.Node {
	node := d.root
	for _, name := range strings.Split(path, ".") {
		at := entryAt(node, name)
		if node.Kind != yaml.MappingNode || at == len(node.Content) {
			return nil
		}
		node = node.Content[at+1]
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
	}
	if node.Kind != yaml.ScalarNode {
		return nil
	}
	return node
}

// secretsOf returns what scalars say and what they stand for.
func secretsOf(lookup func(string) (string, bool), scalars ...*yaml.Node) secrets {
	var all secrets
	for _, scalar := range scalars {
		if scalar == nil {
			continue
		}
		mapLiterals(scalar.Value, func(literal string) string {
			all = append(all, literal)
			return ""
		})
		if value, err := expand(scalar.Value, lookup); err == nil {
			all = append(all, value)
		}
	}
	return all.longestFirst()
}

// longestFirst sorts them so, because one may hold another.
func (s secrets) longestFirst() secrets {
	slices.SortFunc(s, func(a, b string) int { return len(b) - len(a) })
	return s
}

// Secret notes that the value, which reads text, is a secret.
func (v Value) Secret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	n := Noted{Path: v.path, Secret: Secret{text}}
	if inside, ok := strings.CutPrefix(v.node.Value, opening); ok && !v.d.resolved {
		name, _, _ := strings.Cut(strings.TrimSuffix(inside, "}"), ":-")
		if isVariable(name) {
			n.Variable = name
		}
	}
	v.d.noted = append(v.d.noted, n)
	return n.Secret
}

// Hide makes sure that what the value says is struck out of copies of the document.
// That is done by looking for it, so it must stand there as it is and not be part of
// any word. It tells whether it does.
func (v Value) Hide() bool {
	if !v.IsScalar() {
		return true // That it is no text is told when it is read.
	}
	for _, secret := range secretsOf(v.d.lookup, v.node) {
		if secret != "" && len(secret) < minSecret {
			v.Fail(fmt.Sprintf("must have %d characters at least, to be left out of copies of the file", minSecret), "")
			return false
		}
		v.d.hidden = append(v.d.hidden, secret)
	}
	v.d.hidden = v.d.hidden.longestFirst()
	if v.node.Style&yaml.DoubleQuotedStyle != 0 && !v.d.resolved { // where it was struck out already
		v.Fail("must not stand in double quotes, which could hide it", "write it plainly or in single quotes")
	}
	return true
}

// Noted is a secret that a document gives.
type Noted struct {
	Path     string // of the field, as in target.token
	Variable string // of the environment, that it was taken from; empty: it stood in the file or in an override
	Secret   Secret
}

// Secrets returns those that the values that were read hold, in their order.
func (d *Document) Secrets() []Noted { return d.noted }
