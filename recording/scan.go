package recording

import (
	"bytes"

	"github.com/tidwall/gjson"

	"rehearse/capture/serdejson"
)

// scanner walks one JSON text from its beginning to its end. It hands out spans
// of the text and validates on the way, so that no second pass is needed: a text
// whose end was reached with sound true is valid.
type scanner struct {
	text  []byte
	at    int
	named int  // where the name of the last member begins
	fresh bool // an object was entered and no member read yet
	wrong bool

	members []spot // of the text, if they are known: they need no scanning
	next    int    // of these
}

// spot is where a member of an object lies in its text.
type spot struct {
	name, value, end int  // where its name begins, its value, and where that ends
	sound            bool // the value is known to be valid
}

// sound reports whether the text was read to its end and is valid so far.
func (s *scanner) sound() bool {
	if s.members != nil {
		return !s.wrong
	}
	return !s.wrong && s.kind() == 0 && s.at == len(s.text)
}

// kind skips white space and returns the first byte of what follows, 0 at the end.
func (s *scanner) kind() byte {
	for s.at < len(s.text) {
		switch b := s.text[s.at]; b {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return b
		}
	}
	return 0
}

// enter steps into the object that begins here; false if there is none.
func (s *scanner) enter() bool {
	if s.kind() != '{' {
		s.wrong = true
		return false
	}
	s.at++
	s.fresh = true
	return true
}

// member steps to the value of the next member and returns its name as it is
// written, without quotes. After the last one it steps out of the object.
func (s *scanner) member() (name []byte, more bool) {
	switch {
	case s.wrong:
		return nil, false
	case s.members != nil:
		return s.known()
	}
	switch s.kind() {
	case '}':
		s.at++
		s.fresh = false
		return nil, false
	case ',':
		s.wrong = s.fresh
		s.at++
	default:
		s.wrong = !s.fresh
	}
	s.fresh = false
	if s.wrong || s.kind() != '"' {
		s.wrong = true
		return nil, false
	}
	s.named = s.at
	s.skipString()
	name = s.text[s.named+1 : max(s.at-1, s.named+1)]
	if s.wrong || s.kind() != ':' {
		s.wrong = true
		return nil, false
	}
	s.at++
	return name, true
}

// known steps to the value of the next member of those that are known.
func (s *scanner) known() (name []byte, more bool) {
	if s.next == len(s.members) {
		return nil, false
	}
	m := &s.members[s.next]
	s.next++
	s.named, s.at = m.name, m.value
	return s.text[m.name+1 : m.value-len(`":`)], true
}

// maxDepth leaves room for the levels that a batch puts around its events.
const maxDepth = serdejson.MaxDepth - 8

// value consumes a whole value and returns its span, nil if the service would not
// take it: one event that it cannot read makes it refuse a whole batch.
func (s *scanner) value() []byte {
	if s.members != nil {
		if m := &s.members[s.next-1]; m.sound {
			s.at = m.end
			return s.text[m.value:m.end]
		}
	}
	s.kind()
	n, ok := serdejson.Value(s.text[s.at:], maxDepth)
	from := s.at
	if s.at += n; !ok {
		s.wrong = true
		return nil
	}
	return s.text[from:s.at]
}

// skipString consumes a string.
func (s *scanner) skipString() {
	n, ok := serdejson.String(s.text[s.at:])
	s.at += n
	s.wrong = s.wrong || !ok
}

// isHex reports whether b is a hexadecimal digit.
func isHex(b byte) bool {
	return b-'0' <= 9 || b|0x20-'a' <= 5
}

// appendText appends the text of a JSON value: what a string says, and anything
// else as it is written; null is no text.
func appendText(dst, value []byte) []byte {
	switch {
	case len(value) == 0 || string(value) == "null":
		return dst
	case value[0] != '"':
		return append(dst, value...)
	}
	inside := value[1 : len(value)-1]
	for _, b := range inside {
		if b == '\\' {
			return append(dst, gjson.ParseBytes(value).String()...)
		}
	}
	return append(dst, inside...)
}

// isObject reports whether a value is an object.
func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// isEmpty reports whether a value says nothing: missing, null or "".
func isEmpty(value []byte) bool {
	return len(value) == 0 || string(value) == "null" || string(value) == `""`
}

// first enters the object that begins here, if one does, and steps to its first
// member. It is for spans that were found valid and may be something else.
func (s *scanner) first() (name []byte, more bool) {
	if s.kind() != '{' || !s.enter() {
		return nil, false
	}
	return s.member()
}

// textOf returns the text of a JSON value: a span of it, or what is put into the buffer
// where escapes stand for something else.
func textOf(value, buffer []byte) (text, grown []byte) {
	if len(value) > 1 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], buffer
	}
	buffer = appendText(buffer[:0], value)
	return buffer, buffer
}
