package generator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/internal/rng"
	"rehearse/recording"
	"rehearse/scenario"
)

// pseudonyms hides who and what recorded events tell of. What is equal stays
// equal: ids keep about their length and are the same wherever they stand, so that
// merges still join the same persons and events belong to the same groups; sessions
// stay UUIDs, addresses those of their family. Other values keep their type, length
// and shape, and so do names of events and properties that hold an address, a number or
// the event's distinct_id. Other names stay, whatever they say: a name that a customer
// put into one cannot be told from a programmer's. So do truth values, and the values of
// the properties that are kept. It is keyed: without the key nobody can try out which
// id a pseudonym stands for. It is safe for many goroutines.
type pseudonyms struct {
	key  [32]byte
	keep []string
}

// newPseudonyms returns the masks that r asks for, nil if it asks for none.
func newPseudonyms(r *scenario.Replay) (*pseudonyms, error) {
	if !r.Pseudonymize {
		return nil, nil
	}
	p := &pseudonyms{keep: append([]string{"$group_type"}, r.Keep...)}
	if key := r.Key.Reveal(); key != "" {
		p.key = sha256.Sum256([]byte(key))
		return p, nil
	}
	if _, err := rand.Read(p.key[:]); err != nil {
		return nil, fmt.Errorf("cannot make a key for the pseudonyms: %w", err)
	}
	return p, nil
}

// mask replaces what e tells by pseudonyms, in the buffers of w.
func (p *pseudonyms) mask(e *capture.Event, w *Workbench) {
	own := e.DistinctID
	w.ids = p.appendID(w.ids[:0], own)
	id := len(w.ids)
	if recording.IsPersonal(e.Name) || holds(e.Name, own) {
		w.ids = p.appendText(w.ids, e.Name)
		e.Name = w.ids[id:]
	}
	e.DistinctID = w.ids[:id]
	h := p.hash(e.UUID[:])
	copy(e.UUID[:], h[:])
	e.UUID[6] = e.UUID[6]&0x0f | 0x80
	e.UUID[8] = e.UUID[8]&0x3f | 0x80
	w.masking.pseudonyms = p
	w.props = w.masking.properties(w.props[:0], e.Properties, own)
	e.Properties = w.props
}

// hash is a keyed hash of an id: SHA-256 over the key and the id. The key comes
// first and has a fixed length, and nobody sees a whole hash, so that the simple
// form is as good as HMAC here.
func (p *pseudonyms) hash(id []byte) [32]byte {
	var buffer [256]byte
	return sha256.Sum256(append(append(buffer[:0], p.key[:]...), id...))
}

// shortest is how long a pseudonym is at least, so that no two ids share one.
const shortest = 16

// appendID appends the pseudonym of a distinct_id: of the form of a UUID if it
// has that form, else letters and digits, as many as it had but at least 16.
func (p *pseudonyms) appendID(dst, id []byte) []byte {
	h := p.hash(id)
	if isUUID(id) {
		return appendLike(dst, id, capture.UUID(h[:16]))
	}
	s := rng.NewStream(binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:]))
	for n := min(max(len(id), shortest), capture.MaxDistinctID); n > 0; n-- {
		dst = append(dst, alphanumeric[s.Below(uint64(len(alphanumeric)))])
	}
	return dst
}

// appendSession appends the pseudonym of a session: another UUID of the same version.
// That of version 7 keeps its time, which the events of the session have anyway: the
// pipeline sorts sessions by it.
func (p *pseudonyms) appendSession(dst, id []byte) []byte {
	h := p.hash(id)
	u := capture.UUID(h[:16])
	if was, err := capture.ParseUUID(id); err == nil && was[6]>>4 == 7 {
		copy(u[:6], was[:6])
	}
	return appendLike(dst, id, u)
}

// appendLike appends a UUID with the version and variant of another, and written like
// it: with hyphens or without.
func appendLike(dst, other []byte, u capture.UUID) []byte {
	if was, err := capture.ParseUUID(other); err == nil {
		u[6] = u[6]&0x0f | was[6]&0xf0
		u[8] = u[8]&0x3f | was[8]&0xc0
	}
	if len(other) == 32 {
		return hex.AppendEncode(dst, u[:])
	}
	return capture.AppendUUID(dst, u)
}

// isUUID reports whether an id has the form of a UUID. Texts that are too short are
// not asked about: an error costs more than the rest.
func isUUID(id []byte) bool {
	if len(id) < 32 {
		return false
	}
	_, err := capture.ParseUUID(id)
	return err == nil
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"

// flagPrefix begins the property that tells the value of a feature flag.
const flagPrefix = "$feature/"

// isName reports whether the name of a member looks like one that a programmer
// chose, rather than like data: an address, a number, a sentence.
func isName(name []byte) bool {
	if len(name) > len(flagPrefix) && string(name[:len(flagPrefix)]) == flagPrefix {
		name = name[len(flagPrefix):]
	}
	digits := 0
	for i := range len(name) {
		switch b := name[i] | 0x20; {
		case name[i]-'0' <= 9:
			digits++
		case b-'a' <= 'z'-'a', name[i] == '_', name[i] == '$', name[i] == '-', name[i] == '.':
		default:
			return false
		}
	}
	return len(name) <= 64 && digits <= 4
}

// appendText appends a text of the same length and shape: letters for letters,
// digits for digits, x for any other letter, the rest as it is. A time becomes
// another one.
func (p *pseudonyms) appendText(dst, text []byte) []byte {
	s := p.stream(text)
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
	_, ok := recording.ParseText(text)
	return ok
}

// stream is where the letters and digits of a value's mask are drawn from.
// It needs to be fast more than to withstand attacks: what is drawn from it is
// far less than what went in, and the seed is a secret.
func (p *pseudonyms) stream(text []byte) rng.Stream {
	h := xxh3.Hash128Seed(text, binary.LittleEndian.Uint64(p.key[:]))
	return rng.NewStream(h.Hi^binary.LittleEndian.Uint64(p.key[8:]), h.Lo)
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
func (p *pseudonyms) appendNumber(dst, number []byte) []byte {
	s := p.stream(number)
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
