package recording

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/internal/recording/parquet"
	"rehearse/scenario"
)

// Records reads files for what stands in them, and not as events: the lines, and the
// rows of Parquet files as objects of JSON, in the order of the files.
type Records struct {
	parts    []container.Part // still to be read
	open     bool
	lines    container.Lines
	rows     *parquet.ParquetRows // nil: the open part has lines
	columns  []string             // that are read of rows; nil: all
	finished int64                // bytes of the parts that were read to their ends
	number   int64                // of the record in its part, from 1
}

// OpenRecords prepares to read the files. Of rows only the columns with these names
// are read, in lower case; nil: all.
func (f Files) OpenRecords(columns []string) *Records {
	return &Records{parts: f.All, columns: columns}
}

// Next returns the next record that is not blank, good until the next call. cut tells
// that it is too long to be kept, and this its beginning. io.EOF follows the last one;
// other errors say where a file cannot be read.
func (r *Records) Next() (text []byte, cut bool, err error) {
	for {
		if !r.open {
			if err := r.next(); err != nil {
				return nil, false, err
			}
		}
		if r.rows != nil {
			text, err = r.rows.Next()
			cut = r.rows.Cut
		} else {
			text, err = r.lines.Next()
			cut = r.lines.Cut
		}
		switch {
		case err == nil:
			r.number++
			return text, cut, nil
		case err != io.EOF && r.rows != nil:
			return nil, false, fmt.Errorf("cannot read recording %q after row %d: %w", r.lines.Part, r.number, err)
		case err != io.EOF:
			return nil, false, err
		}
		r.finished += r.lines.Part.Size
		r.shut()
	}
}

// Place is where the last record lies.
func (r *Records) Place() event.Place {
	return event.Place{File: r.lines.Part.String(), Line: max(r.number, r.lines.Number)}
}

// next opens the next part.
func (r *Records) next() error {
	if len(r.parts) == 0 {
		return io.EOF
	}
	p := r.parts[0]
	if err := r.lines.Open(p); err != nil {
		return err
	}
	r.parts, r.open, r.number = r.parts[1:], true, 0
	if !bytes.HasPrefix(r.lines.Peek(), []byte(container.ParquetMagic)) {
		return nil
	}
	var err error
	whole := &scenario.Replay{Recordings: scenario.Recordings{Format: scenario.FormatJSONL}}
	if r.rows, _, err = parquet.OpenParquet(p, whole); err != nil {
		r.shut()
		return fmt.Errorf("cannot read recording %q: %w", p, err)
	}
	r.keepColumns()
	return nil
}

// keepColumns leaves out the columns that were not asked for.
func (r *Records) keepColumns() {
	if r.columns == nil {
		return
	}
	var columns []*parquet.ParquetNode
	var leaves []*parquet.ParquetLeaf
	for _, n := range r.rows.Columns {
		name := strings.ToLower(strings.Trim(string(n.Name), `":`))
		for _, wanted := range r.columns {
			if name == wanted {
				columns = append(columns, n)
				leaves = n.LeavesBelow(leaves)
			}
		}
	}
	r.rows.Columns, r.rows.Leaves = columns, leaves
}

// shut closes the open part.
func (r *Records) shut() {
	if r.rows != nil {
		r.rows.Close()
	}
	r.lines.Close()
	r.rows, r.open = nil, false
}

// Position is how many bytes were read of what Size counts.
func (r *Records) Position() int64 {
	switch {
	case !r.open:
		return r.finished
	case r.rows != nil:
		return r.finished + r.rows.Position()
	}
	return r.finished + min(r.lines.Position(), r.lines.Part.Size)
}

// Close closes what is open.
func (r *Records) Close() error {
	if r.open {
		r.shut()
	}
	r.parts = nil
	return nil
}
