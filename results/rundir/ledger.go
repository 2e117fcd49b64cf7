package rundir

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"

	"rehearse/internal/capture"
	"rehearse/results"
)

// The ledger is a header and segments, one or more an interval, only ever
// appended. All fixed numbers are little-endian.
//
//	header   "rehearse ledger", one byte, the version: 2, and 8 bytes: the first of the SHA-256 of the run's id
//	segment  "SEGM", uint32 number of the segment from 0, uint32 length of the payload,
//	         uint32 CRC-32C of number, length and payload, payload
//	payload  uvarint how many ranges, then each range:
//	         varint  first event, less the end of the range before it in this segment (or 0)
//	         uvarint number of events × 8 + fate: 0 unsent, 1 accepted, 2 rejected, 3 ambiguous,
//	                 4 rejected, but some events of the request may be stored
//
// varint and uvarint are those of encoding/binary (LEB128, zigzag for the signed
// one). Version 1 had no id in the header, four fates, number of events × 4 + fate,
// and of a segment only length, CRC-32C of the payload, and payload: what follows
// damage in it cannot be found again.
// Where result.json counts segments and bytes, all of them must be there; a
// segment behind those that is cut off is where the run was killed. An event in
// no range had no answer when the ledger ended: it was in flight, or not yet due,
// or stood in what is damaged.
const (
	ledgerName    = "rehearse ledger"
	segmentMark   = "SEGM"
	headSize      = len(segmentMark) + 12
	tagSize       = 8
	maxFrame      = 2 << 20 // bytes of payload
	frameRanges   = 1 << 16 // ranges in a segment, each of at most 20 bytes
	maxRangeCount = math.MaxInt64 >> fateBits

	fateBits      = 3
	fateBitsPlain = 2 // in version 1
)

// The versions of the ledger.
const (
	ledgerPlain  = 1
	ledgerMarked = 2
)

// ledgerWriter makes the text of a ledger.
type ledgerWriter struct{ segments uint32 }

// ledgerHeader is how the ledger of a run begins.
func ledgerHeader(run string) string {
	return ledgerName + string(rune(ledgerMarked)) + runTag(run)
}

// runTag is what ties a ledger to its run.
func runTag(run string) string {
	sum := sha256.Sum256([]byte(run))
	return string(sum[:tagSize])
}

// append appends the segments of ranges.
func (w *ledgerWriter) append(dst []byte, ranges []results.Range) []byte {
	for some := range slices.Chunk(ranges, frameRanges) {
		dst = w.appendSegment(dst, some)
	}
	return dst
}

// appendSegment appends one segment.
func (w *ledgerWriter) appendSegment(dst []byte, ranges []results.Range) []byte {
	start := len(dst)
	dst = append(dst, segmentMark...)
	dst = binary.LittleEndian.AppendUint32(dst, w.segments)
	dst = append(dst, make([]byte, 8)...)
	dst = binary.AppendUvarint(dst, uint64(len(ranges)))
	var end int64
	for _, r := range ranges {
		dst = binary.AppendVarint(dst, r.First-end)
		dst = binary.AppendUvarint(dst, uint64(r.Count)<<fateBits|uint64(r.Fate))
		end = r.End()
	}
	head := dst[start : start+headSize]
	binary.LittleEndian.PutUint32(head[8:], uint32(len(dst)-start-headSize))
	binary.LittleEndian.PutUint32(head[12:], segmentSum(head, dst[start+headSize:]))
	w.segments++
	return dst
}

// ledgerFile is a ledger being written.
type ledgerFile struct {
	growing
	ledgerWriter
	frame []byte // reused
}

// write appends the segments of ranges.
func (f *ledgerFile) write(ranges []results.Range) error {
	f.frame = f.ledgerWriter.append(f.frame[:0], ranges)
	return f.growing.append(f.frame)
}

// segmentSum is the checksum of a segment.
func segmentSum(head, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(head[len(segmentMark):12], table), table, payload)
}

// appendRanges appends the ranges of a payload.
func appendRanges(ranges []results.Range, payload []byte, bits int) ([]results.Range, error) {
	count, n := binary.Uvarint(payload)
	if n <= 0 || count > frameRanges {
		return nil, errors.New("a frame that does not say how many ranges it has")
	}
	payload = payload[n:]
	var end int64
	for range count {
		r, size := decodeRange(payload, end, bits)
		if size == 0 {
			return nil, errors.New("a range that is none")
		}
		ranges, payload, end = append(ranges, r), payload[size:], r.End()
	}
	if len(payload) > 0 {
		return nil, errors.New("a frame that goes on after its last range")
	}
	return ranges, nil
}

// decodeRange returns the range at the start of b and its size there, 0 if there
// is none. end is where the range before it ended, bits what its fate has.
func decodeRange(b []byte, end int64, bits int) (results.Range, int) {
	gap, n := binary.Varint(b)
	if n <= 0 || gap < -end || gap > math.MaxInt64-end {
		return results.Range{}, 0
	}
	word, m := binary.Uvarint(b[n:])
	r := results.Range{First: end + gap, Count: int64(word >> bits), Fate: capture.Fate(word & (1<<bits - 1))}
	if m <= 0 || r.Fate > capture.FateMayBeStored || r.Count == 0 || r.Count > maxRangeCount ||
		r.Count > math.MaxInt64-r.First {
		return results.Range{}, 0
	}
	return r, n + m
}
