package capture

import (
	"bytes"
	"math"
	"slices"
	"strconv"
)

// sortedDepth is how many levels of nested objects have their members sorted.
// Deeper ones keep their order: no id looks like that, and each sorted level
// walks its text once more.
const sortedDepth = 8

// appendCanonical appends the value at c as serde_json would print it: compact,
// members sorted by name and the last of equal names kept, numbers as it reads
// them.
func appendCanonical(dst []byte, c *cursor, sorted int) []byte {
	switch c.kind() {
	case '{':
		return appendObject(dst, c, sorted)
	case '[':
		return appendArray(dst, c, sorted)
	case '"':
		return AppendString(dst, unescape(c.value()))
	case 't', 'f', 'n':
		return append(dst, c.value()...)
	}
	return appendNumber(dst, c.value())
}

func appendArray(dst []byte, c *cursor, sorted int) []byte {
	open := len(dst)
	for c.enter(); c.more(); {
		dst = appendCanonical(append(dst, ','), c, sorted)
	}
	return enclose(dst, open, '[', ']')
}

func appendObject(dst []byte, c *cursor, sorted int) []byte {
	open := len(dst)
	if sorted == 0 {
		for c.enter(); c.more(); {
			dst = append(AppendString(append(dst, ','), c.key()), ':')
			dst = appendCanonical(dst, c, 0)
		}
		return enclose(dst, open, '{', '}')
	}
	for _, m := range sortedMembers(c) {
		dst = append(AppendString(append(dst, ','), m.name), ':')
		dst = appendCanonical(dst, &cursor{json: m.value}, sorted-1)
	}
	return enclose(dst, open, '{', '}')
}

// enclose turns the comma before the first of the values appended since open
// into the opening bracket, and closes them.
func enclose(dst []byte, open int, first, last byte) []byte {
	if len(dst) == open {
		return append(dst, first, last)
	}
	dst[open] = first
	return append(dst, last)
}

type namedSpan struct{ name, value []byte }

func sortedMembers(c *cursor) []namedSpan {
	var members []namedSpan
	for c.enter(); c.more(); {
		members = append(members, namedSpan{c.key(), c.value()})
	}
	slices.Reverse(members)
	slices.SortStableFunc(members, func(a, b namedSpan) int { return bytes.Compare(a.name, b.name) })
	return slices.CompactFunc(members, func(a, b namedSpan) bool { return bytes.Equal(a.name, b.name) })
}

// appendNumber appends a JSON number as serde_json reads and prints it: as it is
// if it is an integer of 64 bits, else as the shortest decimal that reads back
// as the same float64, with an exponent below 1e-5 and from 1e16 on. One that is
// outOfRange stays as it is: there is nothing to print.
func appendNumber(dst, raw []byte) []byte {
	f, _ := strconv.ParseFloat(string(raw), 64)
	if isInteger(raw) || math.IsInf(f, 0) {
		return append(dst, raw...)
	}
	size := math.Abs(f)
	if size != 0 && (size < 1e-5 || size >= 1e16) {
		return appendExponent(dst, f)
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		dst = append(dst, ".0"...)
	}
	return dst
}

// outOfRange consumes the value at c and reports whether a number in it is too
// large for a float64. serde_json takes no such text for JSON.
func outOfRange(c *cursor) (beyond bool) {
	switch c.kind() {
	case '{':
		for c.enter(); c.more(); {
			c.key()
			beyond = outOfRange(c) || beyond
		}
		return beyond
	case '[':
		for c.enter(); c.more(); {
			beyond = outOfRange(c) || beyond
		}
		return beyond
	}
	f, _ := strconv.ParseFloat(string(c.value()), 64)
	return math.IsInf(f, 0)
}

// appendExponent appends f in scientific notation, without the plus sign and the
// leading zero that Go gives exponents.
func appendExponent(dst []byte, f float64) []byte {
	text := strconv.AppendFloat(nil, f, 'e', -1, 64)
	mantissa, exponent, _ := bytes.Cut(text, []byte("e"))
	dst = append(append(dst, mantissa...), 'e')
	if exponent[0] == '-' {
		dst = append(dst, '-')
	}
	return append(dst, bytes.TrimLeft(exponent, "+-0")...)
}

// isInteger reports whether a JSON number is an integer of 64 bits.
func isInteger(raw []byte) bool {
	if string(raw) == "-0" || bytes.ContainsAny(raw, ".eE") {
		return false
	}
	_, signed := strconv.ParseInt(string(raw), 10, 64)
	_, unsigned := strconv.ParseUint(string(raw), 10, 64)
	return signed == nil || unsigned == nil
}
