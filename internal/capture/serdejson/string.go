package serdejson

import (
	"encoding/binary"
	"math/bits"
)

// string consumes a string, its quotes included. Where strict is not set surrogates
// are not looked at, as in strings that serde_json passes over.
func (r *reader) string(strict bool) {
	r.at++
	for {
		r.plain()
		switch {
		case r.at == len(r.text):
			r.fail(EOFInString, r.at)
			return
		case r.text[r.at] == '"':
			r.at++
			return
		case r.text[r.at] != '\\':
			r.fail(ControlCharacter, r.at+1)
			return
		}
		r.at++
		if r.escape(strict); r.code != sound {
			return
		}
	}
}

// plain passes over what stands for itself: up to a quote, a backslash, a control
// character or the end. It looks at eight bytes at a time.
func (r *reader) plain() {
	text, i := r.text, r.at
	for i+8 <= len(text) {
		if found := special(binary.LittleEndian.Uint64(text[i:])); found != 0 {
			r.at = i + bits.TrailingZeros64(found)>>3
			return
		}
		i += 8
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= ' ' {
		i++
	}
	r.at = i
}

// escape consumes what follows a backslash.
func (r *reader) escape(strict bool) {
	if r.at == len(r.text) {
		r.fail(EOFInString, r.at)
		return
	}
	kind := r.text[r.at]
	r.at++
	switch kind {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		if unit := r.hex(); strict && r.code == sound && unit&0xf800 == 0xd800 {
			r.pair(unit)
		}
	default:
		r.fail(InvalidEscape, r.at)
	}
}

// pair consumes the second half of a surrogate pair, of which first is the first.
func (r *reader) pair(first uint16) {
	if first >= 0xdc00 {
		r.fail(LoneSurrogate, r.at)
		return
	}
	for _, want := range []byte(`\u`) {
		switch {
		case r.at == len(r.text):
			r.fail(EOFInString, r.at)
			return
		case r.text[r.at] != want:
			r.fail(EndOfHexEscape, r.at+1)
			return
		}
		r.at++
	}
	if second := r.hex(); r.code == sound && second&0xfc00 != 0xdc00 {
		r.fail(LoneSurrogate, r.at)
	}
}

// hex consumes four hexadecimal digits.
func (r *reader) hex() (unit uint16) {
	if r.at+4 > len(r.text) {
		r.fail(EOFInString, len(r.text))
		return 0
	}
	for i := range 4 {
		digit := hexDigit(r.text[r.at+i])
		if digit > 15 {
			r.fail(InvalidEscape, r.at+4) // all four are read before any is looked at
			return 0
		}
		unit = unit<<4 | uint16(digit)
	}
	r.at += 4
	return unit
}

func hexDigit(b byte) byte {
	switch {
	case b-'0' <= 9:
		return b - '0'
	case b|0x20-'a' <= 5:
		return b | 0x20 - 'a' + 10
	}
	return 255
}
