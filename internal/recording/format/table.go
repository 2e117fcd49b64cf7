package format

import (
	"bytes"
	"slices"
	"strings"

	"rehearse/internal/capture"
	"rehearse/scenario"
)

// table reads rows of columns that a character separates (RFC 4180: cells may stand in
// quotes, with quotes doubled and line ends inside). Any number of blanks separates
// columns that a blank does, and what stands in brackets is one cell there, as in
// access logs. A cell that reads as a number or an object of JSON is one, an empty one
// is left out.
type table struct {
	comma   byte
	columns []column

	cells [][]byte
	plain []byte // the cells that stood in quotes, without them
}

// tableShape is how a table is laid out.
type tableShape struct {
	comma   byte
	columns []string
	Before  int // lines before the first row, the header and blank ones included
	passed  int // of these, lines of text that are neither the header nor a comment
}

// maxPreamble is how many lines are searched for a header.
const maxPreamble = 30

// findTable looks for the header of a table at the start of a part: the first line in
// which a column has the name that one has to have, be it behind a #. nil: there is
// none. Lines before it (a title, sep=;) are passed over.
func findTable(start []byte, r *scenario.Replay) *tableShape {
	commas := []byte{',', '\t', ';', '|', ' '}
	if given := r.Fields.Table.Separator; given != 0 {
		commas = []byte{given}
	} else if r.Format == scenario.FormatAuto {
		commas = commas[:3]
	}
	if len(r.Fields.Table.Columns) > 0 {
		return headless(start, r, commas)
	}
	wanted := r.Fields.DistinctID.Members
	if len(wanted) == 0 {
		wanted = r.Fields.Timestamp.Members
	}
	found := tableShape{}
	for line := range bytes.Lines(start) {
		found.Before++
		if found.Before > maxPreamble {
			break
		}
		text := bytes.TrimRight(line, "\r\n")
		comment := len(text) > 0 && text[0] == '#'
		for _, comma := range commas {
			t := table{comma: comma}
			if t.header(bytes.TrimLeft(text, "# ")) && t.has(wanted) {
				found.comma, found.columns = comma, t.names()
				return &found
			}
		}
		switch {
		case comment || len(bytes.TrimSpace(text)) == 0:
		case text[0] == '{' || text[0] == '[':
			return fallback(r, start, commas)
		default:
			found.passed++
		}
	}
	return fallback(r, start, commas)
}

// names are the names of the columns.
func (t *table) names() (names []string) {
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// fallback is how a table is read that the scenario says there is, and that has no
// header with the wanted column: as if its first line were one.
func fallback(r *scenario.Replay, start []byte, commas []byte) *tableShape {
	if r.Format != scenario.FormatCSV {
		return nil
	}
	found := tableShape{comma: commas[0]}
	first := FirstLine(start)
	for line := range bytes.Lines(start) {
		found.Before++
		if bytes.Equal(bytes.TrimRight(line, "\r\n"), first) {
			break
		}
	}
	for _, comma := range commas {
		if t := (table{comma: comma}); t.header(first) && len(t.columns) > len(found.columns) {
			found.comma, found.columns = comma, t.names()
		}
	}
	return &found
}

// headless is the layout of a table whose columns the scenario names.
func headless(start []byte, r *scenario.Replay, commas []byte) *tableShape {
	first := FirstLine(start)
	if r.Format == scenario.FormatAuto && len(first) > 0 && first[0] == '{' {
		return nil
	}
	found := tableShape{comma: commas[0], columns: r.Fields.Table.Columns}
	if r.Fields.Table.Separator == 0 {
		commas = []byte{',', '\t', ';', '|', ' '}
	}
	for _, comma := range commas {
		if t := (table{comma: comma}); t.split(first) && len(t.cells) == len(found.columns) {
			found.comma = comma
			break
		}
	}
	return &found
}

// column is one column of a table.
type column struct {
	name       string
	json       []byte  // the name as the beginning of a member
	routes     []route // of the mapping that lead to it or into it
	properties bool    // it may hold all of them
}

// header takes the names of the columns from a line; false if that is no header.
func (t *table) header(line []byte) bool {
	if !t.split(line) || len(t.cells) < 2 {
		return false
	}
	t.columns = nil
	for _, cell := range t.cells {
		t.name(string(bytes.TrimSpace(cell)))
	}
	return true
}

// name adds a column.
func (t *table) name(name string) {
	t.columns = append(t.columns, column{name: name, json: append(capture.AppendString(nil, name), ':')})
}

// lead tells the columns which of them paths lead to.
func (t *table) lead(m *Mapped) {
	for i := range t.columns {
		c := &t.columns[i]
		c.properties = c.name == m.fields.Properties && c.name != ""
		for _, r := range m.routes {
			if r.member == c.name {
				c.routes = append(c.routes, r)
			}
		}
	}
}

// has reports whether there is a column that one of the paths leads to or into.
func (t *table) has(paths []string) bool {
	for _, path := range paths {
		for _, c := range t.columns {
			if path == c.name || strings.HasPrefix(path, c.name+".") && c.name != "" {
				return true
			}
		}
	}
	return false
}

// row cuts a line into cells; false if it is no row. They are good as long as the line
// is, and until the next row. \N is how databases write that there is nothing.
func (t *table) row(line []byte) bool {
	if !t.split(line) || len(t.cells) != len(t.columns) {
		return false
	}
	for i, cell := range t.cells {
		if string(cell) == `\N` {
			t.cells[i] = nil
		}
	}
	return true
}

// isHeader reports whether the row repeats the names of the columns.
func (t *table) isHeader() bool {
	for i, cell := range t.cells {
		if string(cell) != t.columns[i].name {
			return false
		}
	}
	return true
}

// split cuts a line into its cells.
func (t *table) split(line []byte) bool {
	t.cells, t.plain = t.cells[:0], slices.Grow(t.plain[:0], len(line))
	if t.comma == ' ' {
		return t.splitBlanks(line)
	}
	for at := 0; ; at++ {
		if at < len(line) && line[at] == '"' {
			from := len(t.plain)
			if at = t.quoted(line, at+1); at < 0 {
				return false
			}
			t.cells = append(t.cells, t.plain[from:len(t.plain):len(t.plain)])
		} else {
			n := bytes.IndexByte(line[at:], t.comma)
			if n < 0 {
				n = len(line) - at
			}
			t.cells = append(t.cells, line[at:at+n:at+n])
			at += n
		}
		if at >= len(line) {
			return true
		}
		if line[at] != t.comma {
			return false
		}
	}
}

// splitBlanks cuts a line at its blanks.
func (t *table) splitBlanks(line []byte) bool {
	for at := 0; ; {
		for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
			at++
		}
		if at == len(line) {
			return true
		}
		end := at
		switch line[at] {
		case '"': // A backslash escapes quotes in there, as in access logs.
			inside, _, ok := cutQuoted(line[at+1:])
			if !ok {
				return false
			}
			t.cells = append(t.cells, inside)
			end = at + 1 + len(inside) + 1
		case '[':
			n := bytes.IndexByte(line[at:], ']')
			if n < 0 {
				return false
			}
			t.cells = append(t.cells, line[at+1:at+n:at+n])
			end = at + n + 1
		default:
			for end < len(line) && line[end] != ' ' && line[end] != '\t' {
				end++
			}
			t.cells = append(t.cells, line[at:end:end])
		}
		if at = end; at < len(line) && line[at] != ' ' && line[at] != '\t' {
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
	if t.comma == ' ' || bytes.IndexByte(line, '"') < 0 {
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
		quoted = false
		if at < len(line) && line[at] != t.comma {
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
