package serdejson

import (
	"encoding/binary"
	"math/bits"
)

// skim returns the length of the value that text begins with, as Value does, or -1
// where it does not know: where the value is wrong, and where it is of a kind that is
// rare. It is a reader that says nothing about errors and keeps what it knows in
// registers, and reads nearly every value in two thirds of the time.
func skim(text []byte, depth int) int {
	var open nesting
	depth = min(depth, MaxDepth)
	for i := 0; ; {
		if i = skimSpaces(text, i); i == len(text) {
			return -1
		}
		switch b := text[i]; b {
		case '"':
			i = skimString(text, i+1)
		case '{', '[':
			if open.level == depth {
				return -1
			}
			open.push(b == '{')
			if i = skimSpaces(text, i+1); i < len(text) && text[i] == b+2 {
				break // What is empty ends below.
			}
			if b == '{' {
				if i = skimName(text, i); i < 0 {
					return -1
				}
			}
			continue
		default:
			i = skimScalar(text, i)
		}
		another := false
		for !another {
			if i < 0 || open.level == 0 {
				return i
			}
			if i = skimSpaces(text, i); i == len(text) {
				return -1
			}
			object := open.isObject()
			switch b := text[i]; {
			case b == ',' && object:
				i = skimName(text, skimSpaces(text, i+1))
				another = i >= 0
			case b == ',':
				i++
				another = true
			case b == '}' && object, b == ']' && !object:
				i++
				open.level--
			default:
				return -1
			}
		}
	}
}

// nesting are the arrays and objects that are open, up to MaxDepth of them.
type nesting struct {
	objects [2]uint64 // a bit for each level: it is an object
	level   int
}

// push opens one.
func (n *nesting) push(object bool) {
	word, bit := &n.objects[n.level>>6&1], uint64(1)<<(n.level&63)
	*word &^= bit
	if object {
		*word |= bit
	}
	n.level++
}

// isObject reports whether the last one is an object.
func (n *nesting) isObject() bool { return n.objects[(n.level-1)>>6&1]>>((n.level-1)&63)&1 != 0 }

// skimSpaces passes over white space.
func skimSpaces(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

// isSpace reports whether b is white space of JSON.
func isSpace(b byte) bool { return b <= ' ' && 1<<b&(1<<' '|1<<'\n'|1<<'\t'|1<<'\r') != 0 }

// skimName consumes the name of a member and its colon.
func skimName(text []byte, i int) int {
	if i >= len(text) || text[i] != '"' {
		return -1
	}
	if i = skimString(text, i+1); i < 0 {
		return -1
	}
	if i = skimSpaces(text, i); i == len(text) || text[i] != ':' {
		return -1
	}
	return i + 1
}

// skimString consumes a string from behind its first quote on. Of escapes it knows
// those of one character. It looks at sixteen bytes at a time, as long as there are so
// many.
func skimString(text []byte, i int) int {
	for i+16 <= len(text) {
		next := text[i : i+16]
		first, second := special(binary.LittleEndian.Uint64(next)), special(binary.LittleEndian.Uint64(next[8:]))
		switch {
		case first != 0:
			i += bits.TrailingZeros64(first) >> 3
		case second != 0:
			i += 8 + bits.TrailingZeros64(second)>>3
		default:
			i += 16
			continue
		}
		if text[i] == '"' {
			return i + 1
		}
		if i+1 >= len(text) || !isShortEscape(text[i], text[i+1]) {
			return -1
		}
		i += 2
	}
	for i < len(text) {
		switch b := text[i]; {
		case b == '"':
			return i + 1
		case b == '\\':
			if i+1 == len(text) || !isShortEscape(b, text[i+1]) {
				return -1
			}
			i++
		case b < ' ':
			return -1
		}
		i++
	}
	return -1
}

// isShortEscape reports whether two characters are an escape.
func isShortEscape(slash, b byte) bool {
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return slash == '\\'
	}
	return false
}

// special says which of eight bytes do not stand for themselves in a string: a quote, a
// backslash, a control character. The lowest bit that is set is the top bit of the first
// of them; those above it mean nothing.
func special(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & tops
}

// skimScalar consumes a literal, or a short number without an exponent.
func skimScalar(text []byte, i int) int {
	if i+4 <= len(text) {
		switch string(text[i : i+4]) {
		case "true", "null":
			return i + 4
		case "fals":
			if i+4 < len(text) && text[i+4] == 'e' {
				return i + 5
			}
		}
	}
	if text[i] == '-' {
		i++
	}
	from := i
	i = skimDigits(text, i)
	if i == from || text[from] == '0' && i > from+1 {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		point := i + 1
		if i = skimDigits(text, point); i == point {
			return -1
		}
	}
	if i-from > inRange || i < len(text) && text[i]|0x20 == 'e' {
		return -1
	}
	return i
}

// skimDigits passes over digits.
func skimDigits(text []byte, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}
