package parquet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	metadata "github.com/parquet-go/parquet-go/format"

	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/container"
	"rehearse/internal/recording/format"
	"rehearse/scenario"
)

// parquetRows reads the rows of a Parquet file, each as a line of JSON under the
// names of the columns, so that the decoders of lines read them. Pages are read one
// by one, and must not be larger than maxPage, so memory does not depend on the size
// of the file or of its row groups. Columns that the decoder has no use for are passed
// over.
type ParquetRows struct {
	file    *os.File
	size    int64
	all     int64 // rows of the file
	read    int64
	groups  []parquet.RowGroup // still to be read
	chunks  [][]metadata.ColumnChunk
	left    int64 // rows of the current one
	Columns []*ParquetNode
	Leaves  []*ParquetLeaf
	json    []byte
	Members []jsonscan.Spot // of the row
	Cut     bool            // the row is longer than a line may be
	omitted []string
}

// openParquet opens the file of a part, and tells what its rows hold.
func OpenParquet(p container.Part, r *scenario.Replay) (rows *ParquetRows, s format.Shape, err error) {
	defer damage(&err)
	if p.Path == container.Stdin || p.In != nil {
		return nil, s, errors.New("a Parquet file must lie in a file of its own")
	}
	file, err := p.OpenFile()
	if err != nil {
		return nil, s, err
	}
	defer func() {
		if rows == nil {
			file.Close()
		}
	}()
	if err := checkFooter(file, p.Size); err != nil {
		return nil, s, err
	}
	table, err := parquet.OpenFile(file, p.Size,
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(container.ReadAhead))
	if err != nil {
		return nil, s, fmt.Errorf("no Parquet file, or not the whole of one: %w", err)
	}
	var m format.Members
	for _, c := range table.Root().Columns() {
		m.Names, m.Values = append(m.Names, c.Name()), append(m.Values, "?")
	}
	s = format.LineShape(m, r)
	opened := &ParquetRows{file: file, size: p.Size, all: table.NumRows(), groups: table.RowGroups()}
	for _, g := range table.Metadata().RowGroups {
		opened.chunks = append(opened.chunks, g.Columns)
	}
	b := parquetBuilder{elements: table.Metadata().Schema[1:], rows: opened}
	for _, c := range table.Root().Columns() {
		if node := b.build(c); node != nil && (s.Format != scenario.FormatPostHog || isPostHogColumn(c.Name())) {
			opened.Columns = append(opened.Columns, node)
			opened.Leaves = node.LeavesBelow(opened.Leaves)
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
	if err != nil || string(end[4:]) != container.ParquetMagic || length > min(size, container.MaxLine) {
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
func (p *ParquetRows) Next() (line []byte, err error) {
	defer damage(&err)
	for p.left == 0 {
		if len(p.groups) == 0 {
			return nil, io.EOF
		}
		if err := p.open(); err != nil {
			return nil, err
		}
	}
	p.left--
	p.read++
	p.Cut = false
	p.Members = p.Members[:0]
	p.json, err = appendMembers(p.json[:0], p.Columns, &p.Members)
	if errors.Is(err, errLongRow) {
		p.Cut = true
		return p.json, p.align()
	}
	return p.json, err
}

// errLongRow says that a row is longer than a line may be.
var errLongRow = errors.New("the row is too long")

// align reads on to where all columns are at the end of the current row.
func (p *ParquetRows) align() error {
	for _, l := range p.Leaves {
		for {
			v, err := l.peek()
			if err != nil {
				return err
			}
			if v == nil || l.rows == p.read && v.RepetitionLevel() == 0 {
				break
			}
			l.take()
		}
	}
	return nil
}

// open begins to read the next row group.
func (p *ParquetRows) open() error {
	g, chunks := p.groups[0], g0(p.chunks)
	p.groups, p.chunks = p.groups[1:], p.chunks[min(1, len(p.chunks)):]
	p.left = g.NumRows()
	for _, l := range p.Leaves {
		if l.index < len(chunks) {
			if err := l.checkPages(p.file, &chunks[l.index].MetaData, maxPage); err != nil {
				return err
			}
		}
	}
	columns := g.ColumnChunks()
	for _, l := range p.Leaves {
		l.close()
		l.rows = p.read
		l.pages = columns[l.index].Pages()
	}
	return nil
}

// g0 is the first of the row groups' chunks, if there is one.
func g0(chunks [][]metadata.ColumnChunk) []metadata.ColumnChunk {
	if len(chunks) == 0 {
		return nil
	}
	return chunks[0]
}

// position is about how many bytes of the file were read.
func (p *ParquetRows) Position() int64 {
	return int64(float64(p.size) * float64(p.read) / float64(max(p.all, 1)))
}

// remarks says what of the columns is not as it was.
func (p *ParquetRows) Remarks() (texts []string) {
	texts = append(texts, p.omitted...)
	for _, l := range p.Leaves {
		if l.binary {
			texts = append(texts,
				fmt.Sprintf("the column %q has bytes that are no text: they are sent as base64", l.path))
		}
	}
	return texts
}

// close closes the file.
func (p *ParquetRows) Close() {
	for _, l := range p.Leaves {
		l.close()
	}
	p.file.Close()
}

// parquetLeaf reads the values of one column, one after the other.
type ParquetLeaf struct {
	index int
	path  string
	value valueKind
	unit  int64 // of a time: how many are a second; of a decimal: digits behind the point
	zoned bool  // a time is in UTC

	rows   int64 // begun so far
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [64]parquet.Value
	batch  []parquet.Value // of the buffer, not taken yet
	binary bool            // a value was no text
}

// peek returns the next value, nil at the end of the row group. It is good until it is
// taken.
func (l *ParquetLeaf) peek() (*parquet.Value, error) {
	for len(l.batch) == 0 {
		if err := l.fill(); err != nil {
			if err == io.EOF {
				err = nil
			}
			return nil, err
		}
	}
	return &l.batch[0], nil
}

// take steps behind the value that peek returned.
func (l *ParquetLeaf) take() {
	if l.batch[0].RepetitionLevel() == 0 {
		l.rows++
	}
	l.batch = l.batch[1:]
}

// fill reads values of the current page, or the next page.
func (l *ParquetLeaf) fill() error {
	if l.values == nil {
		page, err := l.pages.ReadPage()
		if err != nil {
			return err
		}
		l.page, l.values = page, page.Values()
	}
	n, err := l.values.ReadValues(l.buffer[:])
	l.batch = l.buffer[:n]
	if n > 0 {
		return nil
	}
	if err != nil && err != io.EOF {
		return err
	}
	parquet.Release(l.page)
	l.page, l.values = nil, nil
	return nil
}

// close gives back what the leaf holds.
func (l *ParquetLeaf) close() {
	if l.page != nil {
		parquet.Release(l.page)
	}
	if l.pages != nil {
		l.pages.Close()
	}
	l.page, l.pages, l.values, l.batch = nil, nil, nil, nil
}

// maxPage is how large a page may be once it is unpacked, in bytes. Writers make them a
// megabyte large, DuckDB up to a hundred.
const maxPage = 128 << 20

// checkPages looks at the headers of a chunk's pages, for the library unpacks a page of
// any size.
func (l *ParquetLeaf) checkPages(file io.ReaderAt, m *metadata.ColumnMetaData, most int32) error {
	at := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	end := at + m.TotalCompressedSize
	for at >= 0 && at < end {
		section := &container.Counted{ReadCloser: io.NopCloser(io.NewSectionReader(file, at, end-at))}
		in := bufio.NewReaderSize(section, 512)
		var header metadata.PageHeader
		if thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in)).Decode(&header) != nil {
			return nil // Reading the page will say why it cannot be read.
		}
		if header.UncompressedPageSize > most {
			return fmt.Errorf("a page of the column %q has %d MB unpacked, and at most %d MB are read: "+
				"write the file with smaller pages or row groups", l.path, header.UncompressedPageSize>>20, most>>20)
		}
		if header.CompressedPageSize < 0 {
			return nil
		}
		at += section.Bytes - int64(in.Buffered()) + int64(header.CompressedPageSize)
	}
	return nil
}
