package capture

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
)

const lowerHex = "0123456789abcdef"

// AppendString appends s to dst as a JSON string, quotes included, and returns
// the longer slice. Bytes that are not UTF-8 become U+FFFD; nothing is escaped
// that JSON does not demand.
func AppendString[T []byte | string](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := len(dst)
	dst = append(dst, s...)
	if isPlain(dst[start:]) {
		return append(dst, '"')
	}
	dst = dst[:start]
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			dst = appendEscaped(dst, b)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return append(dst, '"')
}

func appendEscaped(dst []byte, b byte) []byte {
	switch {
	case b == '"' || b == '\\':
		return append(dst, '\\', b)
	case b >= ' ':
		return append(dst, b)
	case b == '\n':
		return append(dst, '\\', 'n')
	case b == '\r':
		return append(dst, '\\', 'r')
	case b == '\t':
		return append(dst, '\\', 't')
	case b == '\b':
		return append(dst, '\\', 'b')
	case b == '\f':
		return append(dst, '\\', 'f')
	}
	return append(dst, '\\', 'u', '0', '0', lowerHex[b>>4], lowerHex[b&15])
}

// stringSize is how many bytes AppendString appends.
func stringSize(s []byte) int {
	if isPlain(s) {
		return len(s) + len(`""`)
	}
	var buffer [256]byte
	return len(AppendString(buffer[:0], s))
}

// isPlain reports whether s can stand between quotes as it is: printable ASCII
// without a quote or a backslash. It looks at eight bytes at a time, the last of
// them together with some that it has seen.
func isPlain(s []byte) bool {
	if len(s) < 8 {
		for _, b := range s {
			if b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	last := s[len(s)-8:]
	for ; len(s) > 8; s = s[8:] {
		if !isPlain8(binary.LittleEndian.Uint64(s)) {
			return false
		}
	}
	return isPlain8(binary.LittleEndian.Uint64(last))
}

// isPlain8 does it for the eight bytes of w. Of each term, a byte's top bit says
// that this byte is not plain; a borrow can only come from a byte that is not.
func isPlain8(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return (w|(w-ones*' ')|(quote-ones)|(slash-ones))&tops == 0
}

// appendCanonical appends the value at c as serde_json would print it: compact,
// members sorted by name and the last of equal names kept, numbers as it reads
// them.
func appendCanonical(dst []byte, c *jsonscan.Cursor) []byte {
	switch c.Kind() {
	case '{':
		return appendObject(dst, c, "")
	case '[':
		return appendArray(dst, c)
	case '"':
		return AppendString(dst, jsonscan.Unquote(c.Value()))
	case 't', 'f', 'n':
		return append(dst, c.Value()...)
	}
	return appendNumber(dst, c.Value())
}

func appendArray(dst []byte, c *jsonscan.Cursor) []byte {
	open := len(dst)
	for c.Enter(); c.More(); {
		dst = appendCanonical(append(dst, ','), c)
	}
	return enclose(dst, open, '[', ']')
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

// appendObject appends an object without the member called without.
func appendObject(dst []byte, c *jsonscan.Cursor, without string) []byte {
	m := printedMembers{open: len(dst), limit: 1 << 10}
	for c.Enter(); c.More(); {
		name := c.Key()
		if without != "" && string(name) == without {
			c.Value()
			continue
		}
		from := len(dst)
		dst = append(AppendString(append(dst, ','), name), ':')
		dst = appendCanonical(dst, c)
		dst = m.add(dst, printed{name, from, len(dst)})
	}
	return enclose(m.settle(dst), m.open, '{', '}')
}

// printed is a member that has been appended, its comma included.
type printed struct {
	name     []byte
	from, to int
}

// printedMembers puts the members of an object into their order once they are
// printed. Of names that come again and again it never holds many.
type printedMembers struct {
	open  int // where the first of them begins
	list  []printed
	mixed bool // they are not in their order
	limit int  // how many may be there before equal names are looked for
}

func (m *printedMembers) add(dst []byte, p printed) []byte {
	if n := len(m.list); n > 0 && bytes.Compare(m.list[n-1].name, p.name) >= 0 {
		m.mixed = true
	}
	m.list = append(m.list, p)
	if m.mixed && len(m.list) == m.limit {
		dst = m.settle(dst)
		m.limit = max(m.limit, 2*len(m.list))
	}
	return dst
}

// settle brings the members into their order, the last of each name.
func (m *printedMembers) settle(dst []byte) []byte {
	if !m.mixed {
		return dst
	}
	m.mixed = false
	slices.Reverse(m.list)
	slices.SortStableFunc(m.list, func(a, b printed) int { return bytes.Compare(a.name, b.name) })
	m.list = slices.CompactFunc(m.list, func(a, b printed) bool { return bytes.Equal(a.name, b.name) })
	was := bytes.Clone(dst[m.open:])
	dst = dst[:m.open]
	for i := range m.list {
		p := &m.list[i]
		text := was[p.from-m.open : p.to-m.open]
		p.from, p.to = len(dst), len(dst)+len(text)
		dst = append(dst, text...)
	}
	return dst
}

// appendNumber appends a JSON number as serde_json reads and prints it: as it is
// if it is an integer of 64 bits, else as the shortest decimal that reads back
// as the same float64, with an exponent below 1e-5 and from 1e16 on.
func appendNumber(dst, raw []byte) []byte {
	if isInteger(raw) {
		return append(dst, raw...)
	}
	_, f, _ := serdejson.Number(raw)
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

// isInteger reports whether a JSON value is an integer of 64 bits.
func isInteger(raw []byte) bool {
	if len(raw) > 0 && raw[0] == '-' {
		_, ok := parseInt64(raw)
		return ok
	}
	_, ok := parseDigits(raw)
	return ok
}

// parseInt64 reads a JSON value as serde_json reads an i64; ok is false if it is
// something else. -0 is a float to it.
func parseInt64(raw []byte) (n int64, ok bool) {
	if len(raw) > 0 && raw[0] == '-' {
		size, ok := parseDigits(raw[1:])
		return -int64(size), ok && size > 0 && size <= 1<<63
	}
	size, ok := parseDigits(raw)
	return int64(size), ok && size < 1<<63
}

// parseDigits reads digits as a number of 64 bits; ok is false if raw is something
// else.
func parseDigits(raw []byte) (n uint64, ok bool) {
	for _, b := range raw {
		digit := uint64(b - '0')
		if digit > 9 || n > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(raw) > 0
}
