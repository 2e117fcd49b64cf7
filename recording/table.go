package recording

import (
	"bytes"
	"slices"

	"rehearse/capture"
)

// table reads rows of columns that a comma or a tab separates (RFC 4180: cells
// may stand in quotes, with quotes doubled and line ends inside) and turns each
// into a line of JSON under the names of the header. A cell that reads as a
// number or an object of JSON is one, an empty one is left out.
type table struct {
	comma   byte
	columns []string

	cells [][]byte
	plain []byte // the cells without their quotes
	json  []byte
}

// header takes the names of the columns; false if that is no header.
func (t *table) header(line []byte) bool {
	if !t.split(line) || len(t.cells) < 2 {
		return false
	}
	t.columns = nil
	for _, cell := range t.cells {
		t.columns = append(t.columns, string(bytes.TrimSpace(cell)))
	}
	return true
}

// has reports whether there is a column of this name.
func (t *table) has(column string) bool { return slices.Contains(t.columns, column) }

// row returns a row as a line of JSON, false if it is none.
func (t *table) row(line []byte) ([]byte, bool) {
	if !t.split(line) || len(t.cells) != len(t.columns) {
		return nil, false
	}
	t.json = append(t.json[:0], '{')
	for i, cell := range t.cells {
		if len(cell) == 0 {
			continue
		}
		if len(t.json) > 1 {
			t.json = append(t.json, ',')
		}
		t.json = capture.AppendString(t.json, t.columns[i])
		t.json = append(t.json, ':')
		t.json = appendCell(t.json, cell)
	}
	t.json = append(t.json, '}')
	return t.json, true
}

// appendCell appends a cell as a JSON value.
func appendCell(dst, cell []byte) []byte {
	if b := cell[0]; b == '{' || b == '-' || b-'0' <= 9 {
		s := scanner{text: cell}
		if s.value(); s.sound() && b != ' ' {
			return append(dst, cell...)
		}
	}
	return capture.AppendString(dst, cell)
}

// split cuts a row into its cells, which alias t.
func (t *table) split(line []byte) bool {
	t.cells, t.plain = t.cells[:0], slices.Grow(t.plain[:0], len(line))
	for at := 0; ; at++ {
		from := len(t.plain)
		if at < len(line) && line[at] == '"' {
			end := t.quoted(line, at+1)
			if end < 0 {
				return false
			}
			at = end
		} else {
			n := bytes.IndexByte(line[at:], t.comma)
			if n < 0 {
				n = len(line) - at
			}
			t.plain = append(t.plain, line[at:at+n]...)
			at += n
		}
		t.cells = append(t.cells, t.plain[from:len(t.plain):len(t.plain)])
		if at >= len(line) {
			return true
		}
		if line[at] != t.comma {
			return false
		}
	}
}

// quoted copies a cell that stands in quotes and returns where it ends, -1 if
// it does not.
func (t *table) quoted(line []byte, at int) int {
	for {
		n := bytes.IndexByte(line[at:], '"')
		if n < 0 {
			return -1
		}
		t.plain = append(t.plain, line[at:at+n]...)
		at += n + 1
		if at >= len(line) || line[at] != '"' {
			return at
		}
		t.plain = append(t.plain, '"')
		at++
	}
}

// isOpen reports whether a row goes on in the next line, because this one ends in the
// quotes of a cell; quoted says whether it begins in them. A quote elsewhere in a cell
// is a character like any other.
func (t *table) isOpen(line []byte, quoted bool) bool {
	if bytes.IndexByte(line, '"') < 0 {
		return quoted
	}
	for at := 0; at < len(line); at++ {
		if !quoted && line[at] == '"' {
			quoted = true
			at++
		}
		if !quoted {
			n := bytes.IndexByte(line[at:], t.comma)
			if n < 0 {
				return false
			}
			at += n
			continue
		}
		if at = endOfQuotes(line, at); at < 0 {
			return true
		}
		if quoted = false; at < len(line) && line[at] != t.comma {
			return false // It is no row, however it goes on.
		}
	}
	return quoted
}

// endOfQuotes returns what follows the quote that ends the text at a place, -1 if
// none does. Two in a row are a character of the text.
func endOfQuotes(line []byte, at int) int {
	for {
		n := bytes.IndexByte(line[at:], '"')
		if n < 0 {
			return -1
		}
		at += n + 1
		if at >= len(line) || line[at] != '"' {
			return at
		}
		at++
	}
}
