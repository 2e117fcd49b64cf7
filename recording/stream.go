package recording

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"rehearse/scenario"
)

// stream reads the events of one part, one after the other.
type stream struct {
	part    part
	name    string    // of the part
	order   int       // of the part among all
	head    time.Time // of the next event
	opened  bool
	event   Event  // the next one
	text    []byte // the line that it was read from
	lines   lines
	shape   shape
	rows    *parquetRows
	decoder decoder
	table   *rowReader // nil: it is no table
	nested  *nested    // nil: a line is an event
	clock   *clock
	learned *Learned
	remark  func(string) // keeps what is not as it was recorded

	disorder disorder
}

// open begins to read the part.
func (s *stream) open(r *scenario.Replay) error {
	if err := s.lines.open(s.part); err != nil {
		return err
	}
	s.opened = true
	s.table, s.rows, s.nested = nil, nil, nil
	s.shape = shapeOf(s.lines.peek(), r)
	if s.shape.format == scenario.FormatParquet {
		var err error
		if s.rows, s.shape, err = openParquet(s.part, r); err != nil {
			return fmt.Errorf("cannot read recording %q: %w", s.part, err)
		}
	}
	if path := r.Fields.Each; path != "" {
		s.nested = &nested{path: path}
	}
	s.decoder = newDecoder(s.shape, &r.Fields, s.clock)
	if s.shape.table == nil {
		return nil
	}
	s.table = newRowReader(&s.lines, s.shape.table, s.decoder.(*mapped))
	return s.table.pass(s.shape.table.before)
}

// next reads the next line into s.event. The text is the line as it was read,
// for whoever wants to know what could not be used. io.EOF ends the part.
func (s *stream) next() (text []byte, reason Reason, err error) {
	if s.nested != nil {
		return s.nextElement()
	}
	if s.table != nil {
		return s.table.next(s.seed(), &s.event)
	}
	text, err = s.line()
	switch {
	case err != nil:
		return nil, "", err
	case s.lines.cut:
		return text, TooLong, nil
	case s.shape.listing:
		return text, Manifest, nil
	}
	l := line{text: text}
	if s.rows != nil {
		l.members = s.rows.members
	}
	return text, decode(s.decoder, l, s.seed(), &s.event), nil
}

// nextElement reads the next element of a list in a line.
func (s *stream) nextElement() (text []byte, reason Reason, err error) {
	for !s.nested.more() {
		line, err := s.line()
		switch {
		case err != nil:
			return nil, "", err
		case s.lines.cut:
			return line, TooLong, nil
		}
		if reason := s.nested.open(line); reason != "" {
			return line, reason, nil
		}
	}
	text, reason = s.nested.next()
	if reason == "" {
		reason = decode(s.decoder, line{text: text}, s.seed()^s.nested.seed(), &s.event)
	}
	return text, reason, nil
}

// seed stands for the part and the line that was read last.
func (s *stream) seed() int64 { return s.part.seed + s.lines.number }

// line returns the next line that is no comment, or the next row of a Parquet file.
func (s *stream) line() ([]byte, error) {
	if s.rows != nil {
		return s.row()
	}
	for {
		line, err := s.lines.next()
		if err != nil || line[0] != '#' {
			return line, err
		}
	}
}

// row returns the next row of a Parquet file.
func (s *stream) row() ([]byte, error) {
	line, err := s.rows.next()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("cannot read recording %q after row %d: %w", s.part, s.lines.number, err)
	}
	s.lines.number++
	s.lines.cut = s.rows.cut
	return line, err
}

// sampled is how many lines are read at most to find out what the times of a part mean.
const sampled = 10_000

// peek finds out when the first event of the part was recorded, and what its times tell
// about those of others, and closes the part again, so that thousands of files need not
// be open at once. A part without an event is as old as can be. The time is returned
// as it was written where it may mean several things.
func (s *stream) peek(r *scenario.Replay) (doubtful []byte, err error) {
	if s.part.once {
		return nil, nil // It is read when it is its turn: first of all.
	}
	if err := s.open(r); err != nil {
		return nil, err
	}
	defer s.close()
	usable := int64(0)
	for found, n := false, 0; n < sampled && (!found || !s.clock.isSettled()); n++ {
		_, reason, err := s.next()
		if err == io.EOF {
			return doubtful, nil
		}
		if err != nil {
			return nil, err
		}
		if reason != "" && reason != NoTime {
			continue
		}
		ahead := reason == "" && s.learned.isAhead(s.order, usable)
		if reason == "" {
			usable++
		}
		wonders := s.clock.learn(s.event.when, Place{s.name, s.lines.number})
		if found || reason != "" && !wonders || ahead {
			continue
		}
		found, s.head = true, s.event.Time
		if wonders {
			doubtful = bytes.Clone(s.event.when)
		}
	}
	return doubtful, nil
}

// position is how many bytes of the part were used; 0 before it is opened.
func (s *stream) position() int64 {
	if s.rows != nil {
		return s.rows.position()
	}
	return s.lines.position()
}

// close closes the part.
func (s *stream) close() {
	s.lines.close()
	if s.rows != nil {
		for _, text := range s.rows.remarks() {
			s.remark(text)
		}
		s.rows.close()
		s.rows = nil
	}
	s.opened = false
}
