package recorded

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
)

// Known is what is kept of an event.
type Known struct {
	UUID    capture.UUID // zero: it was sent without one, and cannot be found
	Due     time.Duration
	Sums    [3]uint64 // hashes of its parts
	Dropped bool      // a rule of the service drops it
}

// The sizes of what lies in files, in bytes.
const (
	knownBytes = 16 + 8 + 3*8 + 1
	pairBytes  = 8 + 5
)

// pair is the hash of a uuid and the number of an event that has it.
type pair struct {
	hash  uint64
	index int64
}

// order is that of pairs in the table: of equal hashes the first event comes first.
func order(a, b pair) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.index, b.index)) }

func hashOf(u capture.UUID) uint64 { return xxh3.Hash(u[:]) }

// Writer takes events in the order of their numbers.
type Writer struct {
	entries *temporary
	out     *bufio.Writer
	count   int64
	chunk   []pair // not sorted yet
	most    int    // pairs that are sorted at once
	runs    *temporary
	ends    []int64 // of the sorted runs in the file
	written int64
	remove  func(path string) error
}

// mostPairs is how many pairs are sorted in memory, 32 MB.
const mostPairs = 2 << 20

// NewWriter returns a writer that has no event.
func NewWriter() (*Writer, error) { return newWriter(os.Remove) }

// newWriter is NewWriter where remove removes files.
func newWriter(remove func(string) error) (*Writer, error) {
	w := &Writer{most: mostPairs, remove: remove}
	var err error
	if w.entries, err = newTemporary(remove); err != nil {
		return nil, err
	}
	if w.runs, err = newTemporary(remove); err != nil {
		w.entries.Close()
		return nil, err
	}
	w.out = bufio.NewWriterSize(w.entries, 1<<18)
	return w, nil
}

// temporary is a file that goes when it is closed at the latest.
type temporary struct {
	*os.File
	remove func(path string) error // when it is closed; nil: it was removed already
}

// newTemporary makes a temporary file. It loses its name at once, so that it is gone with
// the process even if that is killed; Windows removes no file that is open, and there it
// goes when it is closed.
func newTemporary(remove func(string) error) (*temporary, error) {
	f, err := os.CreateTemp("", "rehearse-verify-")
	if err != nil {
		return nil, fmt.Errorf("cannot keep the events of the recording: %w", err)
	}
	if remove(f.Name()) == nil {
		return &temporary{File: f}, nil
	}
	return &temporary{File: f, remove: remove}, nil
}

// Close closes the file and removes it.
func (t *temporary) Close() error {
	err := t.File.Close()
	if t.remove != nil {
		err = errors.Join(err, t.remove(t.Name()))
	}
	return err
}

// Add takes the next event.
func (w *Writer) Add(e *Known) error {
	var b [knownBytes]byte
	copy(b[:], e.UUID[:])
	binary.LittleEndian.PutUint64(b[16:], uint64(e.Due))
	for i, sum := range e.Sums {
		binary.LittleEndian.PutUint64(b[24+8*i:], sum)
	}
	if e.Dropped {
		b[knownBytes-1] = 1
	}
	if _, err := w.out.Write(b[:]); err != nil {
		return err
	}
	w.count++
	if e.UUID == (capture.UUID{}) {
		return nil
	}
	if w.chunk = append(w.chunk, pair{hashOf(e.UUID), w.count - 1}); len(w.chunk) == w.most {
		return w.spill()
	}
	return nil
}

// spill writes a sorted run.
func (w *Writer) spill() error {
	slices.SortFunc(w.chunk, order)
	out := bufio.NewWriterSize(io.NewOffsetWriter(w.runs, w.written), 1<<18)
	for _, p := range w.chunk {
		if err := writePair(out, p); err != nil {
			return err
		}
	}
	w.written += int64(len(w.chunk)) * pairBytes
	w.ends, w.chunk = append(w.ends, w.written), w.chunk[:0]
	return out.Flush()
}

func writePair(out *bufio.Writer, p pair) error {
	var b [pairBytes]byte
	binary.BigEndian.PutUint64(b[:], p.hash)
	b[8] = byte(p.index >> 32)
	binary.BigEndian.PutUint32(b[9:], uint32(p.index))
	_, err := out.Write(b[:])
	return err
}

func pairIn(b []byte) pair {
	return pair{binary.BigEndian.Uint64(b), int64(b[8])<<32 | int64(binary.BigEndian.Uint32(b[9:]))}
}

// Close forgets all events; what Finish has returned is not touched.
func (w *Writer) Close() error {
	if w.runs == nil {
		return nil
	}
	return errors.Join(w.entries.Close(), w.runs.Close())
}

// Finish returns the store of all events.
func (w *Writer) Finish() (*Store, error) {
	if err := errors.Join(w.out.Flush(), w.spill()); err != nil {
		return nil, err
	}
	table, err := newTemporary(w.remove)
	if err != nil {
		return nil, err
	}
	s := &Store{entries: w.entries, table: table, count: w.count, copies: map[int64]int64{}, extra: map[int64][]int64{}}
	s.bits = bitsFor(w.written / pairBytes)
	s.starts = make([]int64, 1<<s.bits+1)
	if err := w.merge(s); err != nil {
		return nil, errors.Join(err, table.Close())
	}
	err = w.runs.Close()
	w.runs = nil
	return s, err
}

// run is a sorted run while it is merged with others.
type run struct {
	in   *bufio.Reader
	next pair
}

// runs is a heap of them.
type runs []*run

func (r runs) Len() int           { return len(r) }
func (r runs) Less(i, j int) bool { return order(r[i].next, r[j].next) < 0 }
func (r runs) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)        { *r = append(*r, x.(*run)) }
func (r *runs) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

// advance reads the next pair; false: there is none.
func (r *run) advance() (bool, error) {
	var b [pairBytes]byte
	switch _, err := io.ReadFull(r.in, b[:]); {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	r.next = pairIn(b[:])
	return true, nil
}

// merge writes the pairs of all runs in their order.
func (w *Writer) merge(s *Store) error {
	var all runs
	begin := int64(0)
	for _, end := range w.ends {
		r := &run{in: bufio.NewReaderSize(io.NewSectionReader(w.runs, begin, end-begin), 1<<16)}
		begin = end
		if more, err := r.advance(); err != nil {
			return err
		} else if more {
			all = append(all, r)
		}
	}
	heap.Init(&all)
	out := bufio.NewWriterSize(s.table, 1<<18)
	for len(all) > 0 {
		if err := s.add(out, all[0].next); err != nil {
			return err
		}
		switch more, err := all[0].advance(); {
		case err != nil:
			return err
		case more:
			heap.Fix(&all, 0)
		default:
			heap.Pop(&all)
		}
	}
	for b := s.bucket + 1; b < int64(len(s.starts)); b++ {
		s.starts[b] = s.pairs
	}
	return out.Flush()
}
