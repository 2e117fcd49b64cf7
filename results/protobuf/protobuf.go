// Package protobuf writes the wire format of Protocol Buffers, as far as the two
// small messages want it that rehearse sends. Each function appends one field and
// returns the extended buffer (https://protobuf.dev/programming-guides/encoding).
package protobuf

import (
	"encoding/binary"
	"math"
)

// The wire types.
const (
	varint  = 0
	fixed64 = 1
	length  = 2
)

// key appends what stands before a field.
func key(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

// Text appends a string, unless it is empty: that is its default.
func Text(b []byte, field int, text string) []byte {
	if text == "" {
		return b
	}
	b = binary.AppendUvarint(key(b, field, length), uint64(len(text)))
	return append(b, text...)
}

// Varint appends an unsigned number, an enumeration or a bool.
func Varint(b []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(key(b, field, varint), n)
}

// Zigzag appends a number that may be negative, as a sint32 or sint64.
func Zigzag(b []byte, field int, n int64) []byte {
	return binary.AppendVarint(key(b, field, varint), n)
}

// Fixed appends a fixed64 or sfixed64.
func Fixed(b []byte, field int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(key(b, field, fixed64), n)
}

// Double appends a double.
func Double(b []byte, field int, x float64) []byte { return Fixed(b, field, math.Float64bits(x)) }

// Packed appends repeated fixed64 or doubles, given by their bits.
func Packed(b []byte, field int, all []uint64) []byte {
	b = binary.AppendUvarint(key(b, field, length), uint64(8*len(all)))
	for _, n := range all {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// Message appends a message whose fields are appended by fields.
func Message(b []byte, field int, fields func([]byte) []byte) []byte {
	return Delimited(key(b, field, length), fields)
}

// Delimited appends a message with its length before it.
func Delimited(b []byte, fields func([]byte) []byte) []byte {
	inner := fields(nil)
	b = binary.AppendUvarint(b, uint64(len(inner)))
	return append(b, inner...)
}
