// Package jsonscan walks over JSON text without parsing it: it hands out the spans
// of names and values as they are written, and copies nothing.
package jsonscan

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// Cursor walks a JSON text that has been found valid, so that raw spans are at
// hand and nothing is copied. Each method consumes what its comment says. On a
// text that is not valid it may misread, but it stays within the text.
type Cursor struct {
	json []byte
	at   int
}

// New returns a cursor at the beginning of a text, which it keeps.
func New(json []byte) *Cursor { return &Cursor{json: json} }

// Offset is where the cursor stands, in bytes from the beginning of the text.
func (c *Cursor) Offset() int { return c.at }

// Since returns what was consumed since the cursor stood at an offset.
func (c *Cursor) Since(offset int) []byte { return c.json[offset:c.at] }

// Kind skips white space and returns the first byte of what follows, 0 at the
// end of the text.
func (c *Cursor) Kind() byte {
	for ; c.at < len(c.json); c.at++ {
		if b := c.json[c.at]; b > ' ' {
			return b
		}
	}
	return 0
}

// Enter steps into the object or array that begins here.
func (c *Cursor) Enter() {
	c.Kind()
	c.step()
}

// step passes over one byte.
func (c *Cursor) step() { c.at = min(c.at+1, len(c.json)) }

// More reports whether another member or element follows. If so the cursor
// stands before it, else it has stepped out of the object or array.
func (c *Cursor) More() bool {
	switch c.Kind() {
	case ',':
		c.at++
		return true
	case '}', ']':
		c.at++
		return false
	case 0:
		return false
	}
	return true
}

// Key consumes the name of a member and its colon, and returns the name.
func (c *Cursor) Key() []byte { return Unquote(c.RawKey()) }

// RawKey is [Cursor.Key], but returns the name as it is written, quotes included.
func (c *Cursor) RawKey() []byte {
	raw := c.Value()
	c.Kind()
	c.step()
	return raw
}

// Value consumes a whole value and returns its span.
func (c *Cursor) Value() []byte {
	kind, start := c.Kind(), c.at
	switch kind {
	case '"':
		c.skipString()
	case '{', '[':
		c.skipNested()
	default:
		c.skipScalar()
	}
	return c.json[start:c.at]
}

// skipString consumes a string: up to the first quote that an even number of
// backslashes precedes.
func (c *Cursor) skipString() {
	for i := c.at + 1; ; {
		n := bytes.IndexByte(c.json[i:], '"')
		if n < 0 {
			c.at = len(c.json)
			return
		}
		slashes := 0
		for slashes < n && c.json[i+n-1-slashes] == '\\' {
			slashes++
		}
		i += n + 1
		if slashes%2 == 0 {
			c.at = i
			return
		}
	}
}

// skipNested consumes an object or array.
func (c *Cursor) skipNested() {
	for depth := 0; c.at < len(c.json); {
		switch c.json[c.at] {
		case '"':
			c.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		c.at++
		if depth == 0 {
			return
		}
	}
}

// skipScalar consumes a number, true, false or null.
func (c *Cursor) skipScalar() {
	for ; c.at < len(c.json); c.at++ {
		if b := c.json[c.at]; b <= ' ' || b == ',' || b == '}' || b == ']' {
			return
		}
	}
}

// Deeper reports whether json nests deeper than so many levels. It is asked before
// anything that recurses, of text that may not be valid.
func Deeper(json []byte, levels int) bool {
	depth := 0
	for c := (Cursor{json: json}); c.at < len(json); {
		switch json[c.at] {
		case '"':
			c.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > levels {
			return true
		}
		c.at++
	}
	return false
}

// Unquote returns what stands between the quotes of a JSON string, never nil:
// the span itself, or a copy if there is anything to unescape.
func Unquote(span []byte) []byte {
	if len(span) < 2 {
		return []byte{}
	}
	if bytes.IndexByte(span, '\\') < 0 {
		return span[1 : len(span)-1]
	}
	return []byte(gjson.ParseBytes(span).String())
}
