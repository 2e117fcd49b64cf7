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
	event   Event     // the next one
	last    time.Time // of the event before
	latest  time.Time // of all events before
	lines   lines
	shape   shape
	table   *table
	rows    *parquetRows
	decoder decoder
	joined  []byte // a row of a table that goes over several lines
}

// open begins to read the part.
func (s *stream) open(r *scenario.Replay) error {
	if err := s.lines.open(s.part); err != nil {
		return err
	}
	s.opened = true
	s.table, s.rows = nil, nil
	s.shape = shapeOf(s.lines.peek(), r)
	if s.shape.format == scenario.FormatParquet {
		return s.openRows(r)
	}
	s.decoder = newDecoder(s.shape, &r.Fields)
	if s.shape.comma == 0 {
		return nil
	}
	s.table = &table{comma: s.shape.comma}
	header, err := s.lines.next()
	if err == io.EOF {
		return nil
	}
	if err == nil {
		s.table.header(header)
	}
	return err
}

// openRows begins to read the part as a Parquet file.
func (s *stream) openRows(r *scenario.Replay) (err error) {
	if s.rows, s.shape, err = openParquet(s.part, r); err != nil {
		return fmt.Errorf("cannot read recording %q: %w", s.part, err)
	}
	s.decoder = newDecoder(s.shape, &r.Fields)
	return nil
}

// next reads the next line into s.event. The text is the line as it was read,
// for whoever wants to know what could not be used. io.EOF ends the part.
func (s *stream) next() (text []byte, reason Reason, err error) {
	line, err := s.line()
	switch {
	case err != nil:
		return nil, "", err
	case s.table != nil:
		text, reason = s.nextRow(line)
		return text, reason, nil
	case s.lines.cut:
		return line, TooLong, nil
	case s.shape.listing:
		return line, Manifest, nil
	}
	return line, decode(s.decoder, line, s.lines.number, &s.event), nil
}

// nextRow reads a row of a table into s.event. If what goes over several lines is no
// row, a quote in the first of them is astray: that line alone is lost, and the others
// are read once more.
func (s *stream) nextRow(text []byte) ([]byte, Reason) {
	row, ok := s.table.row(text)
	if ok && !s.lines.cut {
		return text, decode(s.decoder, row, s.lines.number, &s.event)
	}
	if first, others, several := bytes.Cut(text, []byte{'\n'}); several {
		s.lines.unread(others)
		return first, NotARow
	}
	if s.lines.cut {
		return text, TooLong
	}
	return text, NotARow
}

// line returns the next line that is no comment, or the next row of a table.
func (s *stream) line() ([]byte, error) {
	if s.rows != nil {
		return s.row()
	}
	for {
		line, err := s.lines.next()
		if err != nil {
			return nil, err
		}
		if s.table != nil {
			return s.wholeRow(line)
		}
		if line[0] != '#' {
			return line, nil
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
	return line, err
}

// The lines and bytes that a row of several lines may have. What has not ended then
// is taken for a line with a stray quote.
const (
	maxRowLines = 100
	maxRowBytes = 8 << 20
)

// wholeRow joins the lines of a row.
func (s *stream) wholeRow(line []byte) ([]byte, error) {
	if s.lines.cut || !s.table.isOpen(line, false) {
		return line, nil
	}
	s.joined = append(s.joined[:0], line...)
	for open, n := true, 1; open && n < maxRowLines && len(s.joined) < maxRowBytes && !s.lines.cut; n++ {
		more, err := s.lines.any()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		s.joined = append(append(s.joined, '\n'), more...)
		open = s.table.isOpen(more, true)
	}
	return s.joined, nil
}

// peek finds out when the first event of the part was recorded and closes the
// part again, so that thousands of files need not be open at once. A part
// without an event is as old as can be.
func (s *stream) peek(r *scenario.Replay) error {
	if s.part.once {
		return nil // It is read when it is its turn: first of all.
	}
	if err := s.open(r); err != nil {
		return err
	}
	defer s.close()
	for {
		_, reason, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if reason == "" {
			s.head = s.event.Time
			return nil
		}
	}
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
		s.rows.close()
		s.rows = nil
	}
	s.opened = false
}
