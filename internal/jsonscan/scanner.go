package jsonscan

import (
	"bytes"

	"github.com/tidwall/gjson"

	"rehearse/internal/capture/serdejson"
)

// scanner walks one JSON text from its beginning to its end. It hands out spans
// of the text and validates on the way, so that no second pass is needed: a text
// whose end was reached with sound true is valid.
type Scanner struct {
	Text  []byte
	At    int
	Named int  // where the name of the last member begins
	fresh bool // an object was entered and no member read yet
	wrong bool

	Members []Spot // of the text, if they are known: they need no scanning
	next    int    // of these
}

// spot is where a member of an object lies in its text.
type Spot struct {
	Name, Value, End int  // where its name begins, its value, and where that ends
	Sound            bool // the value is known to be valid
}

// sound reports whether the text was read to its end and is valid so far.
func (s *Scanner) Sound() bool {
	if s.Members != nil {
		return !s.wrong
	}
	return !s.wrong && s.Kind() == 0 && s.At == len(s.Text)
}

// kind skips white space and returns the first byte of what follows, 0 at the end.
func (s *Scanner) Kind() byte {
	for s.At < len(s.Text) {
		switch b := s.Text[s.At]; b {
		case ' ', '\t', '\n', '\r':
			s.At++
		default:
			return b
		}
	}
	return 0
}

// enter steps into the object that begins here; false if there is none.
func (s *Scanner) Enter() bool {
	if s.Kind() != '{' {
		s.wrong = true
		return false
	}
	s.At++
	s.fresh = true
	return true
}

// member steps to the value of the next member and returns its name as it is
// written, without quotes. After the last one it steps out of the object.
func (s *Scanner) Member() (name []byte, more bool) {
	switch {
	case s.wrong:
		return nil, false
	case s.Members != nil:
		return s.known()
	}
	switch s.Kind() {
	case '}':
		s.At++
		s.fresh = false
		return nil, false
	case ',':
		s.wrong = s.fresh
		s.At++
	default:
		s.wrong = !s.fresh
	}
	s.fresh = false
	if s.wrong || s.Kind() != '"' {
		s.wrong = true
		return nil, false
	}
	s.Named = s.At
	s.skipString()
	name = s.Text[s.Named+1 : max(s.At-1, s.Named+1)]
	if s.wrong || s.Kind() != ':' {
		s.wrong = true
		return nil, false
	}
	s.At++
	return name, true
}

// known steps to the value of the next member of those that are known.
func (s *Scanner) known() (name []byte, more bool) {
	if s.next == len(s.Members) {
		return nil, false
	}
	m := &s.Members[s.next]
	s.next++
	s.Named, s.At = m.Name, m.Value
	return s.Text[m.Name+1 : m.Value-len(`":`)], true
}

// maxDepth leaves room for the levels that a batch puts around its events.
const MaxDepth = serdejson.MaxDepth - 8

// value consumes a whole value and returns its span, nil if the service would not
// take it: one event that it cannot read makes it refuse a whole batch.
func (s *Scanner) Value() []byte {
	if s.Members != nil {
		if m := &s.Members[s.next-1]; m.Sound {
			s.At = m.End
			return s.Text[m.Value:m.End]
		}
	}
	s.Kind()
	n, ok := serdejson.Value(s.Text[s.At:], MaxDepth)
	from := s.At
	s.At += n
	if !ok {
		s.wrong = true
		return nil
	}
	return s.Text[from:s.At]
}

// skipString consumes a string.
func (s *Scanner) skipString() {
	n, ok := serdejson.String(s.Text[s.At:])
	s.At += n
	s.wrong = s.wrong || !ok
}

// isHex reports whether b is a hexadecimal digit.
func IsHex(b byte) bool {
	return b-'0' <= 9 || b|0x20-'a' <= 5
}

// appendText appends the text of a JSON value: what a string says, and anything
// else as it is written; null is no text.
func AppendText(dst, value []byte) []byte {
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
func IsObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// isEmpty reports whether a value says nothing: missing, null or "".
func IsEmpty(value []byte) bool {
	return len(value) == 0 || string(value) == "null" || string(value) == `""`
}

// first enters the object that begins here, if one does, and steps to its first
// member. It is for spans that were found valid and may be something else.
func (s *Scanner) First() (name []byte, more bool) {
	if s.Kind() != '{' || !s.Enter() {
		return nil, false
	}
	return s.Member()
}

// textOf returns the text of a JSON value: a span of it, or what is put into the buffer
// where escapes stand for something else.
func TextOf(value, buffer []byte) (text, grown []byte) {
	if len(value) > 1 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], buffer
	}
	buffer = AppendText(buffer[:0], value)
	return buffer, buffer
}
