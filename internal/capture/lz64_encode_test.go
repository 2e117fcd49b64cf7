package capture

import (
	"unicode/utf16"
	"unicode/utf8"
)

// lz64Encoder writes what lz-string's compressToBase64 makes of a text, unit for
// unit; lz64 has the code. The zero value is ready to use.
type lz64Encoder struct {
	dst  []byte
	bits uint // not written yet
	held uint // how many

	codes   map[uint64]uint // of phrases, by the code of all but the last unit and that unit
	unsaid  map[uint16]bool // units that have a code and were not put out yet
	free    uint            // the next code
	width   uint            // bits of a code
	spare   uint            // codes to come before they grow by a bit
	phrase  uint            // the code of the phrase that is being matched
	first   uint16          // its only unit, if it has no more
	started bool
}

// Append appends the digits for text, which is taken as UTF-8: a byte that is
// none stands for U+FFFD.
func (z *lz64Encoder) Append(dst, text []byte) []byte {
	z.reset(dst)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			z.take(uint16(high))
			r = low
		}
		z.take(uint16(r))
	}
	if z.started {
		z.say()
	}
	z.put(lz64End, z.width)
	return z.finish(len(dst))
}

// reset makes z ready for another text.
func (z *lz64Encoder) reset(dst []byte) {
	codes, unsaid := z.codes, z.unsaid
	if codes == nil {
		codes, unsaid = map[uint64]uint{}, map[uint16]bool{}
	}
	clear(codes)
	clear(unsaid)
	*z = lz64Encoder{dst: dst, codes: codes, unsaid: unsaid, free: lz64Free, width: 2, spare: 2}
}

// noPrefix is what stands for the prefix of a single unit: no phrase has that code.
const noPrefix = lz64End

// phraseKey is the key in codes of a phrase and one unit more.
func phraseKey(prefix uint, unit uint16) uint64 { return uint64(prefix)<<16 | uint64(unit) }

// take reads one unit: the phrase goes on if it is known with it, else it is put
// out, learned with the unit, and begins again.
func (z *lz64Encoder) take(unit uint16) {
	single, known := z.codes[phraseKey(noPrefix, unit)]
	if !known {
		single = z.learn(phraseKey(noPrefix, unit))
		z.unsaid[unit] = true
	}
	if !z.started {
		z.started, z.phrase, z.first = true, single, unit
		return
	}
	longer := phraseKey(z.phrase, unit)
	if code, known := z.codes[longer]; known {
		z.phrase = code
		return
	}
	z.say()
	z.learn(longer)
	z.phrase, z.first = single, unit
}

// learn gives a phrase the next code.
func (z *lz64Encoder) learn(key uint64) uint {
	code := z.free
	z.codes[key] = code
	z.free++
	return code
}

// say puts out the phrase: its code, or the unit that it is if that was never put
// out before.
func (z *lz64Encoder) say() {
	if z.unsaid[z.first] && z.codes[phraseKey(noPrefix, z.first)] == z.phrase {
		delete(z.unsaid, z.first)
		if z.first < 256 {
			z.put(lz64Byte, z.width)
			z.put(uint(z.first), 8)
		} else {
			z.put(lz64Unit, z.width)
			z.put(uint(z.first), 16)
		}
		z.grow()
	} else {
		z.put(z.phrase, z.width)
	}
	z.grow()
}

// grow counts a code that the other side has learned.
func (z *lz64Encoder) grow() {
	if z.spare--; z.spare == 0 {
		z.spare = 1 << z.width
		z.width++
	}
}

// put appends n bits of value, the lowest first.
func (z *lz64Encoder) put(value, n uint) {
	for range n {
		z.bits = z.bits<<1 | value&1
		value >>= 1
		if z.held++; z.held == 6 {
			z.dst = append(z.dst, base64Digits[z.bits])
			z.bits, z.held = 0, 0
		}
	}
}

// finish writes the last bits, one digit more than they need, and pads the text.
func (z *lz64Encoder) finish(from int) []byte {
	z.dst = append(z.dst, base64Digits[z.bits<<(6-z.held)])
	for n := len(z.dst) - from; n%4 != 0; n++ {
		z.dst = append(z.dst, '=')
	}
	dst := z.dst
	z.dst = nil
	return dst
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
