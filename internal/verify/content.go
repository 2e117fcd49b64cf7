package verify

import (
	"encoding/binary"
	"math"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
)

// The parts of an event's content that are compared, each by a sum of its own.
const (
	partName = iota
	partID
	partProperties
	parts
)

// partNames are the parts in the words of an export.
var partNames = [parts]string{"event", "distinct_id", "properties"}

// sums are wrapping sums of hashes, a part each. The hash of a part of an event is
// tied to its uuid, so that what is exchanged between two events changes the sum.
type sums [parts]uint64

func (s *sums) add(o *sums) {
	for i := range s {
		s[i] += o[i]
	}
}

// scaled is the sum of n equal events.
func (s sums) scaled(n int64) sums {
	for i := range s {
		s[i] *= uint64(n)
	}
	return s
}

// hasher turns the content of events into hashes. It is for one goroutine.
type hasher struct {
	sent  bool                // properties are compared byte for byte
	known map[uint64]struct{} // else: the paths of properties that the run sends
	text  []byte

	learning bool                   // paths that are not known are, from then on
	skips    func(name []byte) bool // properties that are not compared; nil: all that are known are
}

// of returns the hashes of an event's parts.
func (h *hasher) of(u *capture.UUID, name, id, properties []byte) sums {
	key := binary.LittleEndian.Uint64(u[:8]) ^ binary.LittleEndian.Uint64(u[8:])*0x9e3779b97f4a7c15
	s := sums{partName: xxh3.HashSeed(name, key), partID: xxh3.HashSeed(id, key+1)}
	if h.sent {
		s[partProperties] = xxh3.HashSeed(properties, key+2)
		return s
	}
	var pair [16]byte
	binary.LittleEndian.PutUint64(pair[:], h.object(properties, 0))
	binary.LittleEndian.PutUint64(pair[8:], key+2)
	s[partProperties] = xxh3.Hash(pair[:])
	return s
}

// object returns the sum over the values of an object of which the run sends the
// path, however they are ordered and written: a pipeline may add to properties, and
// rewrites them.
func (h *hasher) object(text []byte, path uint64) (sum uint64) {
	eachMember(text, func(name, value []byte) {
		if path == 0 && h.skips != nil && h.skips(name) {
			return
		}
		at := h.path(name, path)
		switch {
		case value[0] == '{':
			sum += h.object(value, at)
		case h.sends(at):
			sum += h.value(value, at)
		}
	})
	return sum
}

// path stands for a member of what another path stands for.
func (h *hasher) path(name []byte, above uint64) uint64 {
	return xxh3.HashSeed(h.unescaped(name), above+1)
}

// sends tells whether the run sends properties under a path.
func (h *hasher) sends(path uint64) bool {
	_, known := h.known[path]
	if !known && h.learning {
		h.known[path] = struct{}{}
	}
	return known || h.learning
}

// learn adds the paths of an object's values.
func (h *hasher) learn(text []byte, path uint64) {
	eachMember(text, func(name, value []byte) {
		at := h.path(name, path)
		if path == 0 && moved(name) {
			return
		}
		if value[0] == '{' {
			h.learn(value, at)
			return
		}
		h.known[at] = struct{}{}
	})
}

// moved tells whether a pipeline takes a property out of the properties and stores it
// elsewhere: the elements of a click have a column of their own (plugin-server
// process-event.ts, elements_chain).
func moved(name []byte) bool { return string(name) == "$elements" || string(name) == "$elements_chain" }

// value returns the hash of a value that is no object of its own path.
func (h *hasher) value(value []byte, seed uint64) uint64 {
	switch first := value[0]; {
	case first == '"':
		return xxh3.HashSeed(h.unescaped(value[1:len(value)-1]), seed+2)
	case first == '[':
		sum := seed
		eachElement(value, func(element []byte) { sum = sum*0x9e3779b97f4a7c15 + h.value(element, seed+6) })
		return sum
	case first == '{':
		sum := seed + 3
		eachMember(value, func(name, member []byte) { sum += h.value(member, h.path(name, seed)) })
		return sum
	case first == '-' || first-'0' <= 9:
		var bits [8]byte
		binary.LittleEndian.PutUint64(bits[:], math.Float64bits(number(value)))
		return xxh3.HashSeed(bits[:], seed+4)
	}
	return xxh3.HashSeed(value, seed+5)
}

// unescaped is the text of a string without its quotes. It is good until the next.
func (h *hasher) unescaped(inside []byte) []byte {
	h.text = appendUnescaped(h.text[:0], inside)
	return h.text
}
