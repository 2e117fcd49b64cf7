package strict

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Redacted returns the document as it was given, comments and layout kept, with the
// secret replaced by [redacted]; names of environment variables stay. Overrides
// follow as comments, except one of the secret. A secret that cannot be found in the
// text is a mistake, because it could not be struck out.
func (d *Document) Redacted() []byte {
	text, found := d.masked(mask)
	if !found {
		Value{d, d.own, d.opts.Secret}.Fail("cannot be left out of copies of the file", "write it plainly on one line")
	}
	return []byte(d.hidden.strike(text + d.notes(func(string) bool { return true })))
}

// SHA256 returns a fingerprint of the document and of the overrides that are kept, in
// hexadecimal. The secret does not count, nor does the way in which lines end.
func (d *Document) SHA256(keep func(override string) bool) string {
	text, _ := d.masked(func(*yaml.Node) string { return redacted })
	text = d.hidden.strike(text + d.notes(keep))
	sum := sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n")))
	return hex.EncodeToString(sum[:])
}

// masked returns the text with a mask for the secret, and whether it was found there.
func (d *Document) masked(mask func(secret *yaml.Node) string) (text string, found bool) {
	if d.own == nil {
		return string(d.text), true
	}
	from, to, found := find(d.text, d.own)
	if !found {
		return "", false
	}
	return string(d.text[:from]) + mask(d.own) + string(d.text[to:]), true
}

// notes returns the overrides that are kept as comments. That of the secret is none of them.
func (d *Document) notes(keep func(override string) bool) string {
	var notes strings.Builder
	for _, o := range d.opts.Set {
		if keep(o) && !strings.HasPrefix(o, d.opts.Secret+"=") {
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

// mask returns what replaces the secret: the names of variables stay.
func mask(secret *yaml.Node) string {
	masked := mapLiterals(secret.Value, func(string) string { return redacted })
	around := quote(secret)
	if around == "" && strings.HasPrefix(masked, "[") {
		around = `"` // A bracket would begin a list.
	}
	return around + masked + around
}

// Tree returns a copy of the document as it is used: overrides and environment applied,
// without comments, and with placeholders for secrets.
func (d *Document) Tree() *yaml.Node { return d.plain(d.root, map[*yaml.Node]*yaml.Node{}) }

// Plain returns a copy of a tree of another document, as Tree would.
func Plain(root *yaml.Node) *yaml.Node {
	return new(Document).plain(root, map[*yaml.Node]*yaml.Node{})
}

// plain returns a copy of a node without references, comments and secrets.
func (d *Document) plain(node *yaml.Node, copied map[*yaml.Node]*yaml.Node) *yaml.Node {
	if known := copied[node]; known != nil || node == nil {
		return known
	}
	plain := &yaml.Node{Kind: node.Kind, Tag: node.Tag, Style: node.Style, Anchor: node.Anchor}
	copied[node] = plain
	text, expanded := d.expanded[node]
	if !expanded {
		text = node.Value
	} else {
		plain.Tag, plain.Style = string(Text), yaml.DoubleQuotedStyle
	}
	if plain.Value = d.strike(text); plain.Value != text {
		plain.Style = yaml.DoubleQuotedStyle
	}
	plain.Alias = d.plain(node.Alias, copied)
	for _, child := range node.Content {
		plain.Content = append(plain.Content, d.plain(child, copied))
	}
	return plain
}

// Placeholder stands in a Tree for the secret of that number in Secrets.
func Placeholder(number int) string { return fmt.Sprintf("[redacted:%d]", number+1) }

// strike puts placeholders for the secrets in a text.
func (d *Document) strike(text string) string {
	for i, n := range d.noted {
		if text == n.Secret.value || len(n.Secret.value) >= minSecret {
			text = strings.ReplaceAll(text, n.Secret.value, Placeholder(i))
		}
	}
	return d.hidden.strike(text)
}
