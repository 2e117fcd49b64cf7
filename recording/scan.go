package recording

import (
	"encoding/binary"
	"math/bits"

	"github.com/tidwall/gjson"

	"rehearse/capture"
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
}

// sound reports whether the text was read to its end and is valid so far.
func (s *scanner) sound() bool { return !s.wrong && s.kind() == 0 && s.at == len(s.text) }

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
	if s.wrong {
		return nil, false
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

// value consumes a whole value and returns its span, nil if it is not valid.
func (s *scanner) value() []byte {
	kind := s.kind()
	from := s.at
	if kind == '"' {
		s.skipString()
	} else {
		s.skip(0)
	}
	if s.wrong {
		return nil
	}
	return s.text[from:s.at]
}

// skip consumes a value that lies depth levels deep.
func (s *scanner) skip(depth int) {
	switch kind := s.kind(); kind {
	case '"':
		s.skipString()
	case '{', '[':
		s.skipNested(kind, depth+1)
	case 't':
		s.skipWord("true")
	case 'f':
		s.skipWord("false")
	case 'n':
		s.skipWord("null")
	default:
		s.skipNumber()
	}
}

// maxDepth leaves room for the levels that a batch puts around its events.
const maxDepth = capture.MaxDepth - 8

// skipNested consumes an object or an array.
func (s *scanner) skipNested(open byte, depth int) {
	if depth > maxDepth {
		s.wrong = true
		return
	}
	s.at++
	if last := open + 2; s.kind() == last { // the closing bracket is the code after next
		s.at++
		return
	}
	for !s.wrong {
		if open == '{' {
			s.skipName()
		}
		s.skip(depth)
		end := s.kind()
		s.at++
		if end == open+2 {
			return
		}
		s.wrong = s.wrong || end != ','
	}
}

// skipName consumes the name of a member and its colon.
func (s *scanner) skipName() {
	if s.kind() != '"' {
		s.wrong = true
		return
	}
	s.skipString()
	s.wrong = s.wrong || s.kind() != ':'
	s.at++
}

// skipWord consumes a literal.
func (s *scanner) skipWord(word string) {
	end := s.at + len(word)
	s.wrong = s.wrong || end > len(s.text) || string(s.text[s.at:min(end, len(s.text))]) != word
	s.at = min(end, len(s.text))
}

// skipNumber consumes a number (RFC 8259, section 6).
func (s *scanner) skipNumber() {
	if s.is('-') {
		s.at++
	}
	if s.is('0') {
		s.at++ // no digit may follow, and whoever comes next will refuse it
	} else if s.digits() == 0 {
		s.wrong = true
	}
	if s.is('.') {
		s.at++
		s.wrong = s.wrong || s.digits() == 0
	}
	if s.is('e') || s.is('E') {
		s.at++
		if s.is('+') || s.is('-') {
			s.at++
		}
		s.wrong = s.wrong || s.digits() == 0
	}
}

// is reports whether the next byte is b.
func (s *scanner) is(b byte) bool { return s.at < len(s.text) && s.text[s.at] == b }

// digits consumes digits and returns how many there were.
func (s *scanner) digits() int {
	from := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at - from
}

// skipString consumes a string. It looks at eight bytes at a time for a quote, a
// backslash or a control character.
func (s *scanner) skipString() {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := s.at + 1
	for {
		for i+8 <= len(s.text) {
			w := binary.LittleEndian.Uint64(s.text[i:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & tops
			if found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		for i < len(s.text) && s.text[i] != '"' && s.text[i] != '\\' && s.text[i] >= ' ' {
			i++
		}
		if i >= len(s.text) || s.text[i] < ' ' {
			s.at, s.wrong = min(i, len(s.text)), true
			return
		}
		if s.text[i] == '"' {
			s.at = i + 1
			return
		}
		if i += s.escape(i); s.wrong {
			return
		}
	}
}

// escape returns the length of the escape sequence at i.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.text) {
		s.wrong = true
		return 1
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(s.text) || !isHex(s.text[k]) {
				s.wrong = true
				return 1
			}
		}
		return 6
	}
	s.wrong = true
	return 1
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
