package scenario

import (
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

// tokenPath is where a scenario gives its only secret.
const tokenPath = "target.token"

// tokenNode returns the scalar that gives the token in a tree, or nil.
func tokenNode(root *yaml.Node) *yaml.Node {
	node := root
	for _, name := range strings.Split(tokenPath, ".") {
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

// secretsOf returns what tokens say and what they stand for.
func secretsOf(lookup func(string) (string, bool), tokens ...*yaml.Node) secrets {
	var all secrets
	for _, token := range tokens {
		if token == nil {
			continue
		}
		mapLiterals(token.Value, func(literal string) string {
			all = append(all, literal)
			return ""
		})
		if value, err := expand(token.Value, lookup); err == nil {
			all = append(all, value)
		}
	}
	// The longest first, because one may hold another.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}
