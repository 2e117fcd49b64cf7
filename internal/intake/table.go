package intake

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario/schedule"
)

// Table is names with a number each, as pasted.
type Table struct {
	Rows  []Row
	Share bool // the numbers are per cent, not counts
}

// Row is a line of a table.
type Row struct {
	Name  string
	Value float64
}

func compare(a, b float64) int { return cmp.Compare(a, b) }

// sum adds up the numbers.
func (t *Table) sum() float64 {
	sum := 0.0
	for _, r := range t.Rows {
		sum += r.Value
	}
	return sum
}

// find returns a row by its name.
func (t *Table) find(name string) (Row, bool) {
	i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Name == name })
	if i < 0 {
		return Row{}, false
	}
	return t.Rows[i], true
}

// amount writes the number of a row; a merge may be listed without one.
func (t *Table) amount(r Row) string {
	switch {
	case r.Value == 0:
		return ""
	case t.Share:
		return strconv.FormatFloat(r.Value, 'f', -1, 64) + "%"
	}
	return text.Number(r.Value)
}

// said is the table in one line.
func (t *Table) said() string {
	var parts []string
	for _, r := range t.Rows {
		parts = append(parts, strings.TrimSpace(r.Name+" "+t.amount(r)))
	}
	return strings.Join(parts, ", ")
}

// maxCells bounds a table.
const maxCells = 1_000_000

// readTable reads a pasted table: what psql, mysql, clickhouse or a spreadsheet
// shows of a query, Markdown, CSV, tabs, or names and numbers with blanks
// between. The number is in the last column that holds one in each row, the name
// in the first of the others; a header is passed over. The numbers are counts, or
// all of them are per cent.
func readTable(text string) (*Table, error) {
	rows, err := cells(text)
	if err != nil {
		return nil, err
	}
	number, header := numberColumn(rows)
	switch wrong := twofoldCell(rows[:header]); {
	case number < 0:
		return nil, cmp.Or(twofoldCell(rows), errors.New("cannot find a column with a count in every row"))
	case wrong != nil: // no header, but a row
		return nil, wrong
	}
	t := &Table{}
	known := make(map[string]bool)
	for i, row := range rows[header:] {
		r, percent, err := readRow(row, number)
		switch {
		case err != nil:
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		case i > 0 && percent != t.Share:
			return nil, errors.New("mixes counts and shares: give one kind")
		case r.Name != "" && known[r.Name]:
			return nil, fmt.Errorf("row %d: %q is listed twice", i+1, clip(r.Name))
		}
		t.Share, known[r.Name] = percent, true
		if r.Value > 0 {
			t.Rows = append(t.Rows, r)
		}
	}
	if len(t.Rows) == 0 {
		return nil, errors.New("has no row with a count above 0")
	}
	switch sum := t.sum(); {
	case t.Share && sum > 100.5:
		return nil, fmt.Errorf("the shares add up to %.4g%%", sum)
	case sum > schedule.MaxEvents:
		return nil, errors.New("the counts add up to more than 2^53")
	}
	return t, nil
}

// twofoldCell is an error for the first number that can be read in two ways.
func twofoldCell(rows [][]string) error {
	for _, row := range rows {
		for _, cell := range row {
			if err := twofold(strings.TrimSpace(cell)); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRow reads a row whose number is in a column.
func readRow(row []string, column int) (r Row, percent bool, err error) {
	if column >= len(row) {
		return r, false, errors.New("has fewer columns than the others")
	}
	r.Value, percent, err = readNumber(row[column])
	if column > 0 {
		r.Name = row[0]
	} else if len(row) > 1 {
		r.Name = row[1]
	}
	return r, percent, err
}

// readNumber reads a count or a share.
func readNumber(cell string) (value float64, percent bool, err error) {
	cell = ungrouped(strings.TrimSpace(cell))
	if strings.HasSuffix(cell, "%") {
		share, err := units.ParseShare(cell)
		return math.Round(share*1e11) / 1e9, true, err
	}
	if err := twofold(cell); err != nil {
		return 0, false, err
	}
	n, err := units.ParseCount(cell)
	return float64(n), false, err
}

// numberColumn finds the last column that holds a number in every row but,
// perhaps, the first; that one is then a header.
func numberColumn(rows [][]string) (column, header int) {
	for column = len(rows[0]) - 1; column >= 0; column-- {
		first, others := misses(rows[:1], column), misses(rows[1:], column)
		if others == 0 && first <= min(1, len(rows)-1) {
			return column, first
		}
	}
	return -1, 0
}

// misses counts the rows that have no number in a column.
func misses(rows [][]string, column int) (n int) {
	for _, row := range rows {
		if column >= len(row) {
			n++
		} else if _, _, err := readNumber(row[column]); err != nil {
			n++
		}
	}
	return n
}

// bars are the lines that tables are drawn with.
var bars = strings.NewReplacer("│", "|", "┃", "|", "║", "|")

// cells splits a text into rows and columns.
func cells(text string) ([][]string, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("is not text in UTF-8")
	}
	var rows [][]string
	total := 0
	lines := pairsApart(strings.Split(text, "\n"))
	for i, line := range lines {
		line = strings.TrimSpace(bars.Replace(line))
		if isFrame(line) {
			continue
		}
		row, err := columns(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if len(rows) > 0 && len(row) != len(rows[0]) {
			return nil, fmt.Errorf("line %d has %s, the first has %d (put what holds a comma in quotes)", i+1,
				columnsAre(len(row)), len(rows[0]))
		}
		rows = append(rows, row)
		total += len(row)
		if total > maxCells {
			return nil, errors.New("is too large: the busiest 100 ids are enough")
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("holds no row")
	}
	return rows, nil
}

// columnsAre counts columns.
func columnsAre(n int) string {
	if n == 1 {
		return "one column"
	}
	return strconv.Itoa(n) + " columns"
}

// pairsApart gives each pair of "a 5, b 7" a line of its own.
func pairsApart(lines []string) []string {
	if len(lines) != 1 || strings.ContainsAny(lines[0], "|\t\"") {
		return lines
	}
	parts := strings.Split(strings.ReplaceAll(ungrouped(lines[0]), ";", ","), ",")
	for _, p := range parts {
		row, err := columns(strings.TrimSpace(p))
		if err != nil || len(row) != 2 {
			return lines
		}
	}
	return parts
}

// isFrame tells whether a line holds no data: it is blank, draws a frame, or
// counts the rows. The header that clickhouse draws into its frame is one too.
func isFrame(line string) bool {
	if strings.Trim(line, "-+|=:_ ─━┌┐└┘├┤┼┬┴╞╡╪═") == "" || strings.HasPrefix(line, "┌") {
		return true
	}
	return footer().MatchString(line)
}

// footer is how psql and others say how many rows there are.
var footer = expression(`^(\([0-9]+ rows?\)|[0-9]+ rows? in set\b.*)$`)

// columns splits a line at what separates its columns: tabs, bars, semicolons,
// commas, or else the last blank.
func columns(line string) (row []string, err error) {
	switch {
	case strings.Contains(line, "\t"):
		row = strings.Split(line, "\t")
	case strings.Contains(line, "|"):
		row = strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
	case strings.ContainsAny(line, `;,"`) && !endsInGroups(line):
		row, err = quoted(line)
	default:
		row, err = apart(line)
	}
	if err != nil {
		return nil, err
	}
	for i := range row {
		if row[i] = strings.TrimSpace(row[i]); strings.ContainsFunc(row[i], unicode.IsControl) {
			return nil, errors.New("holds a control character")
		}
	}
	return row, nil
}

// quoted splits a line of CSV at semicolons, if it has any, or else at commas.
func quoted(line string) ([]string, error) {
	comma := ','
	if strings.Contains(line, ";") {
		comma = ';'
	}
	if !strings.Contains(line, `"`) {
		return strings.Split(line, string(comma)), nil
	}
	reader := csv.NewReader(strings.NewReader(line))
	reader.TrimLeadingSpace, reader.Comma = true, comma
	row, err := reader.Read()
	if err != nil {
		return nil, errors.New("its quotes are not closed")
	}
	return row, nil
}

// endsInGroups tells whether the commas of a line are those of a number at its
// end, as in alice 12,345.
func endsInGroups(line string) bool {
	at := strings.LastIndexAny(line, " \t")
	return at > 0 && !strings.Contains(line[:at], ",") && !strings.Contains(ungrouped(line[at:]), ",")
}

// apart splits a line into a name and the number behind it or, as uniq -c writes
// it, before it. Between them may stand a colon or an equals sign.
func apart(line string) ([]string, error) {
	at := strings.LastIndexAny(line, " =:")
	if at < 0 {
		return []string{line}, nil
	}
	if line[at+1:] == "%" { // 5 %
		if before := strings.LastIndexAny(strings.TrimSpace(line[:at]), " =:"); before >= 0 {
			at = before
		}
	}
	name, number := strings.TrimRight(line[:at], " =:"), line[at+1:]
	for _, dash := range [...]string{" -", " –", " —"} {
		name = strings.TrimRight(strings.TrimSuffix(name, dash), " ")
	}
	first, rest, more := strings.Cut(line, " ")
	_, _, leads := readNumber(first)
	_, _, ends := readNumber(number)
	switch {
	case more && leads == nil && ends == nil && strings.Contains(name, " "):
		return nil, errors.New("cannot tell which number is the count: put a comma between it and the name")
	case more && leads == nil && ends != nil:
		return []string{strings.TrimSpace(rest), first}, nil
	}
	return []string{name, number}, nil
}
