package recording

import (
	"bytes"
	"io"
)

// rowReader reads the rows of a table, whose cells may go over several lines.
type rowReader struct {
	lines  *lines
	table  table
	mapped *mapped
	joined []byte // a row that goes over several lines
}

// newRowReader prepares to read a table of this layout.
func newRowReader(l *lines, as *tableShape, m *mapped) *rowReader {
	r := &rowReader{lines: l, table: table{comma: as.comma}, mapped: m}
	for _, name := range as.columns {
		r.table.name(name)
	}
	r.table.lead(m)
	return r
}

// pass passes over so many lines, blank ones included.
func (r *rowReader) pass(lines int) error {
	for range lines {
		if _, err := r.lines.any(); err != nil {
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
func (r *rowReader) next(seed int64, e *Event) (text []byte, reason Reason, err error) {
	before := r.lines.number
	for {
		line, err := r.lines.next()
		if err != nil {
			return nil, "", err
		}
		if line[0] == '#' && r.table.comma == ' ' {
			continue
		}
		text, ok := line, !r.lines.cut && r.table.row(line) // What is a row goes on in no other line.
		if !ok {
			if text, err = r.whole(line); err != nil {
				return nil, "", err
			}
			ok = r.table.row(text)
		}
		switch {
		case ok && !r.lines.cut && r.table.isHeader():
			continue
		case ok && !r.lines.cut:
			return text, decodeRow(r.mapped, &r.table, text, seed+r.lines.number-before, e), nil
		case text[0] == '#' && !r.lines.cut && bytes.IndexByte(text, '\n') < 0:
			continue
		}
		if first, others, several := bytes.Cut(text, []byte{'\n'}); several {
			r.lines.unread(others)
			return first, NotARow, nil
		}
		if r.lines.cut {
			return text, TooLong, nil
		}
		return text, NotARow, nil
	}
}

// The lines and bytes that a row of several lines may have. What has not ended then
// is taken for a line with a stray quote.
const (
	maxRowLines = 100
	maxRowBytes = 8 << 20
)

// whole joins the lines of a row.
func (r *rowReader) whole(line []byte) ([]byte, error) {
	if r.lines.cut || !r.table.isOpen(line, false) {
		return line, nil
	}
	r.joined = append(r.joined[:0], line...)
	for open, n := true, 1; open && n < maxRowLines && len(r.joined) < maxRowBytes && !r.lines.cut; n++ {
		more, err := r.lines.any()
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
