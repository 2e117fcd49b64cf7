package capture

import (
	"encoding/binary"
	"unicode/utf8"
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
