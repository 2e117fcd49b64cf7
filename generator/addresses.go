package generator

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

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
func (p *pseudonyms) appendAddress(dst, address []byte) []byte {
	s := p.stream(address)
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
