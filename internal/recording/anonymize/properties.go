package anonymize

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// walker masks the properties of one event. It walks over JSON that was found
// valid when it was recorded, so that nothing is parsed twice and, once its buffers
// are warm, nothing allocated.
type walker struct {
	*Anonymizer
	json   []byte
	at     int
	plain  []byte // a text without its escapes
	masked []byte
	name   []byte // backs the names of members that have escapes
	own    []byte // the event's distinct_id
}

// mask appends the object that json is, masked. own is the distinct_id of the
// event, as it was recorded.
func (w *walker) mask(dst, json, own []byte) []byte {
	w.json, w.at, w.name, w.own = json, 0, w.name[:0], own
	return w.value(dst, nil, asText)
}

// next skips white space and returns the byte that follows, 0 at the end.
func (w *walker) next() byte {
	for ; w.at < len(w.json); w.at++ {
		if b := w.json[w.at]; b > ' ' {
			return b
		}
	}
	return 0
}

// value appends the value that begins here, masked. The property is the member that
// it is the value of, or that an array around it is.
func (w *walker) value(dst, property []byte, how how) []byte {
	first := w.next()
	start := w.at
	if property != nil && w.keeps(property) {
		w.skip()
		return append(dst, w.json[start:w.at]...)
	}
	switch first {
	case '{':
		return w.object(dst, how)
	case '[':
		return w.array(dst, property, how)
	}
	w.skip()
	span := w.json[start:w.at]
	switch {
	case first == '"':
		return w.quote(dst, w.text(span), how)
	case first != '-' && first-'0' > 9: // true, false, null
		return append(dst, span...)
	case how == asID:
		return w.quote(dst, span, asID)
	}
	return w.appendNumber(dst, span)
}

// object appends an object, its values masked, and its names too where they look
// like data.
func (w *walker) object(dst []byte, around how) []byte {
	dst = append(dst, '{')
	w.at++
	for comma := false; w.next() == '"' || comma && w.next() == ','; comma = true {
		if comma {
			dst = append(dst, ',')
			w.at++
			w.next()
		}
		start := w.at
		w.skip()
		name := w.memberName(w.json[start:w.at])
		if w.isPlain(name) {
			dst = append(dst, w.json[start:w.at]...)
		} else {
			dst = w.quote(dst, name, asName)
		}
		w.next()
		w.at++ // the colon
		how := howOf(name)
		if around == asGroups {
			how = asID
		}
		dst = w.value(append(dst, ':'), name, how)
	}
	w.at++
	return append(dst, '}')
}

// array appends an array, its items masked.
func (w *walker) array(dst, property []byte, how how) []byte {
	dst = append(dst, '[')
	w.at++
	for comma := false; w.next() != ']' && w.at < len(w.json); comma = true {
		if comma {
			dst = append(dst, ',')
			w.at++
		}
		dst = w.value(dst, property, how)
	}
	w.at++
	return append(dst, ']')
}

// skip passes over the value that begins here.
func (w *walker) skip() {
	depth := 0
	for w.at < len(w.json) {
		switch b := w.json[w.at]; b {
		case '"':
			w.skipString()
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
			depth--
			if depth == 0 {
				w.at++
				return
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
		w.at++
	}
}

// skipString passes over the string that begins here.
func (w *walker) skipString() {
	w.at++
	if n := bytes.IndexByte(w.json[w.at:], '"'); n >= 0 && bytes.IndexByte(w.json[w.at:w.at+n], '\\') < 0 {
		w.at += n + 1
		return
	}
	for ; w.at < len(w.json); w.at++ {
		switch w.json[w.at] {
		case '\\':
			w.at++
		case '"':
			w.at++
			return
		}
	}
	w.at = len(w.json)
}

// text returns what a string says, good until the next call.
func (w *walker) text(span []byte) []byte {
	inside := span[1:max(len(span)-1, 1)]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	w.plain = appendUnescaped(w.plain[:0], inside)
	return w.plain
}

// memberName returns the name that a string is, good until the event is masked.
func (w *walker) memberName(span []byte) []byte {
	inside := span[1:max(len(span)-1, 1)]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	start := len(w.name)
	w.name = appendUnescaped(w.name, inside)
	return w.name[start:]
}

// keeps reports whether the values of a property go as they are.
func (w *walker) keeps(property []byte) bool {
	for _, k := range w.keep {
		if string(property) == k {
			return true
		}
	}
	return false
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
