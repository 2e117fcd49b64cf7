package traffic

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// person names who sends an event: a rank of the skewed crowd; from the crowd's
// count on, a person who joined during the run, in order of joining; or, with
// hotBit set, an entry of the hot list.
type person uint64

const hotBit person = 1 << 63

// hot tells whether the person is on the hot list.
func (p person) hot() bool { return p&hotBit != 0 }

// population draws persons and names them. It takes the same memory for a
// thousand persons and for a thousand million.
type population struct {
	prefix string // of every id
	crowd  rankedCrowd
	count  int64
	seed   uint64
	style  scenario.IDStyle
	hot    []string // names of the hot list, and of whom fan-in merges join to
	quoted []string // the same as they stand between quotes in JSON
	group  []scenario.Group
}

// newPopulation prepares the draws that t describes.
func newPopulation(t *scenario.Traffic) population {
	d := t.DistinctIDs
	p := population{
		prefix: d.Prefix, crowd: newRankedCrowd(&d, t.Seed), count: d.Count, seed: t.Seed, style: d.Style,
		group: t.Groups,
	}
	for i, h := range d.Hot {
		name := h.ID
		if name == "" {
			name = fmt.Sprintf("hot-%d", i+1)
		}
		p.hot = append(p.hot, name)
	}
	p.hot = append(p.hot, "fan-in")
	for i, name := range p.hot {
		name = p.prefix + name
		p.hot[i] = name
		text := quoted(name)
		p.quoted = append(p.quoted, text[1:len(text)-1])
	}
	return p
}

// quoted returns text as the encoder of events writes it, quotes included.
func quoted(text string) string { return string(capture.AppendString(nil, text)) }

// fanIn is the person that fan-in merges join everybody to.
func (p *population) fanIn() person { return hotBit | person(len(p.hot)-1) }

// draw takes one person from s, of the crowd or of those who joined before.
func (p *population) draw(s *rng.Stream, joined int64) person {
	if joined > 0 {
		if k := int64(s.Below(uint64(p.count + joined))); k >= p.count {
			return person(k)
		}
	}
	return person(p.crowd.draw(s))
}

// appendID appends who's distinct_id. Different persons have different ids,
// because every step from the person to the text can be undone.
func (p *population) appendID(dst []byte, who person) []byte {
	if who.hot() {
		return append(dst, p.hot[who&^hotBit]...)
	}
	dst = append(dst, p.prefix...)
	x := rng.Mix(p.seed + uint64(who))
	switch p.style {
	case scenario.StyleUUID:
		high, low := personUUID(x)
		return capture.AppendUUIDWords(dst, high, low)
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
func personUUID(x uint64) (high, low uint64) {
	y := rng.Mix(x)
	return version4(x&0xffffffff_00000000|y>>32, y<<32|x&0xffffffff)
}

// drawUUID draws a version 4 UUID (RFC 9562, section 5.4), as its words.
func drawUUID(s *rng.Stream) (high, low uint64) { return version4(s.Uint64(), s.Uint64()) }

// version4 makes a UUID of 128 bits, of which six say how it was made, as
// capture.UUID.WithVersion says it.
func version4(high, low uint64) (uint64, uint64) {
	return high&^0xf000 | 0x4000, low&^(3<<62) | 1<<63
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
