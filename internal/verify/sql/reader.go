package sql

import (
	"errors"
	"fmt"
	"io"

	"rehearse/internal/verify"
	"rehearse/internal/verify/source"
)

// reader reads the rows that counts and sums do not tell enough of.
type reader struct {
	*database
	parser source.Parser
	begun  bool

	digits int          // of the buckets that are read
	left   []bucketRows // of these digits, that were not asked for
	answer answer       // nil: none is being read

	asked     map[uint32]bool // the buckets of the answer
	want, got counted         // of the answer
	unhashed  bool            // a row of it has no uuid
	buffer    []byte
}

// reader begins to read. Nothing is asked before the first row is.
func (s *database) reader() (verify.Reader, error) {
	s.read = 0
	return &reader{database: s}, nil
}

// Close ends the reading.
func (r *reader) Close() error {
	if r.answer == nil {
		return nil
	}
	return r.answer.Close()
}

// begin finds out which rows have to be read, if that is not known.
func (r *reader) begin() error {
	r.begun = true
	if r.empty {
		return nil
	}
	if r.told == nil {
		if err := r.compare(); err != nil {
			return err
		}
	}
	r.digits, r.left = fewDigits, r.told.pulled
	return nil
}

// Next reads the next row.
func (r *reader) Next(row *verify.Row) error {
	if !r.begun {
		if err := r.begin(); err != nil {
			return err
		}
	}
	for {
		if r.answer == nil {
			if err := r.ask(); err != nil {
				return err
			}
		}
		text, err := r.answer.Next()
		if errors.Is(err, io.EOF) {
			if err := r.end(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		return r.take(text, row)
	}
}

// ask asks for the rows of the next buckets; io.EOF: there are none.
func (r *reader) ask() error {
	if len(r.left) == 0 && r.digits == fewDigits && r.told != nil {
		r.digits, r.left = moreDigits, r.told.pulledFine
	}
	var within []uint32
	r.asked, r.want, r.got, r.unhashed = map[uint32]bool{}, counted{}, counted{}, false
	for len(r.left) > 0 && len(within) < 1<<(4*fewDigits) {
		next := r.left[0]
		if len(within) > 0 && r.want.rows+next.rows > r.limits.chunk {
			break
		}
		r.left = r.left[1:]
		if next.rows == 0 {
			continue // all of its events are missing
		}
		within = append(within, next.bucket)
		r.asked[next.bucket] = true
		r.want.rows += next.rows
		r.want.sum += next.sum
	}
	if len(within) == 0 {
		return io.EOF
	}
	if r.want.rows > r.limits.rows {
		return fmt.Errorf("%d rows have uuids that begin with the same digits, more than one answer holds", r.want.rows)
	}
	a, err := r.database.ask(r.pulling(within, r.digits))
	r.answer = a
	return err
}

// take takes in a row.
func (r *reader) take(text []byte, row *verify.Row) error {
	r.parser.Read(text, row)
	r.got.rows++
	r.read++
	if row.Unusable != "" { // and has a hash that nothing else can compute
		r.unhashed = true
		return nil
	}
	if !r.asked[verify.Bucket(row.UUID, r.digits)] {
		return errors.New("the server answers rows that it was not asked for")
	}
	if r.columns.name && row.Name == nil || r.columns.id && row.DistinctID == nil {
		return nil // the sum leaves out what is null
	}
	var hash uint64
	r.buffer, hash = r.columns.hash(r.buffer, row.UUID, row.Name, row.DistinctID)
	r.got.sum += hash
	return nil
}

// end compares what was answered with what was counted.
func (r *reader) end() error {
	answer := r.answer
	r.answer = nil
	if err := answer.Close(); err != nil {
		return err
	}
	switch {
	case r.got.rows >= r.limits.rows:
		return fmt.Errorf("the server answered %d rows, which is all that one answer holds", r.got.rows)
	case r.got.rows < r.want.rows:
		return fmt.Errorf("the server answered %d of %d rows that it had counted: it caps answers, or rows are being "+
			"removed", r.got.rows, r.want.rows)
	case r.got.rows == r.want.rows && r.got.sum != r.want.sum && !r.unhashed:
		return fmt.Errorf("the server answered %d rows, as many as it had counted, and others than these: it puts "+
			"answers together from pages that overlap, or rows are being removed", r.got.rows)
	}
	return nil
}
