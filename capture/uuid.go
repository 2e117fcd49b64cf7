package capture

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// AppendUUID appends u in its hyphenated form of 36 characters, without quotes.
func AppendUUID(dst []byte, u UUID) []byte {
	dst = append(dst, blankUUID...)
	putUUID((*[len(blankUUID)]byte)(dst[len(dst)-len(blankUUID):]), u)
	return dst
}

// blankUUID is what putUUID writes the digits into.
const blankUUID = "00000000-0000-0000-0000-000000000000"

// putUUID writes the digits of u.
func putUUID(text *[len(blankUUID)]byte, u UUID) {
	binary.BigEndian.PutUint64(text[0:], hexDigits(u[0:]))
	middle := hexDigits(u[4:])
	binary.BigEndian.PutUint32(text[9:], uint32(middle>>32))
	binary.BigEndian.PutUint32(text[14:], uint32(middle))
	middle = hexDigits(u[8:])
	binary.BigEndian.PutUint32(text[19:], uint32(middle>>32))
	binary.BigEndian.PutUint32(text[24:], uint32(middle))
	binary.BigEndian.PutUint64(text[28:], hexDigits(u[12:]))
}

// hexDigits returns the eight digits of the first four bytes of s, the first in
// the top byte. It spreads the eight half bytes over eight bytes; to those above
// nine, which carry into bit 4 when six is added, it adds the way from '9' to
// 'a'.
func hexDigits(s []byte) uint64 {
	x := uint64(binary.BigEndian.Uint32(s))
	x = (x<<16 | x) & 0x0000ffff0000ffff
	x = (x<<8 | x) & 0x00ff00ff00ff00ff
	x = (x<<4 | x) & 0x0f0f0f0f0f0f0f0f
	const ones = 0x0101010101010101
	letters := (x + 6*ones) >> 4 & ones
	return x + '0'*ones + letters*('a'-'0'-10)
}

// WithVersion returns u with the six bits that say how it was made (RFC 9562,
// sections 4.1 and 4.2): its version, from 1 to 15, and the variant of that document.
func (u UUID) WithVersion(version int) UUID {
	u[6] = u[6]&0x0f | byte(version)<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String returns u in its hyphenated form.
func (u UUID) String() string { return string(AppendUUID(nil, u)) }

// ParseUUID reads the forms that the endpoint reads: hyphenated, hyphenated in
// braces or behind "urn:uuid:", and 32 bare digits; upper or lower case.
func ParseUUID[T []byte | string](text T) (UUID, error) {
	if len(text) == len(blankUUID) {
		if u, ok := parseHyphenated(text); ok {
			return u, nil
		}
	}
	s := bareUUID(text)
	hyphens := len(s) == 36
	if !hyphens && len(s) != 32 {
		return UUID{}, fmt.Errorf("cannot parse uuid %q: want 32 hexadecimal digits", brief(text))
	}
	var u UUID
	at := 0
	for i := range u {
		if hyphens && (i == 4 || i == 6 || i == 8 || i == 10) {
			if s[at] != '-' {
				return UUID{}, fmt.Errorf("cannot parse uuid %q: want a hyphen before digit %d", brief(text), 2*i)
			}
			at++
		}
		high, low := digit(s[at]), digit(s[at+1])
		if high|low > 15 {
			return UUID{}, fmt.Errorf("cannot parse uuid %q: digits %d and %d are not hexadecimal", brief(text), 2*i, 2*i+1)
		}
		u[i] = high<<4 | low
		at += 2
	}
	return u, nil
}

// parseHyphenated reads the form that nearly all have, of 36 characters: hyphenated,
// without anything around it.
func parseHyphenated[T []byte | string](text T) (u UUID, ok bool) {
	wrong := text[8] ^ '-' | text[13] ^ '-' | text[18] ^ '-' | text[23] ^ '-'
	for i, at := range [len(u)]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := digits[text[at]], digits[text[at+1]]
		wrong |= (high | low) & 0xf0
		u[i] = high<<4 | low
	}
	return u, wrong == 0
}

// digits are the values of hexadecimal digits by their characters, 255 of others.
const digits = none16 + none16 + none16 + "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09" + none6 +
	upTo16 + none16 + upTo16 + none16 + none16 + none16 + none16 + none16 + none16 + none16 + none16 + none16

const (
	none1  = "\xff"
	none6  = none1 + none1 + none1 + none1 + none1 + none1
	none16 = none6 + none6 + none1 + none1 + none1 + none1
	upTo16 = none1 + "\x0a\x0b\x0c\x0d\x0e\x0f" + none6 + none1 + none1 + none1
)

func bareUUID[T []byte | string](s T) T {
	const urn = "urn:uuid:"
	switch {
	case len(s) == 38 && s[0] == '{' && s[37] == '}':
		return s[1:37]
	case len(s) == len(urn)+36 && strings.EqualFold(string(s[:len(urn)]), urn):
		return s[len(urn):]
	}
	return s
}

// digit returns the value of a hexadecimal digit, or 255.
func digit(b byte) byte { return digits[b] }

// brief cuts untrusted text to what fits into a message.
func brief[T []byte | string](s T) string { return string(s[:min(len(s), 64)]) }
