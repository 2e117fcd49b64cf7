package capture

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// cursor walks a JSON text that has been found valid, so that raw spans are at
// hand and nothing is copied. Each method consumes what its comment says. On a
// text that is not valid it may misread, but it stays within the text.
type cursor struct {
	json []byte
	at   int
}

// kind skips white space and returns the first byte of what follows, 0 at the
// end of the text.
func (c *cursor) kind() byte {
	for ; c.at < len(c.json); c.at++ {
		if b := c.json[c.at]; b > ' ' {
			return b
		}
	}
	return 0
}

// enter steps into the object or array that begins here.
func (c *cursor) enter() {
	c.kind()
	c.step()
}

func (c *cursor) step() { c.at = min(c.at+1, len(c.json)) }

// more reports whether another member or element follows. If so the cursor
// stands before it, else it has stepped out of the object or array.
func (c *cursor) more() bool {
	switch c.kind() {
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

// key consumes the name of a member and its colon, and returns the name.
func (c *cursor) key() []byte {
	name := unescape(c.value())
	c.kind()
	c.step()
	return name
}

// soundKey does it, and reports whether the name is a string that serde_json can
// build: of a text of which only the grammar is known to be valid.
func (c *cursor) soundKey() (name []byte, sound bool) {
	raw := c.value()
	c.kind()
	c.step()
	name = soundText(raw)
	return name, name != nil
}

// value consumes a whole value and returns its span.
func (c *cursor) value() []byte {
	kind, start := c.kind(), c.at
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
func (c *cursor) skipString() {
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

func (c *cursor) skipNested() {
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

func (c *cursor) skipScalar() {
	for ; c.at < len(c.json); c.at++ {
		if b := c.json[c.at]; b <= ' ' || b == ',' || b == '}' || b == ']' {
			return
		}
	}
}

// tooDeep reports whether json nests deeper than MaxDepth. It is asked before
// anything that recurses, of text that may not be valid.
func tooDeep(json []byte) bool {
	depth := 0
	for c := (cursor{json: json}); c.at < len(json); {
		switch json[c.at] {
		case '"':
			c.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > MaxDepth {
			return true
		}
		c.at++
	}
	return false
}

// unescape returns what stands between the quotes of a JSON string, never nil:
// the span itself, or a copy if there is anything to unescape.
func unescape(span []byte) []byte {
	if len(span) < 2 {
		return []byte{}
	}
	if bytes.IndexByte(span, '\\') < 0 {
		return span[1 : len(span)-1]
	}
	return []byte(gjson.ParseBytes(span).String())
}
