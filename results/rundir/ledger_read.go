package rundir

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
)

// Ledger is what a run's ledger says, and what of it cannot be read.
type Ledger struct {
	Ranges   []results.Range // sorted, neighbours of one fate joined
	Segments int64           // that were read
	Whole    int64           // bytes up to the end of the last segment that was read
	Bytes    int64           // of the file
	Damage   []Damage

	tag string // of the run; empty: version 1
}

// Damage is a place in a run's directory that does not hold what was written.
type Damage struct {
	File string
	At   int64 // in bytes from the beginning of the file
	What string
}

// String says where the damage is and what it is.
func (d Damage) String() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", d.File, d.At, d.What)
}

// damaged notes damage at a place.
func (l *Ledger) damaged(at int64, what string, args ...any) {
	l.Damage = append(l.Damage, Damage{LedgerFile, at, fmt.Sprintf(what, args...)})
}

// Fates adds up how many events had which fate.
func (l *Ledger) Fates() (events [capture.FateMayBeStored + 1]int64) {
	for _, r := range l.Ranges {
		events[r.Fate] += r.Count
	}
	return events
}

// hold holds the ledger against what result.json counts. What a run that was
// killed left behind those numbers is not looked at.
func (l *Ledger) hold(r *results.Result) {
	if l.tag != "" && l.tag != runTag(r.Run.ID) {
		l.damaged(0, "it is the ledger of another run than %s", ResultFile)
	}
	if f := r.Ledger; f != nil && l.Whole < f.Bytes {
		l.damaged(l.Whole, "%s counts %d bytes in %d segments here, and the rest cannot be read",
			ResultFile, f.Bytes, f.Segments)
	}
	if r.Run.Ended == results.Running || r.Run.Ended == results.Killed || len(l.Damage) > 0 {
		return
	}
	has, told := l.Fates(), r.Events
	for _, row := range []struct {
		fate capture.Fate
		told int64
	}{
		{capture.FateAccepted, told.Accepted}, {capture.FateRejected, told.Rejected - told.MayBeStored},
		{capture.FateMayBeStored, told.MayBeStored}, {capture.FateAmbiguous, told.Ambiguous},
	} {
		if has[row.fate] != row.told {
			l.damaged(l.Whole, "it ends with %d events %s, and %s counts %d",
				has[row.fate], row.fate, ResultFile, row.told)
		}
	}
}

// ReadLedger returns what became of which events. What is damaged is passed over
// and listed; a last segment that is cut off is none of it: it lies between Whole
// and Bytes. An event with two fates is an error: then the ledger is wrong, and so
// may be all of it.
func ReadLedger(r io.Reader) (*Ledger, error) {
	l := &Ledger{}
	err := l.eachSegment(r, func(ranges []results.Range) error {
		l.Ranges = append(l.Ranges, ranges...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.Ranges, err = results.Disjoint(l.Ranges)
	return l, err
}

// eachSegment calls do with the ranges of every segment that can be read, valid until do
// returns, and ends where do fails.
func (l *Ledger) eachSegment(r io.Reader, do func([]results.Range) error) error {
	in := &ledgerReader{bufio.NewReaderSize(r, readAhead), l, do, nil}
	version, err := in.header()
	switch {
	case errors.Is(err, ErrTorn):
		return nil
	case err != nil:
		return fmt.Errorf("cannot read ledger: %w", err)
	case version == ledgerPlain:
		err = in.readPlain()
	default:
		err = in.readMarked()
	}
	if err != nil && !errors.Is(err, errEnough) {
		err = fmt.Errorf("cannot read ledger: %w", err)
	}
	return err
}

// ledgerReader reads a ledger into what it says.
type ledgerReader struct {
	*bufio.Reader
	*Ledger
	do     func([]results.Range) error
	ranges []results.Range // reused
}

// peek is what comes next, as far as it is there; io.EOF if that is less than n.
func (in *ledgerReader) peek(n int) ([]byte, error) {
	if n > in.Size() {
		in.Reader = bufio.NewReaderSize(in.Reader, n)
	}
	return in.Peek(n)
}

// header tells a ledger from other files, and its version.
func (in *ledgerReader) header() (version byte, err error) {
	const size = len(ledgerName) + 1
	head, err := in.Peek(size + tagSize)
	in.Bytes = int64(len(head))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if len(head) < size {
		if strings.HasPrefix(ledgerName, string(head)) {
			return 0, ErrTorn
		}
		return 0, errors.New("not a ledger")
	}
	version = head[size-1]
	skip := size
	switch {
	case string(head[:size-1]) != ledgerName:
		return 0, errors.New("not a ledger")
	case version == ledgerMarked && len(head) < size+tagSize:
		return 0, ErrTorn
	case version == ledgerMarked:
		in.tag, skip = string(head[size:]), size+tagSize
	case version != ledgerPlain:
		return 0, fmt.Errorf("version %d is %w", version, ErrFormat)
	}
	in.pass(skip)
	in.Whole, in.Bytes = int64(skip), int64(skip)
	return version, nil
}

// pass passes over bytes that were looked at.
func (in *ledgerReader) pass(n int) {
	n, _ = in.Discard(n) // they are in the buffer
	in.Bytes += int64(n)
}

// take takes in the ranges of a good segment of so many bytes, which ends here.
func (in *ledgerReader) take(ranges []results.Range, size int) error {
	in.pass(size)
	in.Segments++
	in.Whole = in.Bytes
	return in.do(ranges)
}

// readMarked reads the segments of version 2.
func (in *ledgerReader) readMarked() error {
	next, lost := uint32(0), int64(-1) // where what cannot be read begins
	for {
		number, ranges, size, err := in.segment()
		switch {
		case errors.Is(err, io.EOF):
			in.Bytes += in.rest()
			return nil
		case err != nil:
			return err
		case size == 0:
			if lost < 0 {
				lost = in.Bytes
			}
			in.seek()
			continue
		}
		if at := max(lost, in.Whole); number != next || lost >= 0 {
			in.damaged(at, "%d bytes are not what was written (%s)",
				in.Bytes-at, text.Plural(max(int64(number)-int64(next), 0), "segment"))
		}
		if number < next { // it stands there twice
			ranges = nil
		}
		next, lost = max(next, number+1), -1
		if err := in.take(ranges, size); err != nil {
			return err
		}
	}
}

// segment returns the next segment and its size, 0 if what stands there is none;
// io.EOF at the end, and where a segment is cut off.
func (in *ledgerReader) segment() (number uint32, ranges []results.Range, size int, err error) {
	head, err := in.Peek(headSize)
	if err != nil {
		return 0, nil, 0, err
	}
	number, length := binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[8:])
	if string(head[:4]) != segmentMark || length > maxFrame {
		return 0, nil, 0, nil
	}
	whole, err := in.peek(headSize + int(length))
	if errors.Is(err, io.EOF) {
		if bytes.Contains(whole[1:], []byte(segmentMark)) {
			err = nil // it is not the last: the length is wrong
		}
		return 0, nil, 0, err
	}
	if err != nil {
		return 0, nil, 0, err
	}
	if segmentSum(whole[:headSize], whole[headSize:]) != binary.LittleEndian.Uint32(whole[12:]) {
		return 0, nil, 0, nil
	}
	if in.ranges, err = appendRanges(in.ranges[:0], whole[headSize:], fateBits); err != nil {
		return 0, nil, 0, nil
	}
	return number, in.ranges, len(whole), nil
}

// rest is how many bytes are left of the file, which are too few for a segment, or else
// would have been looked at.
func (in *ledgerReader) rest() int64 {
	n, _ := io.Copy(io.Discard, in.Reader) // that more cannot be read was told by Peek
	return n
}

// seek passes on to the next place where a segment may begin.
func (in *ledgerReader) seek() {
	in.pass(1)
	buffered, _ := in.Peek(max(in.Buffered(), len(segmentMark)))
	n := bytes.Index(buffered, []byte(segmentMark))
	if n < 0 {
		n = max(len(buffered)-len(segmentMark)+1, 0) // a mark may begin at the end of the buffer
	}
	in.pass(n)
}

// readPlain reads the segments of version 1, up to the first that is not whole.
func (in *ledgerReader) readPlain() error {
	for {
		payload, err := in.plainSegment()
		if errors.Is(err, io.EOF) {
			in.Bytes += in.rest()
			return nil
		}
		if err != nil {
			return err
		}
		ranges, err := appendRanges(nil, payload, fateBitsPlain)
		if err != nil {
			return err
		}
		if err := in.take(ranges, 8+len(payload)); err != nil {
			return err
		}
	}
}

// plainSegment returns the next payload of version 1; io.EOF where there is no
// whole one.
func (in *ledgerReader) plainSegment() ([]byte, error) {
	head, err := in.Peek(8)
	if err != nil {
		return nil, err
	}
	length, sum := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if length > maxFrame {
		return nil, io.EOF
	}
	whole, err := in.peek(8 + int(length))
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(whole[8:], crc32.MakeTable(crc32.Castagnoli)) != sum {
		return nil, io.EOF
	}
	return whole[8:], nil
}
