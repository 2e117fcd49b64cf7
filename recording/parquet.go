package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"rehearse/capture"
	"rehearse/scenario"
)

// parquetMagic is how a Parquet file begins.
const parquetMagic = "PAR1"

// parquetRows reads the rows of a Parquet file, each as a line of JSON under the
// names of the columns, so that the decoders of lines read them. Pages are read one
// by one, so memory does not depend on the size of the file or of its row groups.
// Columns that nest or repeat are passed over, and so are those that the decoder
// has no use for.
type parquetRows struct {
	file    *os.File
	size    int64
	all     int64 // rows of the file
	read    int64
	groups  []parquet.RowGroup // still to be read
	left    int64              // rows of the current one
	columns []parquetColumn
	json    []byte
}

// openParquet opens the file of a part, and tells what its rows hold.
func openParquet(p part, r *scenario.Replay) (rows *parquetRows, s shape, err error) {
	defer damage(&err)
	if p.path == Stdin || p.member != "" {
		return nil, s, errors.New("a Parquet file must lie in a file of its own, not in an archive or a pipe")
	}
	file, err := p.openFile()
	if err != nil {
		return nil, s, err
	}
	defer func() {
		if rows == nil {
			file.Close()
		}
	}()
	if err := checkFooter(file, p.size); err != nil {
		return nil, s, err
	}
	table, err := parquet.OpenFile(file, p.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readAhead))
	if err != nil {
		return nil, s, fmt.Errorf("no Parquet file, or not the whole of one: %w", err)
	}
	var m members
	for _, c := range table.Root().Columns() {
		m.names, m.values = append(m.names, c.Name()), append(m.values, "?")
	}
	s = lineShape(m, r)
	opened := &parquetRows{file: file, size: p.size, all: table.NumRows(), groups: table.RowGroups()}
	for _, c := range table.Root().Columns() {
		if c.Leaf() && !c.Repeated() && (s.format != scenario.FormatPostHog || isPostHogColumn(c.Name())) {
			opened.columns = append(opened.columns, newParquetColumn(c))
		}
	}
	return opened, s, nil
}

// checkFooter looks at the end of a file, which says how long the description of its
// columns is: the library would believe any length.
func checkFooter(file io.ReaderAt, size int64) error {
	var end [8]byte
	_, err := file.ReadAt(end[:], max(size-int64(len(end)), 0))
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if err != nil || string(end[4:]) != parquetMagic || length > min(size, maxLine) {
		return errors.New("no Parquet file, or not the whole of one")
	}
	return nil
}

// isPostHogColumn reports whether the decoder of PostHog's events reads a column.
func isPostHogColumn(name string) bool {
	switch name {
	case "uuid", "id", "event", "distinct_id", "timestamp", "properties", "elements_chain":
		return true
	}
	return false
}

// damage turns a panic of the library, which some damaged files cause, into an error.
func damage(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("the Parquet file is damaged: %v", cause)
	}
}

// next returns the next row, good until the next call. io.EOF follows the last one.
func (p *parquetRows) next() (line []byte, err error) {
	defer damage(&err)
	for p.left == 0 {
		if len(p.groups) == 0 {
			return nil, io.EOF
		}
		p.open(p.groups[0])
		p.groups = p.groups[1:]
	}
	p.left--
	p.read++
	p.json = append(p.json[:0], '{')
	for i := range p.columns {
		c := &p.columns[i]
		v, err := c.next()
		if err != nil {
			return nil, err
		}
		if !v.IsNull() {
			p.json = append(append(p.json, c.name...), ':')
			p.json = append(c.appendValue(p.json, v), ',')
		}
	}
	if last := len(p.json) - 1; p.json[last] == ',' {
		p.json = p.json[:last]
	}
	p.json = append(p.json, '}')
	return p.json, nil
}

// open begins to read a row group.
func (p *parquetRows) open(g parquet.RowGroup) {
	p.left = g.NumRows()
	chunks := g.ColumnChunks()
	for i := range p.columns {
		c := &p.columns[i]
		c.close()
		c.pages = chunks[c.index].Pages()
	}
}

// position is about how many bytes of the file were read.
func (p *parquetRows) position() int64 {
	return int64(float64(p.size) * float64(p.read) / float64(max(p.all, 1)))
}

// close closes the file.
func (p *parquetRows) close() {
	for i := range p.columns {
		p.columns[i].close()
	}
	p.file.Close()
}

// parquetColumn reads the values of one column, one after the other.
type parquetColumn struct {
	name  []byte // as JSON
	index int
	unit  time.Duration // of a time; 0: it is none
	uuid  bool

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [64]parquet.Value
	batch  []parquet.Value // of the buffer, not handed out yet
}

// newParquetColumn prepares to read a column.
func newParquetColumn(c *parquet.Column) parquetColumn {
	column := parquetColumn{name: capture.AppendString(nil, c.Name()), index: c.Index()}
	if logical := c.Type().LogicalType(); logical != nil {
		switch t := logical.Value.(type) {
		case *format.TimestampType:
			column.unit = t.Unit.Value.Duration()
		case *format.UUIDType:
			column.uuid = true
		}
	}
	return column
}

// next returns the next value, good until the next call.
func (c *parquetColumn) next() (parquet.Value, error) {
	for len(c.batch) == 0 {
		if err := c.fill(); err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.batch[0]
	c.batch = c.batch[1:]
	return v, nil
}

// fill reads values of the current page, or the next page.
func (c *parquetColumn) fill() error {
	if c.values == nil {
		page, err := c.pages.ReadPage()
		if err == io.EOF {
			err = errors.New("a column has fewer values than there are rows")
		}
		if err != nil {
			return err
		}
		c.page, c.values = page, page.Values()
	}
	n, err := c.values.ReadValues(c.buffer[:])
	c.batch = c.buffer[:n]
	if n > 0 {
		return nil
	}
	if err != nil && err != io.EOF {
		return err
	}
	parquet.Release(c.page)
	c.page, c.values = nil, nil
	return nil
}

// close gives back what the column holds.
func (c *parquetColumn) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	if c.pages != nil {
		c.pages.Close()
	}
	c.page, c.pages, c.values, c.batch = nil, nil, nil, nil
}

// julianEpoch is the Julian day of 1970-01-01.
const julianEpoch = 2440588

// appendValue appends a value as JSON. A text that is an object of JSON becomes
// one: so exports write properties. What JSON cannot say is null.
func (c *parquetColumn) appendValue(dst []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(dst, v.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(dst, int64(v.Int32()), 10)
	case parquet.Int64:
		if c.unit > 0 {
			return appendQuotedTime(dst, v.Int64(), c.unit)
		}
		return strconv.AppendInt(dst, v.Int64(), 10)
	case parquet.Int96: // the time of older writers: nanoseconds of the day, and its Julian number
		n := v.Int96()
		day := (int64(n[2]) - julianEpoch) * 86_400_000_000
		return appendQuotedTime(dst, day+int64(uint64(n[1])<<32|uint64(n[0]))/1000, time.Microsecond)
	case parquet.Float:
		return appendFloat(dst, float64(v.Float()), 32)
	case parquet.Double:
		return appendFloat(dst, v.Double(), 64)
	}
	text := v.ByteArray()
	switch {
	case c.uuid && len(text) == len(capture.UUID{}):
		return append(capture.AppendUUID(append(dst, '"'), capture.UUID(text)), '"')
	case isObject(text):
		return appendCell(dst, text)
	}
	return capture.AppendString(dst, text)
}

// appendQuotedTime appends a time that is n units after 1970 began.
func appendQuotedTime(dst []byte, n int64, unit time.Duration) []byte {
	per := int64(time.Second / unit)
	t := time.Unix(n/per, n%per*int64(unit)).UTC()
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendFloat appends a number.
func appendFloat(dst []byte, x float64, bits int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, x, 'g', -1, bits)
}
