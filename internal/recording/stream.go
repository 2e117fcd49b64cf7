package recording

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/internal/recording/format"
	"rehearse/internal/recording/parquet"
	"rehearse/scenario"
)

// stream reads the events of one part, one after the other.
type stream struct {
	part    container.Part
	name    string    // of the part
	order   int       // of the part among all
	head    time.Time // of the next event
	opened  bool
	event   event.Event // the next one
	text    []byte      // the line that it was read from
	lines   container.Lines
	shape   format.Shape
	rows    *parquet.ParquetRows
	decoder format.Decoder
	table   *format.RowReader // nil: it is no table
	nested  *format.Nested    // nil: a line is an event
	clock   *event.Clock
	learned *Learned
	remark  func(string) // keeps what is not as it was recorded

	disorder disorder
}

// open begins to read the part.
func (s *stream) open(r *scenario.Replay) error {
	if err := s.lines.Open(s.part); err != nil {
		return err
	}
	s.opened = true
	s.table, s.rows, s.nested = nil, nil, nil
	s.shape = format.ShapeOf(s.lines.Peek(), r)
	if s.shape.Format == scenario.FormatParquet {
		var err error
		if s.rows, s.shape, err = parquet.OpenParquet(s.part, r); err != nil {
			return fmt.Errorf("cannot read recording %q: %w", s.part, err)
		}
	}
	if path := r.Fields.Each; path != "" {
		s.nested = &format.Nested{Path: path}
	}
	s.decoder = format.NewDecoder(s.shape, &r.Fields, s.clock)
	if s.shape.Table == nil {
		return nil
	}
	s.table = format.NewRowReader(&s.lines, s.shape.Table, s.decoder.(*format.Mapped))
	return s.table.Pass(s.shape.Table.Before)
}

// next reads the next line into s.event. The text is the line as it was read,
// for those who want to know what could not be used. io.EOF ends the part.
func (s *stream) next() (text []byte, reason event.Reason, err error) {
	if s.nested != nil {
		return s.nextElement()
	}
	if s.table != nil {
		return s.table.Next(s.seed(), &s.event)
	}
	text, err = s.line()
	switch {
	case err != nil:
		return nil, "", err
	case s.lines.Cut:
		return text, event.TooLong, nil
	case s.shape.Listing:
		return text, event.Manifest, nil
	}
	l := format.Line{Text: text}
	if s.rows != nil {
		l.Members = s.rows.Members
	}
	return text, format.Decode(s.decoder, l, s.seed(), &s.event), nil
}

// nextElement reads the next element of a list in a line.
func (s *stream) nextElement() (text []byte, reason event.Reason, err error) {
	for !s.nested.More() {
		line, err := s.line()
		switch {
		case err != nil:
			return nil, "", err
		case s.lines.Cut:
			return line, event.TooLong, nil
		}
		if reason := s.nested.Open(line); reason != "" {
			return line, reason, nil
		}
	}
	text, reason = s.nested.Next()
	if reason == "" {
		reason = format.Decode(s.decoder, format.Line{Text: text}, s.seed()^s.nested.Seed(), &s.event)
	}
	return text, reason, nil
}

// seed stands for the part and the line that was read last.
func (s *stream) seed() int64 { return s.part.Seed + s.lines.Number }

// line returns the next line that is no comment, or the next row of a Parquet file.
func (s *stream) line() ([]byte, error) {
	if s.rows != nil {
		return s.row()
	}
	for {
		line, err := s.lines.Next()
		if err != nil || line[0] != '#' {
			return line, err
		}
		s.shape.W3C.Direct(line)
	}
}

// row returns the next row of a Parquet file.
func (s *stream) row() ([]byte, error) {
	line, err := s.rows.Next()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("cannot read recording %q after row %d: %w", s.part, s.lines.Number, err)
	}
	s.lines.Number++
	s.lines.Cut = s.rows.Cut
	return line, err
}

// sampled is how many lines are read at most to find out what the times of a part mean.
const sampled = 10_000

// peek finds out when the first event of the part was recorded, and what its times tell
// about those of others, and closes the part again, so that thousands of files need not
// be open at once. A part without an event is as old as can be. The time is returned
// as it was written where it may mean several things.
func (s *stream) peek(r *scenario.Replay) (doubtful []byte, err error) {
	if s.part.Once {
		return nil, nil // It is read when it is its turn: first of all.
	}
	if err := s.open(r); err != nil {
		return nil, err
	}
	defer s.close()
	usable := int64(0)
	for found, n := false, 0; n < sampled && (!found || !s.clock.IsSettled()); n++ {
		_, reason, err := s.next()
		if err == io.EOF {
			return doubtful, nil
		}
		if err != nil {
			return nil, err
		}
		if reason != "" && reason != event.NoTime {
			continue
		}
		ahead := reason == "" && s.learned.isAhead(s.order, usable)
		if reason == "" {
			usable++
		}
		wonders := s.clock.Learn(s.event.When, event.Place{File: s.name, Line: s.lines.Number})
		if found || reason != "" && !wonders || ahead {
			continue
		}
		found, s.head = true, s.event.Time
		if wonders {
			doubtful = bytes.Clone(s.event.When)
		}
	}
	return doubtful, nil
}

// position is how many bytes of the part were used; 0 before it is opened.
func (s *stream) position() int64 {
	if s.rows != nil {
		return s.rows.Position()
	}
	return s.lines.Position()
}

// close closes the part.
func (s *stream) close() {
	s.lines.Close()
	if s.rows != nil {
		for _, text := range s.rows.Remarks() {
			s.remark(text)
		}
		s.rows.Close()
		s.rows = nil
	}
	s.opened = false
}
