package anonymize

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"rehearse/internal/recording/event"
	"rehearse/internal/rng"
)

// appendText appends a text of the same length and shape: letters for letters,
// digits for digits, x for any other letter, the rest as it is. A time becomes
// another one.
func (a *Anonymizer) appendText(dst, text []byte) []byte {
	s := a.stream(text)
	if looksLikeTime(text) {
		return appendOtherTime(dst, text, &s)
	}
	drawn := uint64(0) // a byte of it a letter
	for i, b := range text {
		if i%8 == 0 {
			drawn = s.Uint64()
		}
		part := drawn & 0xff
		drawn >>= 8
		switch {
		case b-'0' <= 9:
			dst = append(dst, '0'+byte(part*10>>8))
		case b|0x20-'a' < 26:
			dst = append(dst, b&0x20|0x41+byte(part*26>>8))
		case b < 0x80:
			dst = append(dst, b)
		case b >= 0xc0: // the first byte of a character
			dst = append(dst, 'x')
		}
	}
	return dst
}

// looksLikeTime reports whether a text is a time of this century or the last, or
// a number of seconds or milliseconds since 1970.
func looksLikeTime(text []byte) bool {
	if len(text) < 10 || text[0] != '1' && text[0] != '2' || text[1]-'0' > 9 {
		return false
	}
	_, ok := event.ParseText(text)
	return ok
}

// appendOtherTime appends another time that is written in the same way: of the
// same century, between the 10th and the 19th of a month, in the same zone. A
// number since 1970 keeps its first digit.
func appendOtherTime(dst, text []byte, s *rng.Stream) []byte {
	start := len(dst)
	dst = append(dst, text...)
	if len(text) < 10 || text[4] != '-' {
		for i := start + 1; i < len(dst); i++ {
			dst[i] = drawDigit(dst[i], 10, s)
		}
		return dst
	}
	other := dst[start:]
	for _, at := range [...]int{2, 3, 9, 12, 15, 18} {
		if at < len(other) {
			other[at] = drawDigit(other[at], 10, s)
		}
	}
	copy(other[4:], "-0")
	other[6] = '1' + byte(s.Below(9))
	other[8] = '1'
	if len(other) > 18 {
		other[11] = '1'
		other[14], other[17] = drawDigit('0', 6, s), drawDigit('0', 6, s)
	}
	for i := 20; i < len(other) && other[i]-'0' <= 9; i++ {
		other[i] = drawDigit(other[i], 10, s)
	}
	return dst
}

// drawDigit returns a digit below n in the place of a digit, anything else as it is.
func drawDigit(b byte, n uint64, s *rng.Stream) byte {
	if b-'0' > 9 {
		return b
	}
	return '0' + byte(s.Below(n))
}

// appendNumber appends a number with as many digits, in the same places.
func (a *Anonymizer) appendNumber(dst, number []byte) []byte {
	s := a.stream(number)
	first, exponent := true, false
	for _, b := range number {
		if exponent || b-'0' > 9 {
			exponent = exponent || b|0x20 == 'e'
			dst = append(dst, b)
			continue
		}
		d := byte(s.Below(10))
		if first { // no number begins with a zero that goes on
			d = 1 + byte(s.Below(9))
		}
		dst, first = append(dst, '0'+d), false
	}
	return dst
}

// isAddress reports whether a text is an IP address: four numbers with dots, or the
// groups of IPv6 (RFC 4291, section 2.2).
func isAddress(text []byte) bool {
	if len(text) < 2 || len(text) > 45 {
		return false
	}
	if bytes.IndexByte(text, ':') >= 0 {
		return isIPv6(text)
	}
	return isIPv4(text)
}

// isIPv4 reports whether a text is four numbers up to 255.
func isIPv4(text []byte) bool {
	for i := range 4 {
		end := bytes.IndexByte(text, '.')
		if i == 3 {
			end = len(text)
		}
		if end < 1 || end > 3 {
			return false
		}
		n := 0
		for _, b := range text[:end] {
			if b-'0' > 9 {
				return false
			}
			n = 10*n + int(b-'0')
		}
		if n > 255 {
			return false
		}
		text = text[min(end+1, len(text)):]
	}
	return true
}

// isIPv6 reports whether a text is eight groups of up to four digits, or fewer with
// two colons for those that are left out; the last two may be an IPv4 address.
func isIPv6(text []byte) bool {
	before, after, short := bytes.Cut(text, []byte("::"))
	n, sound := groupsOf(before)
	more, end := groupsOf(after)
	if short {
		return sound && end && n+more < 8
	}
	return sound && n == 8
}

// groupsOf is how many groups of an IPv6 address a text is.
func groupsOf(text []byte) (n int, sound bool) {
	for more := len(text) > 0; more; {
		var group []byte
		group, text, more = bytes.Cut(text, []byte{':'})
		switch {
		case !more && isIPv4(group):
			n += 2
		case len(group) < 1 || len(group) > 4 || !isHex(group):
			return 0, false
		default:
			n++
		}
	}
	return n, true
}

// isHex reports whether all of a text are hexadecimal digits.
func isHex(text []byte) bool {
	for _, b := range text {
		if b-'0' > 9 && b|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

// appendAddress appends another address of the same family: of IPv4 one that a
// host can have and that is not private, of IPv6 one that is set aside for documentation
// (RFC 3849), where there is room enough for no two to meet.
func (a *Anonymizer) appendAddress(dst, address []byte) []byte {
	s := a.stream(address)
	drawn := s.Uint64()
	if bytes.IndexByte(address, ':') < 0 {
		dst = strconv.AppendUint(dst, 20+drawn%80, 10)
		for shift := 16; shift <= 32; shift += 8 {
			octet := drawn >> shift & 0xff
			if shift == 32 {
				octet = 1 + octet%254 // no host has 0 or 255
			}
			dst = strconv.AppendUint(append(dst, '.'), octet, 10)
		}
		return dst
	}
	var tail [12]byte
	binary.BigEndian.PutUint64(tail[:], drawn)
	binary.BigEndian.PutUint32(tail[8:], uint32(s.Uint64()))
	dst = append(dst, "2001:db8"...)
	for i := 0; i < len(tail); i += 2 {
		dst = strconv.AppendUint(append(dst, ':'), uint64(binary.BigEndian.Uint16(tail[i:])), 16)
	}
	return dst
}
