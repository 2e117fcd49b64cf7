package rundir

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"rehearse/results"
)

// The cookies of the HdrHistogram V2 encoding, plain and compressed, each with
// the word size that the format fixes (HdrHistogram EncodableHistogram.java,
// V2EncodingCookieBase | 0x10).
const (
	plainCookie      = 0x1c849303 | 0x10
	compressedCookie = 0x1c849304 | 0x10
)

// encoder writes histograms in the V2 compressed encoding. It does what the
// library's EncodeV2 does, whose compressor is made anew for each histogram and
// takes most of a megabyte; this one is made once.
type encoder struct {
	zip     *zlib.Writer
	plain   []byte
	packed  bytes.Buffer
	printed []byte
}

// encode returns the histogram as base64 text, valid until the next call.
func (e *encoder) encode(h *results.Histogram) ([]byte, error) {
	e.plain = appendV2(e.plain[:0], h)
	e.packed.Reset()
	e.packed.Write(make([]byte, 8))
	if e.zip == nil {
		e.zip, _ = zlib.NewWriterLevel(&e.packed, zlib.BestSpeed) // fails on unknown levels only
	}
	e.zip.Reset(&e.packed)
	if _, err := e.zip.Write(e.plain); err != nil {
		return nil, fmt.Errorf("cannot compress histogram: %w", err)
	}
	if err := e.zip.Close(); err != nil {
		return nil, fmt.Errorf("cannot compress histogram: %w", err)
	}
	head := e.packed.Bytes()
	binary.BigEndian.PutUint32(head, compressedCookie)
	binary.BigEndian.PutUint32(head[4:], uint32(len(head)-8))
	e.printed = base64.StdEncoding.AppendEncode(e.printed[:0], head)
	return e.printed, nil
}

// appendV2 appends the uncompressed encoding: a header of 40 bytes, then the
// counts as zigzag LEB128 numbers, a negative one standing for so many zeros.
func appendV2(dst []byte, h *results.Histogram) []byte {
	shape := h.Export()
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, plainCookie)
	dst = binary.BigEndian.AppendUint32(dst, 0) // the length, below
	dst = binary.BigEndian.AppendUint32(dst, 0) // no offset to normalize by
	dst = binary.BigEndian.AppendUint32(dst, uint32(shape.SignificantFigures))
	dst = binary.BigEndian.AppendUint64(dst, uint64(shape.LowestTrackableValue))
	dst = binary.BigEndian.AppendUint64(dst, uint64(shape.HighestTrackableValue))
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(1)) // one to one
	var zeros int64
	for _, count := range shape.Counts {
		if count == 0 {
			zeros++
			continue
		}
		dst = appendZeros(dst, zeros)
		dst, zeros = binary.AppendVarint(dst, count), 0
	}
	if len(dst) == start+40 {
		dst = append(dst, 0) // an empty histogram states its first count
	}
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-40))
	return dst
}

// appendZeros appends a stretch of zero counts.
func appendZeros(dst []byte, zeros int64) []byte {
	switch zeros {
	case 0:
		return dst
	case 1:
		return append(dst, 0)
	}
	return binary.AppendVarint(dst, -zeros)
}
