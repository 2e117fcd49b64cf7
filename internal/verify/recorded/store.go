package recorded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"rehearse/internal/capture"
)

// Store knows the events of a replay. Many goroutines may ask it.
type Store struct {
	entries *temporary // by number
	table   *temporary // pairs by hash
	count   int64
	pairs   int64
	bits    int     // of a hash that say in which bucket it is
	starts  []int64 // by bucket: its first pair

	bucket int64 // that is being filled
	last   pair  // the first pair with the hash that came last

	copies map[int64]int64   // events that have the uuid of an earlier one, by number: that one
	extra  map[int64][]int64 // the other way round
}

// mostCopies bounds the events that have the uuid of an earlier one.
const mostCopies = 1 << 20

// perBucket is how many pairs of the table are read at once, about.
const perBucket = 256

// bitsFor is by how many bits of a hash so many pairs are found.
func bitsFor(pairs int64) int { return max(bits.Len64(uint64(pairs/perBucket)), 1) }

// add adds the next pair of the table while it is made.
func (s *Store) add(out *bufio.Writer, p pair) error {
	for b := int64(p.hash >> (64 - s.bits)); s.bucket < b; {
		s.bucket++
		s.starts[s.bucket] = s.pairs
	}
	if s.pairs > 0 && p.hash == s.last.hash {
		s.copies[p.index] = s.last.index
		s.extra[s.last.index] = append(s.extra[s.last.index], p.index)
		if len(s.copies) > mostCopies {
			return fmt.Errorf("more than %d events of the recording have the uuid of an earlier one", mostCopies)
		}
		return nil
	}
	s.last = p
	s.pairs++
	return writePair(out, p)
}

// Close closes the files, which are gone then.
func (s *Store) Close() error { return errors.Join(s.entries.Close(), s.table.Close()) }

// Len is how many events there are.
func (s *Store) Len() int64 { return s.count }

// Read reads the events from one number on.
func (s *Store) Read(first int64, into []Known) error {
	buffer := make([]byte, len(into)*knownBytes)
	if _, err := s.entries.ReadAt(buffer, first*knownBytes); err != nil {
		return fmt.Errorf("cannot read what was kept of the recording: %w", err)
	}
	for i := range into {
		into[i] = knownIn(buffer[i*knownBytes:])
	}
	return nil
}

func knownIn(b []byte) (e Known) {
	copy(e.UUID[:], b)
	e.Due = time.Duration(binary.LittleEndian.Uint64(b[16:]))
	for i := range e.Sums {
		e.Sums[i] = binary.LittleEndian.Uint64(b[24+8*i:])
	}
	e.Dropped = b[knownBytes-1] != 0
	return e
}

// Find returns the first event that has a uuid; ok is false if none has.
func (s *Store) Find(u capture.UUID) (i int64, ok bool, err error) {
	hash := hashOf(u)
	b := hash >> (64 - s.bits)
	first, end := s.starts[b], s.starts[b+1]
	buffer := make([]byte, (end-first)*pairBytes)
	if _, err := s.table.ReadAt(buffer, first*pairBytes); err != nil {
		return 0, false, fmt.Errorf("cannot read what was kept of the recording: %w", err)
	}
	for ; len(buffer) > 0; buffer = buffer[pairBytes:] {
		if p := pairIn(buffer); p.hash == hash {
			var e [1]Known
			err := s.Read(p.index, e[:])
			return p.index, e[0].UUID == u, err
		}
	}
	return 0, false, nil
}

// Original is the event that has the same uuid first, i itself if none before it does.
func (s *Store) Original(i int64) int64 {
	if first, is := s.copies[i]; is {
		return first
	}
	return i
}

// EachCopy calls do with each event that has the uuid of an earlier one, and the first of
// these.
func (s *Store) EachCopy(do func(i, original int64)) {
	for i, original := range s.copies {
		do(i, original)
	}
}

// Copies are the later events that have the uuid of event i.
func (s *Store) Copies(i int64) []int64 { return s.extra[i] }
