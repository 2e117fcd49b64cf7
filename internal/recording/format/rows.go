package format

import (
	"bytes"
	"io"
	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
)

// rowReader reads the rows of a table, whose cells may go over several lines.
type RowReader struct {
	lines  *container.Lines
	table  table
	mapped *Mapped
	joined []byte // a row that goes over several lines
}

// newRowReader prepares to read a table of this layout.
func NewRowReader(l *container.Lines, as *tableShape, m *Mapped) *RowReader {
	r := &RowReader{lines: l, table: table{comma: as.comma}, mapped: m}
	for _, name := range as.columns {
		r.table.name(name)
	}
	r.table.lead(m)
	return r
}

// pass passes over so many lines, blank ones included.
func (r *RowReader) Pass(lines int) error {
	for range lines {
		if _, err := r.lines.Any(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
	return nil
}

// next reads the next row into an event. Comments, and the header where it comes again,
// as behind each member of a file that was put together, are passed over. If what goes
// over several lines is no row, a quote in the first of them is astray: that line alone
// is lost, and the others are read once more.
func (r *RowReader) Next(seed int64, e *event.Event) (text []byte, reason event.Reason, err error) {
	before := r.lines.Number
	for {
		line, err := r.lines.Next()
		if err != nil {
			return nil, "", err
		}
		if line[0] == '#' && r.table.comma == ' ' {
			continue
		}
		text, ok := line, !r.lines.Cut && r.table.row(line) // What is a row goes on in no other line.
		if !ok {
			if text, err = r.whole(line); err != nil {
				return nil, "", err
			}
			ok = r.table.row(text)
		}
		switch {
		case ok && !r.lines.Cut && r.table.isHeader():
			continue
		case ok && !r.lines.Cut:
			return text, decodeRow(r.mapped, &r.table, text, seed+r.lines.Number-before, e), nil
		case text[0] == '#' && !r.lines.Cut && bytes.IndexByte(text, '\n') < 0:
			continue
		}
		if first, others, several := bytes.Cut(text, []byte{'\n'}); several {
			r.lines.Unread(others)
			return first, event.NotARow, nil
		}
		if r.lines.Cut {
			return text, event.TooLong, nil
		}
		return text, event.NotARow, nil
	}
}

// The lines and bytes that a row of several lines may have. What has not ended then
// is taken for a line with a stray quote.
const (
	maxRowLines = 100
	maxRowBytes = 8 << 20
)

// whole joins the lines of a row.
func (r *RowReader) whole(line []byte) ([]byte, error) {
	if r.lines.Cut || !r.table.isOpen(line, false) {
		return line, nil
	}
	r.joined = append(r.joined[:0], line...)
	for open, n := true, 1; open && n < maxRowLines && len(r.joined) < maxRowBytes && !r.lines.Cut; n++ {
		more, err := r.lines.Any()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		r.joined = append(append(r.joined, '\n'), more...)
		open = r.table.isOpen(more, true)
	}
	return r.joined, nil
}
