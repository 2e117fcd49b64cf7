package traffic

import (
	"encoding/binary"
	"slices"
	"strconv"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
)

// properties are those of one kind of event, compiled into parts that are
// rendered in place one after the other.
type properties struct {
	parts []valuePart
	fixed int // of the parts, the first that an event too small for all leaves out
	most  int // bytes that all parts together can take, and what copying in strides touches behind them

	personless     bool   // whether the event acts on a person is not for the scenario to say
	filler, excess string // how the properties begin that make an event as large as drawn, or too large
}

// valuePart is constant text and one value after it.
type valuePart struct {
	op      op
	member  bool     // a member of the object begins here
	places  uint8    // behind the decimal point, of a number
	text    constant // before the value; choices hold it themselves
	choices choices
	weights weightedSampler // nil: every choice is as likely
	low     int64           // of a number, or of words
	span    uint64          // to low+span-1
	size    int             // of the whole member at most, at its beginning
}

// op says what the value of a part is.
type op uint8

const (
	opText    op = iota // none
	opChoice            // one of the choices
	opNumber            // a number
	opWords             // words, separated by spaces
	opSession           // the uuid of the session
	opDevice            // the uuid of the person's device
	opUUID              // a uuid of its own
	opGroup             // the number of the person's group, below span
)

// append appends the members of a JSON object, without its braces, as long as what
// stands behind base stays within limit; members that must be there do not ask.
func (sh *properties) append(dst []byte, base int, k *valueRNG, limit int) []byte {
	dst = slices.Grow(dst, sh.most)
	for i := range sh.parts {
		p := &sh.parts[i]
		if p.member && len(dst)-base+p.size > limit && i >= sh.fixed {
			return dst
		}
		if p.op == opChoice {
			dst = p.choices.put(dst, p.choose(k), k.hints)
			continue
		}
		dst = p.text.put(dst, k.hints)
		if p.op != opText {
			dst = p.appendValue(dst, k)
		}
	}
	return dst
}

// choose draws the index of a choice.
func (p *valuePart) choose(k *valueRNG) int {
	if p.weights != nil {
		return p.weights.draw(&k.s)
	}
	return int(k.below(uint64(len(p.choices.marks))))
}

// appendValue appends what is no choice.
func (p *valuePart) appendValue(dst []byte, k *valueRNG) []byte {
	switch p.op {
	case opNumber:
		return p.appendNumber(dst, p.low+int64(k.below(p.span)))
	case opWords:
		return appendWords(dst, p.low+int64(k.below(p.span)), k)
	case opSession:
		s := rng.NewStream(k.seed^sessionSalt, k.session)
		k.hints.recent(len(dst), k.session)
		return appendUUID(dst, &s)
	case opDevice:
		s := rng.NewStream(k.seed^deviceSalt, uint64(k.who))
		k.hints.recent(len(dst), uint64(k.who)^deviceSalt)
		return appendUUID(dst, &s)
	case opUUID:
		return appendUUID(dst, &k.s)
	case opGroup:
		s := rng.NewStream(k.seed^groupSalt, uint64(k.who))
		return strconv.AppendUint(dst, s.Below(p.span), 10)
	}
	return dst
}

// appendNumber appends n in the units of the part.
func (p *valuePart) appendNumber(dst []byte, n int64) []byte {
	if p.places > 0 {
		return appendDecimal(dst, n, int(p.places))
	}
	return appendInteger(dst, n)
}

// appendUUID appends a version 4 UUID that is drawn.
func appendUUID(dst []byte, s *rng.Stream) []byte {
	high, low := drawUUID(s)
	return capture.AppendUUIDWords(dst, high, low)
}

// appendInteger appends n. Of one of up to five digits, as most are, how many there are is a
// branch, so that what is written behind does not wait for them.
func appendInteger(dst []byte, n int64) []byte {
	if n < 0 || n > 99_999 {
		return strconv.AppendInt(dst, n, 10)
	}
	digits := 5
	switch {
	case n < 10:
		digits = 1
	case n < 100:
		digits = 2
	case n < 1000:
		digits = 3
	case n < 10_000:
		digits = 4
	}
	// None of the divisions, which are multiplications, waits for another.
	a, b, c, d, e := uint64(n), uint64(n)/10, uint64(n)/100, uint64(n)/1000, uint64(n)/10_000
	x := e | (d-10*e)<<8 | (c-10*d)<<16 | (b-10*c)<<24 | (a-10*b)<<32
	length := len(dst) + digits
	return binary.LittleEndian.AppendUint64(dst, (x+0x30_30303030)>>(40-8*digits))[:length]
}

// appendDecimal appends n units of the last of some decimal places.
func appendDecimal(dst []byte, n int64, places int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	unit := int64(1)
	for range places {
		unit *= 10
	}
	dst = append(strconv.AppendInt(dst, n/unit, 10), '.')
	for rest := n % unit; unit > 1; rest %= unit {
		unit /= 10
		dst = append(dst, byte('0'+rest/unit))
	}
	return dst
}

// appendWords appends n words.
func appendWords(dst []byte, n int64, k *valueRNG) []byte {
	for i := range n {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, syllables[k.small(uint64(len(syllables)))]...)
		dst = append(dst, syllables[k.small(uint64(len(syllables)))]...)
	}
	return dst
}

// valueRNG is what the values of one event are drawn from.
type valueRNG struct {
	s       rng.Stream
	bits    uint64 // left of a number that was drawn for four small ones
	left    int
	seed    uint64
	who     person
	session uint64 // names the session that the event belongs to
	hints   *Hints // nil: nobody compresses
}

// small returns a uniform number in [0, n) for n up to smallest; each is favoured
// by at most n/2^16.
func (k *valueRNG) small(n uint64) uint64 {
	if k.left == 0 {
		k.bits, k.left = k.s.Uint64(), 4
	}
	r := k.bits & 0xffff * n >> 16
	k.bits >>= 16
	k.left--
	return r
}

// smallest is below what numbers are cheap to draw.
const smallest = 256

// below returns a uniform number in [0, n).
func (k *valueRNG) below(n uint64) uint64 {
	if n <= smallest {
		return k.small(n)
	}
	return k.s.Below(n)
}

// syllables are what words are made of.
var syllables = []string{
	"ba", "cor", "den", "el", "fi", "gra", "hon", "is", "jo", "kel", "lu", "mar", "no",
	"or", "pi", "qua", "ren", "sol", "ti", "um", "ver", "wen", "xi", "yor", "zu",
}
