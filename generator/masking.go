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
	own    []byte // the event's distinct_id
}

// properties appends the object that json is, masked. own is the distinct_id of the
// event, as it was recorded.
func (m *masking) properties(dst, json, own []byte) []byte {
	m.json, m.at, m.name, m.own = json, 0, m.name[:0], own
	return m.value(dst, nil, asText)
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
func (m *masking) value(dst, property []byte, how how) []byte {
	first := m.next()
	start := m.at
	if property != nil && m.keeps(property) {
		m.skip()
		return append(dst, m.json[start:m.at]...)
	}
	switch first {
	case '{':
		return m.object(dst, how)
	case '[':
		return m.array(dst, property, how)
	}
	m.skip()
	span := m.json[start:m.at]
	switch {
	case first == '"':
		return m.quote(dst, m.text(span), how)
	case first != '-' && first-'0' > 9: // true, false, null
		return append(dst, span...)
	case how == asID:
		return m.quote(dst, span, asID)
	}
	return m.appendNumber(dst, span)
}

// object appends an object, its values masked, and its names too where they look
// like data.
func (m *masking) object(dst []byte, around how) []byte {
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
		if m.isPlain(name) {
			dst = append(dst, m.json[start:m.at]...)
		} else {
			dst = m.quote(dst, name, asName)
		}
		m.next()
		m.at++ // the colon
		how := howOf(name)
		if around == asGroups {
			how = asID
		}
		dst = m.value(append(dst, ':'), name, how)
	}
	m.at++
	return append(dst, '}')
}

// array appends an array, its items masked.
func (m *masking) array(dst, property []byte, how how) []byte {
	dst = append(dst, '[')
	m.at++
	for comma := false; m.next() != ']' && m.at < len(m.json); comma = true {
		if comma {
			dst = append(dst, ',')
			m.at++
		}
		dst = m.value(dst, property, how)
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
	asText    how = iota
	asID          // of a person or a group
	asSession     // of a visit
	asName        // of a property: it stays what it is where it stands as a name
	asGroups      // the members' values are ids
)

// howOf is how the value of a property is masked.
func howOf(property []byte) how {
	switch string(property) {
	case "$groups":
		return asGroups
	case "$unset", "$active_feature_flags", "$feature_flag":
		return asName
	case "$session_id", "$window_id", "$pageview_id", "$prev_pageview_id":
		return asSession
	case "distinct_id", "$anon_distinct_id", "alias", "$device_id", "$user_id", "$group_key",
		"$group_0", "$group_1", "$group_2", "$group_3", "$group_4",
		"user_id", "userId", "anonymous_id", "anonymousId", "device_id", "deviceId", "distinctId", "group_id", "groupId":
		return asID
	}
	return asText
}

// quote appends a text masked, as a JSON string. A text that is the event's own
// distinct_id is one wherever it stands.
func (m *masking) quote(dst, text []byte, how how) []byte {
	m.masked = m.masked[:0]
	switch {
	case how == asID, len(text) >= fewestOwn && bytes.Equal(text, m.own):
		m.masked = m.appendID(m.masked, text)
	case how == asName && m.isPlain(text):
		m.masked = append(m.masked, text...)
	case how == asSession && isUUID(text):
		m.masked = m.appendSession(m.masked, text)
	case isUUID(text):
		m.masked = m.appendID(m.masked, text)
	case isAddress(text):
		m.masked = m.appendAddress(m.masked, text)
	default:
		m.masked = m.appendText(m.masked, text)
	}
	return capture.AppendString(dst, m.masked)
}

// fewestOwn is how long a distinct_id must be for the same text elsewhere to be taken
// for it.
const fewestOwn = 3

// isPlain reports whether the name of a property may stay: it looks like one that a
// programmer chose, and the event's distinct_id is no part of it.
func (m *masking) isPlain(name []byte) bool { return isName(name) && !holds(name, m.own) }

// holds reports whether a name has an id in it, as a word.
func holds(name, id []byte) bool {
	for at := 0; len(id) >= fewestOwn; {
		i := bytes.Index(name[at:], id)
		if i < 0 {
			break
		}
		at += i
		if end := at + len(id); (at == 0 || !isLetter(name[at-1])) && (end == len(name) || !isLetter(name[end])) {
			return true
		}
		at++
	}
	return false
}

// isLetter reports whether a byte is part of a word.
func isLetter(b byte) bool { return b-'0' <= 9 || b|0x20-'a' < 26 || b >= 0x80 }

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
