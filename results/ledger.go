package results

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"rehearse/capture"
)

// The ledger is a header and frames, one or more an interval, only ever
// appended. All fixed numbers are little-endian.
//
//	header   "rehearse ledger" and one byte, the version: 1
//	frame    uint32 length of the payload, uint32 CRC-32C of the payload, payload
//	payload  uvarint how many ranges, then each range:
//	         varint  first event, less the end of the range before it in this frame (or 0)
//	         uvarint number of events × 4 + fate: 0 unsent, 1 accepted, 2 rejected, 3 ambiguous
//
// varint and uvarint are those of encoding/binary (LEB128, zigzag for the signed
// one). A frame that is shorter than its length or fails its checksum is where
// the run was killed: everything before it holds. An event in no range had no
// answer when the ledger ended: it was in flight, or not yet due.
const (
	ledgerHeader  = "rehearse ledger\x01"
	maxFrame      = 2 << 20 // bytes of payload
	frameRanges   = 1 << 16 // ranges in a frame, each of at most 20 bytes
	maxRangeCount = math.MaxInt64 >> 2
)

// ErrTorn says that a file of a run ends in the middle: the run was killed
// there, or the disk was full. What stood before is good, and is returned.
var ErrTorn = errors.New("the file ends in the middle")

// Range is a stretch of events, by index, that had the same fate.
type Range struct {
	First, Count int64
	Fate         capture.Fate
}

// end is the index after the last event.
func (r Range) end() int64 { return r.First + r.Count }

// joins says whether next continues r.
func (r Range) joins(next Range) bool { return r.end() == next.First && r.Fate == next.Fate }

// byFirst orders ranges by their first event.
func byFirst(a, b Range) int { return cmp.Compare(a.First, b.First) }

// join merges neighbours of one fate in sorted ranges, in place.
func join(ranges []Range) []Range {
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && joined[n-1].joins(r) {
			joined[n-1].Count += r.Count
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// appendLedger appends the frames of ranges.
func appendLedger(dst []byte, ranges []Range) []byte {
	for some := range slices.Chunk(ranges, frameRanges) {
		dst = appendFrame(dst, some)
	}
	return dst
}

// appendFrame appends one frame.
func appendFrame(dst []byte, ranges []Range) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, 8)...)
	dst = binary.AppendUvarint(dst, uint64(len(ranges)))
	var end int64
	for _, r := range ranges {
		dst = binary.AppendVarint(dst, r.First-end)
		dst = binary.AppendUvarint(dst, uint64(r.Count)<<2|uint64(r.Fate))
		end = r.end()
	}
	payload := dst[start+8:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	return dst
}

// ReadLedger returns what became of which events, sorted, neighbours of one fate
// joined. With ErrTorn it returns what stood before the tear. An event with two
// fates is an error: then the ledger is wrong, and so may be all of it.
func ReadLedger(r io.Reader) ([]Range, error) {
	in := bufio.NewReader(r)
	if err := readLedgerHeader(in); err != nil {
		return nil, err
	}
	var ranges []Range
	for {
		payload, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return disjoint(ranges)
		}
		if err != nil {
			whole, overlap := disjoint(ranges)
			return whole, cmp.Or(overlap, err)
		}
		if ranges, err = appendRanges(ranges, payload); err != nil {
			return nil, fmt.Errorf("cannot read ledger: %w", err)
		}
	}
}

// readLedgerHeader tells a ledger from other files, and its version.
func readLedgerHeader(in io.Reader) error {
	var header [len(ledgerHeader)]byte
	n, err := io.ReadFull(in, header[:])
	name := len(ledgerHeader) - 1
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && string(header[:n]) == ledgerHeader[:n]:
		return ErrTorn
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("cannot read ledger: %w", err)
	case string(header[:name]) != ledgerHeader[:name]:
		return errors.New("cannot read ledger: not a ledger")
	case header[name] != ledgerHeader[name]:
		return fmt.Errorf("cannot read ledger: version %d is %w", header[name], ErrFormat)
	}
	return nil
}

// readFrame returns the next payload, io.EOF after the last, ErrTorn within one.
func readFrame(in io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, torn(err)
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > maxFrame {
		return nil, ErrTorn
	}
	payload, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err != nil {
		return nil, fmt.Errorf("cannot read ledger: %w", err)
	}
	sum := crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli))
	if len(payload) < int(length) || sum != binary.LittleEndian.Uint32(head[4:]) {
		return nil, ErrTorn
	}
	return payload, nil
}

// torn turns an unexpected end into ErrTorn.
func torn(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return err
}

// appendRanges appends the ranges of a payload.
func appendRanges(ranges []Range, payload []byte) ([]Range, error) {
	count, n := binary.Uvarint(payload)
	if n <= 0 || count > frameRanges {
		return nil, errors.New("a frame that does not say how many ranges it has")
	}
	payload = payload[n:]
	var end int64
	for range count {
		r, size := decodeRange(payload, end)
		if size == 0 {
			return nil, errors.New("a range that is none")
		}
		ranges, payload, end = append(ranges, r), payload[size:], r.end()
	}
	if len(payload) > 0 {
		return nil, errors.New("a frame that goes on after its last range")
	}
	return ranges, nil
}

// decodeRange returns the range at the start of b and its size there, 0 if there
// is none. end is where the range before it ended.
func decodeRange(b []byte, end int64) (Range, int) {
	gap, n := binary.Varint(b)
	if n <= 0 || gap < -end || gap > math.MaxInt64-end {
		return Range{}, 0
	}
	word, m := binary.Uvarint(b[n:])
	r := Range{First: end + gap, Count: int64(word >> 2), Fate: capture.Fate(word & 3)}
	if m <= 0 || r.Count == 0 || r.Count > maxRangeCount || r.Count > math.MaxInt64-r.First {
		return Range{}, 0
	}
	return r, n + m
}

// disjoint sorts and joins ranges and makes sure that no event is in two.
func disjoint(ranges []Range) ([]Range, error) {
	slices.SortFunc(ranges, byFirst)
	var end int64
	for _, r := range ranges {
		if r.First < end {
			return nil, fmt.Errorf("cannot trust ledger: event %d has two fates", r.First)
		}
		end = r.end()
	}
	return join(ranges), nil
}
