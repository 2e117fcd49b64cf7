package deflate

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"math/bits"
)

// Hint says that what stands in a text from At on may have stood there before, where
// the hint before it with the same Key points.
type Hint struct {
	At  uint32 // bytes from the beginning
	Key uint32 // below the number that an encoder was made for
}

// Encoder compresses texts. It is for one goroutine; its memory is kept from text to
// text. The code may be shared.
type Encoder struct {
	code    *HuffmanCode
	last    []int32 // by key: where its last hint points, counted from 1; 0: there was none
	matches []match
}

// match is a stretch of text that stood there before.
type match struct{ at, length, distance int32 }

// What DEFLATE can say (RFC 1951, section 3.2.5).
const (
	farthest = 32 << 10
	longest  = 258
	shortest = 3 // that can be said
)

// worthwhile is the shortest match that is used. What is shorter takes about as many
// bits as its literals.
const worthwhile = 5

// mostCovered is how much of what a hint points at a match may have covered, for the
// hint to be good for what lies behind.
const mostCovered = 32

// NewEncoder returns an encoder for hints with keys below a number.
func NewEncoder(code *HuffmanCode, keys int) *Encoder {
	return &Encoder{code: code, last: make([]int32, keys)}
}

// find notes what of text stood there before. Hints are in the order of their places.
func (e *Encoder) find(text []byte, hints []Hint) []match {
	clear(e.last)
	e.matches = e.matches[:0]
	last, next := e.last, 0 // what lies before next is matched already
	for _, h := range hints {
		at, was := int(h.At), int(last[h.Key])-1
		last[h.Key] = int32(at + 1)
		covered := max(next-at, 0)
		if was < 0 || covered > mostCovered || at <= was || at-was > farthest {
			continue
		}
		at, was = at+covered, was+covered
		n := equal(text, was, at)
		switch {
		case n < worthwhile:
			continue
		case n <= longest:
			e.matches = append(e.matches, match{int32(at), int32(n), int32(at - was)})
		default:
			e.add(at, n, at-was)
		}
		next = at + n
	}
	return e.matches
}

// add notes a match, in pieces that can be said.
func (e *Encoder) add(at, length, distance int) {
	for length > 0 {
		n := min(length, longest)
		if rest := length - n; rest > 0 && rest < shortest {
			n -= shortest - rest
		}
		e.matches = append(e.matches, match{int32(at), int32(n), int32(distance)})
		at, length = at+n, length-n
	}
}

// equal is how many bytes of text are the same from two places on, of which the second is
// the later.
func equal(text []byte, was, at int) (n int) {
	a, b := text[was:], text[at:]
	for n < len(b)-7 && n < len(a)-7 { // the second never ends it: it spares the compiler a check
		x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:])
		if x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// gzipHead begins a stream of RFC 1952: DEFLATE, without a name or a time, compressed
// fast, by an unknown system.
const gzipHead = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"

// AppendGzip appends text as a gzip stream (RFC 1952).
func (e *Encoder) AppendGzip(dst, text []byte, hints []Hint) []byte {
	dst = e.code.appendText(append(dst, gzipHead...), text, e.find(text, hints))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(text))
	return binary.LittleEndian.AppendUint32(dst, uint32(len(text)))
}

// zlibHead begins a stream of RFC 1950: DEFLATE, a window of 32 kB, compressed fast.
const zlibHead = "\x78\x01"

// AppendZlib appends text as a zlib stream (RFC 1950), which HTTP calls deflate.
func (e *Encoder) AppendZlib(dst, text []byte, hints []Hint) []byte {
	dst = e.code.appendText(append(dst, zlibHead...), text, e.find(text, hints))
	return binary.BigEndian.AppendUint32(dst, adler32.Checksum(text))
}
