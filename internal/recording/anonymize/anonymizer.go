package anonymize

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/internal/recording/event"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// Anonymizer hides who and what recorded events tell of. What is equal stays
// equal: ids keep about their length and are the same wherever they stand, so that
// merges still join the same persons and events belong to the same groups; sessions
// stay UUIDs, addresses those of their family. Other values keep their type, length
// and shape, and so do names of events and properties that hold an address, a number or
// the event's distinct_id. Other names stay, whatever they say: a name that a customer
// put into one cannot be told from a programmer's. So do truth values, and the values of
// the properties that are kept. It is keyed: without the key nobody can try out which
// id a pseudonym stands for. It is safe for many goroutines.
type Anonymizer struct {
	key  [32]byte
	keep []string
}

// New returns what hides the data of a replay, nil if r does not ask for it. Without
// replay.key the key is random: another run makes other pseudonyms.
func New(r *scenario.Replay) (*Anonymizer, error) {
	if !r.Pseudonymize {
		return nil, nil
	}
	a := &Anonymizer{keep: append([]string{"$group_type"}, r.Keep...)}
	if key := r.Key.Reveal(); key != "" {
		a.key = sha256.Sum256([]byte(key))
		return a, nil
	}
	if _, err := rand.Read(a.key[:]); err != nil {
		return nil, fmt.Errorf("cannot make a key for the pseudonyms: %w", err)
	}
	return a, nil
}

// Scratch is the memory of one goroutine that masks events. The zero value is ready.
type Scratch struct {
	ids        []byte // backs the distinct_id, and the name where it is masked
	properties []byte
	walk       walker
}

// Mask replaces what e tells by pseudonyms. The slices of e are those of s afterwards,
// valid until the next event.
func (a *Anonymizer) Mask(e *capture.Event, s *Scratch) {
	own := e.DistinctID
	s.ids = a.appendID(s.ids[:0], own)
	id := len(s.ids)
	if event.IsPersonal(e.Name) || holds(e.Name, own) {
		s.ids = a.appendText(s.ids, e.Name)
		e.Name = s.ids[id:]
	}
	e.DistinctID = s.ids[:id]
	h := a.hash(e.UUID[:])
	e.UUID = capture.UUID(h[:len(e.UUID)]).WithVersion(8)
	s.walk.Anonymizer = a
	s.properties = s.walk.mask(s.properties[:0], e.Properties, own)
	e.Properties = s.properties
}

// hash is a keyed hash of an id: SHA-256 over the key and the id. The key comes
// first and has a fixed length, and nobody sees a whole hash, so that the simple
// form is as good as HMAC here.
func (a *Anonymizer) hash(id []byte) [32]byte {
	var buffer [256]byte
	return sha256.Sum256(append(append(buffer[:0], a.key[:]...), id...))
}

// shortest is how long a pseudonym is at least, so that no two ids share one.
const shortest = 16

// appendID appends the pseudonym of a distinct_id: of the form of a UUID if it
// has that form, else letters and digits, as many as it had but at least 16.
func (a *Anonymizer) appendID(dst, id []byte) []byte {
	h := a.hash(id)
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
func (a *Anonymizer) appendSession(dst, id []byte) []byte {
	h := a.hash(id)
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

// stream is where the letters and digits of a value's mask are drawn from.
// It needs to be fast more than to withstand attacks: what is drawn from it is
// far less than what went in, and the seed is a secret.
func (a *Anonymizer) stream(text []byte) rng.Stream {
	h := xxh3.Hash128Seed(text, binary.LittleEndian.Uint64(a.key[:]))
	return rng.NewStream(h.Hi^binary.LittleEndian.Uint64(a.key[8:]), h.Lo)
}
