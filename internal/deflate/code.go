package deflate

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// HuffmanCode is how literals, lengths and distances are written as bits. It is not changed
// once made, and may be used by many goroutines.
type HuffmanCode struct {
	literals  [256]word
	pairs     []word // of two literals, by the number that their bytes are, the first in its low byte
	lengths   [longest + 1]word
	distances [2 * distanceSlots]distance
	end       word
	head      []byte // of a stream up to the first literal, and a last byte that is not full
	headBits  int    // of that byte
}

// word is a number of bits: how many in the top six, the bits themselves below.
type word uint32

// lengthShift is where the number of bits stands in a word.
const lengthShift = 26

// newWord returns n bits as a word.
func newWord(value uint32, n int) word { return word(value | uint32(n)<<lengthShift) }

// bits and size are what a word holds.
func (w word) bits() uint64 { return uint64(w) & (1<<lengthShift - 1) }
func (w word) size() uint   { return uint(w >> lengthShift) }

// distanceSlots is how many distances have a slot of their own. Those beyond have one
// for every distanceSlots/2 of them.
const distanceSlots = 256

// distance is how the distances of a slot are written: a word, and behind it how far
// they are from the first, in so many bits.
type distance struct {
	word  word
	first uint16
	extra uint8
}

// slot is where a distance stands in a table of them.
func slot(d int32) int32 {
	if d <= distanceSlots {
		return d - 1
	}
	return distanceSlots + (d-1)>>7
}

// Numbers of the two alphabets (RFC 1951, section 3.2.5).
const (
	endOfBlock      = 256
	literalSymbols  = 286
	distanceSymbols = 30
)

// longestCode bounds the codes, in bits, so that two literals and a length with what
// belongs to it fit into a word.
const longestCode = 13

// lengthSymbol returns the number of a length, and the bits behind it.
func lengthSymbol(length int32) (symbol int, value uint32, extra int) {
	if length == longest {
		return 285, 0, 0
	}
	rest := uint32(length - shortest)
	if rest < 8 {
		return 257 + int(rest), 0, 0
	}
	extra = bits.Len32(rest) - 3
	return 257 + 4*extra + int(rest>>extra), rest & (1<<extra - 1), extra
}

// distanceSymbol returns the number of a distance, the first distance that has it, and
// how many bits stand behind it.
func distanceSymbol(d int32) (symbol int, first uint16, extra int) {
	rest := uint32(d - 1)
	if rest < 4 {
		return int(rest), uint16(d), 0
	}
	extra = bits.Len32(rest) - 2
	return 2*extra + int(rest>>extra), uint16(rest>>extra<<extra) + 1, extra
}

// newCode makes a code from how often each symbol is expected. Each gets a code, since
// each may come.
func newCode(literals *[literalSymbols]int, distances *[distanceSymbols]int) *HuffmanCode {
	c := &HuffmanCode{pairs: make([]word, 1<<16)}
	forLiterals, forDistances := codeLengths(literals[:], longestCode), codeLengths(distances[:], longestCode)
	words, ways := canonical(forLiterals), canonical(forDistances)
	copy(c.literals[:], words)
	c.end = words[endOfBlock]
	for i := range c.pairs {
		a, b := c.literals[i&0xff], c.literals[i>>8]
		c.pairs[i] = newWord(uint32(a.bits()|b.bits()<<a.size()), int(a.size()+b.size()))
	}
	for n := int32(shortest); n <= longest; n++ {
		symbol, value, extra := lengthSymbol(n)
		w := words[symbol]
		c.lengths[n] = newWord(uint32(w.bits())|value<<w.size(), int(w.size())+extra)
	}
	for d := int32(1); d <= farthest; d++ {
		symbol, first, extra := distanceSymbol(d)
		c.distances[slot(d)] = distance{ways[symbol], first, uint8(extra)}
	}
	c.head, c.headBits = blockHead(forLiterals, forDistances)
	return c
}

// appendText appends text as one block of DEFLATE, the last. Literals are written two at a
// time. It is one function, so that all it works with stays in registers.
func (c *HuffmanCode) appendText(dst, text []byte, matches []match) []byte {
	at := len(dst) + len(c.head) - 1
	dst = slices.Grow(dst, len(c.head)+len(text)*longestCode/8+16)
	dst = append(dst, c.head...)
	out, pairs := dst[:cap(dst)], (*[1 << 16]word)(c.pairs)
	b := bitBuffer{acc: uint64(out[at]), n: uint(c.headBits), at: at}
	i := 0 // of what is written next
	for next := 0; ; next++ {
		literals := text
		if next < len(matches) {
			literals = text[:matches[next].at]
		}
		for ; i < len(literals)-3; i += 4 {
			four := binary.LittleEndian.Uint32(literals[i:])
			b = b.put(pairs[four&0xffff]).put(pairs[four>>16]).flush(out)
		}
		if i < len(literals)-1 {
			b = b.put(pairs[binary.LittleEndian.Uint16(literals[i:])])
			i += 2
		}
		if i < len(literals) {
			b = b.put(c.literals[literals[i]])
			i++
		}
		b = b.flush(out)
		if next == len(matches) {
			break
		}
		m := &matches[next]
		d := &c.distances[slot(m.distance)]
		b = b.put(c.lengths[m.length]).put(d.word)
		b.acc |= uint64(m.distance-int32(d.first)) << (b.n & 63)
		b.n += uint(d.extra)
		b = b.flush(out)
		i += int(m.length)
	}
	b = b.put(c.end).flush(out)
	return out[:b.at+int(b.n+7)/8]
}

// bitBuffer are bits on their way out. It is small and passed by value, so that it
// stays in registers.
type bitBuffer struct {
	acc uint64
	n   uint // of the bits in acc
	at  int  // where they go
}

// put adds a word. Between two calls of flush there is room for 56 bits.
func (b bitBuffer) put(w word) bitBuffer {
	b.acc |= w.bits() << (b.n & 63)
	b.n += w.size()
	return b
}

// flush moves whole bytes out, and leaves fewer than eight bits.
func (b bitBuffer) flush(out []byte) bitBuffer {
	binary.LittleEndian.PutUint64(out[b.at:], b.acc)
	b.at += int(b.n >> 3)
	b.acc >>= b.n & 56
	b.n &= 7
	return b
}
