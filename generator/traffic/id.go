package traffic

import (
	"encoding/binary"
	"strconv"

	"rehearse/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// appendID appends who's distinct_id. Different persons have different ids,
// because every step from the person to the text can be undone.
func (p *population) appendID(dst []byte, who person) []byte {
	if who.hot() {
		return append(dst, p.hot[who&^hotBit]...)
	}
	x := rng.Mix(p.seed + uint64(who))
	switch p.style {
	case scenario.StyleUUID:
		return capture.AppendUUID(dst, personUUID(x))
	case scenario.StyleEmail:
		dst = strconv.AppendUint(dst, x, 36)
		return append(dst, "@mail.example.com"...)
	case scenario.StyleNumeric:
		return strconv.AppendUint(dst, x, 10)
	case scenario.StyleLong:
		return appendHex(append(dst, longPrefix...), x)
	}
	return appendHex(append(dst, "user_"...), x)
}

// longPrefix and 16 digits are the 200 characters that the service keeps.
const longPrefix = "https://accounts.example.com/tenants/eu-central/organizations/acme-retail-holding-europe/" +
	"directories/corporate-identities/providers/saml-federation-production/versions/2024-1/subjects/" // 184 characters

// personUUID spreads x over the bits of a version 4 UUID that are free.
func personUUID(x uint64) capture.UUID {
	y := rng.Mix(x)
	return version4(x&0xffffffff_00000000|y>>32, y<<32|x&0xffffffff)
}

// drawUUID draws a version 4 UUID (RFC 9562, section 5.4).
func drawUUID(s *rng.Stream) capture.UUID { return version4(s.Uint64(), s.Uint64()) }

// version4 makes a UUID of 128 bits, of which six say how it was made.
func version4(high, low uint64) (u capture.UUID) {
	binary.BigEndian.PutUint64(u[:8], high&^0xf000|0x4000)
	binary.BigEndian.PutUint64(u[8:], low&^(3<<62)|2<<62)
	return u
}

// appendHex appends x as 16 hexadecimal digits.
func appendHex(dst []byte, x uint64) []byte {
	dst = append(dst, "0000000000000000"...)
	text := (*[16]byte)(dst[len(dst)-16:])
	binary.BigEndian.PutUint64(text[:8], hexDigits(uint32(x>>32)))
	binary.BigEndian.PutUint64(text[8:], hexDigits(uint32(x)))
	return dst
}

// hexDigits returns the eight digits of x, the first in the top byte: it spreads
// the eight half bytes over eight bytes and adds what leads from a digit above
// nine to its letter.
func hexDigits(x uint32) uint64 {
	y := uint64(x)
	y = (y<<16 | y) & 0x0000ffff0000ffff
	y = (y<<8 | y) & 0x00ff00ff00ff00ff
	y = (y<<4 | y) & 0x0f0f0f0f0f0f0f0f
	const ones = 0x0101010101010101
	letters := (y + 6*ones) >> 4 & ones
	return y + '0'*ones + letters*('a'-'0'-10)
}
