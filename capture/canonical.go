package capture

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"rehearse/capture/serdejson"
	"rehearse/internal/jsonscan"
)

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
