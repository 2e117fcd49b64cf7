package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"rehearse/internal/jsonscan"
)

// distinctID returns the id that the service ingests for a distinct_id as it
// was written, or why there is none (common/types event.rs): the text of a
// string, the JSON of anything else; NUL becomes U+FFFD; nothing but white space
// counts as nothing; what follows the 200th character is cut off.
func distinctID(written []byte) ([]byte, *Refusal) {
	if len(written) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	id := stringify(written)
	if bytes.IndexByte(id, 0) >= 0 {
		id = bytes.ReplaceAll(id, []byte{0}, []byte("\uFFFD"))
	}
	if len(bytes.TrimSpace(id)) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	return firstRunes(id, MaxDistinctID), nil
}

// distinctID2024 does it as the 2024 generation did.
func distinctID2024(written []byte) ([]byte, *Refusal) {
	if len(written) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	id := stringify(written)
	if len(id) == 0 {
		return nil, refuse(400, textEmptyID2024)
	}
	return firstRunes(id, MaxDistinctID), nil
}

// stringify returns the text of an id.
func stringify(written []byte) []byte {
	if written[0] == '"' {
		return jsonscan.Unquote(written)
	}
	return appendCanonical(make([]byte, 0, len(written)), jsonscan.New(written))
}

// firstRunes returns the first n characters of s.
func firstRunes(s []byte, n int) []byte {
	if len(s) <= n {
		return s
	}
	end := 0
	for ; n > 0 && end < len(s); n-- {
		_, size := utf8.DecodeRune(s[end:])
		end += size
	}
	return s[:end]
}

// checkToken returns token without surrounding white space, or the refusal of
// one whose shape is wrong. It is not looked up: a well-formed unknown token
// passes (capture token.rs, whose order of checks this keeps).
func checkToken(token []byte) ([]byte, *Refusal) {
	token = bytes.TrimSpace(token)
	if refusal := checkShape(token); refusal != nil {
		return nil, refusal
	}
	if bytes.IndexByte(token, 0) >= 0 {
		return nil, refuse(401, textBadToken+"null_byte")
	}
	return token, nil
}

// checkShape makes the checks that the 2024 generation made: it neither trimmed
// nor looked for NUL.
func checkShape(token []byte) *Refusal {
	switch {
	case len(token) == 0:
		return refuse(401, textBadToken+"empty")
	case len(token) > MaxToken:
		return refuse(401, textBadToken+"too_long")
	case !isASCII(token):
		return refuse(401, textBadToken+"not_ascii")
	case bytes.HasPrefix(token, []byte("phx_")):
		return refuse(401, textBadToken+"personal_api_key")
	}
	return nil
}

func isASCII(s []byte) bool {
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// UUID is the event's identifier for deduplication.
type UUID [16]byte

// Words returns u as two numbers, of which the first has its first bytes.
func (u UUID) Words() (high, low uint64) {
	return binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
}

// SetWords makes u what Words returns.
func (u *UUID) SetWords(high, low uint64) {
	binary.BigEndian.PutUint64(u[:8], high)
	binary.BigEndian.PutUint64(u[8:], low)
}

// AppendUUID appends u in its hyphenated form of 36 characters, without quotes.
func AppendUUID(dst []byte, u UUID) []byte {
	high, low := u.Words()
	return AppendUUIDWords(dst, high, low)
}

// AppendUUIDWords is AppendUUID of what UUID.Words returns.
func AppendUUIDWords(dst []byte, high, low uint64) []byte {
	dst = append(dst, blankUUID...)
	putUUID((*[len(blankUUID)]byte)(dst[len(dst)-len(blankUUID):]), high, low)
	return dst
}

// blankUUID is what putUUID writes the digits into.
const blankUUID = "00000000-0000-0000-0000-000000000000"

// putUUID writes the digits of a UUID, given as its words: a processor waits when it reads
// bytes in one piece that it has just written in several.
func putUUID(text *[len(blankUUID)]byte, high, low uint64) {
	binary.BigEndian.PutUint64(text[0:], hexDigits(uint32(high>>32)))
	middle := hexDigits(uint32(high))
	binary.BigEndian.PutUint32(text[9:], uint32(middle>>32))
	binary.BigEndian.PutUint32(text[14:], uint32(middle))
	middle = hexDigits(uint32(low >> 32))
	binary.BigEndian.PutUint32(text[19:], uint32(middle>>32))
	binary.BigEndian.PutUint32(text[24:], uint32(middle))
	binary.BigEndian.PutUint64(text[28:], hexDigits(uint32(low)))
}

// hexDigits returns the eight digits of four bytes, the first in the top byte. It
// spreads the eight half bytes over eight bytes; to those above nine, which carry into
// bit 4 when six is added, it adds the way from '9' to 'a'.
func hexDigits(four uint32) uint64 {
	x := uint64(four)
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
			return UUID{}, fmt.Errorf("cannot parse uuid %q: digits %d and %d are not hexadecimal",
				brief(text), 2*i, 2*i+1)
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
