package generator

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"rehearse/capture"
)

// masking masks the properties of one event. It walks over JSON that was found
// valid when it was recorded, so that nothing is parsed twice and, once its buffers
// are warm, nothing allocated.
type masking struct {
	*pseudonyms
	json   []byte
	at     int
	plain  []byte // a text without its escapes
	masked []byte
	name   []byte // backs the names of members that have escapes
}

// properties appends the object that json is, masked.
func (m *masking) properties(dst, json []byte) []byte {
	m.json, m.at, m.name = json, 0, m.name[:0]
	return m.value(dst, nil)
}

// next skips white space and returns the byte that follows, 0 at the end.
func (m *masking) next() byte {
	for ; m.at < len(m.json); m.at++ {
		if b := m.json[m.at]; b > ' ' {
			return b
		}
	}
	return 0
}

// value appends the value that begins here, masked. The property is the member that
// it is the value of, or that an array around it is.
func (m *masking) value(dst, property []byte) []byte {
	first := m.next()
	start := m.at
	if property != nil && m.keeps(property) {
		m.skip()
		return append(dst, m.json[start:m.at]...)
	}
	switch first {
	case '{':
		return m.object(dst)
	case '[':
		return m.array(dst, property)
	}
	m.skip()
	span := m.json[start:m.at]
	switch {
	case first == '"' && isID(property):
		return m.quote(dst, m.text(span), asID)
	case first == '"':
		return m.quote(dst, m.text(span), asText)
	case first != '-' && first-'0' > 9: // true, false, null
		return append(dst, span...)
	case isID(property):
		return m.quote(dst, span, asID)
	}
	return m.appendNumber(dst, span)
}

// object appends an object, its values masked, and its names too where they look
// like data.
func (m *masking) object(dst []byte) []byte {
	dst = append(dst, '{')
	m.at++
	for comma := false; m.next() == '"' || comma && m.next() == ','; comma = true {
		if comma {
			dst = append(dst, ',')
			m.at++
			m.next()
		}
		start := m.at
		m.skip()
		name := m.memberName(m.json[start:m.at])
		if isName(name) {
			dst = append(dst, m.json[start:m.at]...)
		} else {
			dst = m.quote(dst, name, asText)
		}
		m.next()
		m.at++ // the colon
		dst = m.value(append(dst, ':'), name)
	}
	m.at++
	return append(dst, '}')
}

// array appends an array, its items masked.
func (m *masking) array(dst, property []byte) []byte {
	dst = append(dst, '[')
	m.at++
	for comma := false; m.next() != ']' && m.at < len(m.json); comma = true {
		if comma {
			dst = append(dst, ',')
			m.at++
		}
		dst = m.value(dst, property)
	}
	m.at++
	return append(dst, ']')
}

// skip passes over the value that begins here.
func (m *masking) skip() {
	depth := 0
	for m.at < len(m.json) {
		switch b := m.json[m.at]; b {
		case '"':
			m.skipString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what is around a number or a word
			}
			if depth--; depth == 0 {
				m.at++
				return
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
		m.at++
	}
}

// skipString passes over the string that begins here.
func (m *masking) skipString() {
	m.at++
	if n := bytes.IndexByte(m.json[m.at:], '"'); n >= 0 && bytes.IndexByte(m.json[m.at:m.at+n], '\\') < 0 {
		m.at += n + 1
		return
	}
	for ; m.at < len(m.json); m.at++ {
		switch m.json[m.at] {
		case '\\':
			m.at++
		case '"':
			m.at++
			return
		}
	}
	m.at = len(m.json)
}

// text returns what a string says, good until the next call.
func (m *masking) text(span []byte) []byte {
	inside := span[1:max(len(span)-1, 1)]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	m.plain = appendUnescaped(m.plain[:0], inside)
	return m.plain
}

// memberName returns the name that a string is, good until the event is masked.
func (m *masking) memberName(span []byte) []byte {
	inside := span[1:max(len(span)-1, 1)]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	start := len(m.name)
	m.name = appendUnescaped(m.name, inside)
	return m.name[start:]
}

// keeps reports whether the values of a property go as they are.
func (m *masking) keeps(property []byte) bool {
	for _, k := range m.keep {
		if string(property) == k {
			return true
		}
	}
	return false
}

// how says how a text is masked.
type how int

const (
	asText how = iota
	asID
)

// quote appends a text masked, as a JSON string.
func (m *masking) quote(dst, text []byte, how how) []byte {
	if how == asID {
		m.masked = m.appendID(m.masked[:0], text)
	} else {
		m.masked = m.appendText(m.masked[:0], text)
	}
	return capture.AppendString(dst, m.masked)
}

// appendUnescaped appends what stands between the quotes of a JSON string.
func appendUnescaped(dst, inside []byte) []byte {
	for i := 0; i < len(inside); i++ {
		if inside[i] != '\\' || i+1 == len(inside) {
			dst = append(dst, inside[i])
			continue
		}
		i++
		switch inside[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, n := escapedRune(inside[i+1:])
			dst = utf8.AppendRune(dst, r)
			i += n
		default:
			dst = append(dst, inside[i])
		}
	}
	return dst
}

// escapedRune reads what follows \u, two halves of a pair included, and returns how
// many bytes that was.
func escapedRune(text []byte) (r rune, n int) {
	high, ok := hexRune(text)
	if !ok {
		return utf8.RuneError, 0
	}
	if !utf16.IsSurrogate(high) {
		return high, 4
	}
	if len(text) > 6 && text[4] == '\\' && text[5] == 'u' {
		if low, ok := hexRune(text[6:]); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	return utf8.RuneError, 4
}

// hexRune reads four hexadecimal digits.
func hexRune(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[:4]), 16, 32)
	return rune(n), err == nil
}
