package container

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// kind is what a part holds, as far as it matters to how it is read.
type kind int

const (
	linesOrRows kind = iota // a text, or what is told from its first bytes later
	zipFile
	tarFile
	parquetFile
)

// parquetMagic is how a Parquet file begins.
const ParquetMagic = "PAR1"

// kindOf tells a kind from the first bytes.
func kindOf(start []byte) kind {
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return zipFile
	case bytes.HasPrefix(start, []byte(ParquetMagic)):
		return parquetFile
	case isTar(start):
		return tarFile
	}
	return linesOrRows
}

// maxWindow bounds what zstd keeps of what it has unpacked, in bytes.
const maxWindow = 256 << 20

// decompress wraps r if its first bytes are those of a known compression. Brotli has
// none: it is told from the name, as PostHog's batch exports have it.
func decompress(r io.Reader, magic []byte, name string) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return newGzipped(r)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case len(magic) > 3 && string(magic[:3]) == "BZh" && '1' <= magic[3] && magic[3] <= '9':
		return bzip2.NewReader(r), nil
	case strings.HasSuffix(name, ".br") && string(magic) != ParquetMagic: // a Parquet file compresses its pages
		return brotli.NewReader(r), nil
	}
	return r, nil
}

// gzipped reads the members of a gzip file one after the other. Zeros behind the last, with
// which tapes and block devices fill up, are passed over, as gzip does.
type gzipped struct {
	in     *bufio.Reader
	member *gzip.Reader
}

func newGzipped(r io.Reader) (*gzipped, error) {
	g := &gzipped{in: bufio.NewReaderSize(r, ReadAhead)}
	var err error
	if g.member, err = gzip.NewReader(g.in); err == nil {
		g.member.Multistream(false)
	}
	return g, err
}

// Read reads on.
func (g *gzipped) Read(p []byte) (n int, err error) {
	for {
		if n, err = g.member.Read(p); err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		for zero := byte(0); zero == 0; {
			if zero, err = g.in.ReadByte(); err != nil {
				return 0, err
			}
		}
		if err := errors.Join(g.in.UnreadByte(), g.member.Reset(g.in)); err != nil {
			return 0, err
		}
		g.member.Multistream(false)
	}
}

// unreadable are files that are not read, by how they begin and what to do about them.
var unreadable = [...]struct{ magic, name, do string }{
	{"\xfd7zXZ\x00", "xz", "unpack it first, as in xz -d"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"},
	{"Rar!\x1a\x07", "a RAR archive", "unpack it first"},
	{"\x04\x22\x4d\x18", "lz4", "unpack it first, as in lz4 -d"},
	{"\xff\x06\x00\x00sNaPpY", "snappy", "unpack it first"},
	{"\x89LZO\x00\r\n\x1a\n", "lzop", "unpack it first, as in lzop -d"},
	{"LZIP", "lzip", "unpack it first, as in lzip -d"},
	{"\x1f\x9d", "of compress (.Z)", "unpack it first, as in gzip -d"},
	{"Obj\x01", "Avro", "export JSON, CSV or Parquet"},
	{"ORC", "ORC", "export JSON, CSV or Parquet"},
	{"ARROW1", "Arrow (Feather)", "export JSON, CSV or Parquet"},
	{"SQLite format 3\x00", "an SQLite database", "export JSON, CSV or Parquet"},
	{"%PDF-", "PDF", "export JSON, CSV or Parquet"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file", "export CSV"},
}

// refuseUnreadable names what a file is that is not read; nil: it may be.
func refuseUnreadable(start []byte) error {
	for _, f := range unreadable {
		if bytes.HasPrefix(start, []byte(f.magic)) && !isText(start) {
			return fmt.Errorf("it is %s, which is not read here: %s", f.name, f.do)
		}
	}
	return nil
}

// isText reports whether a file begins like a text in ASCII.
func isText(start []byte) bool {
	for _, b := range start[:min(len(start), 64)] {
		if b >= 0x7f || b < ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}

// unmarked takes the byte order mark off a text, and turns UTF-16, which begins with
// another one, into UTF-8. Spreadsheets write both.
func unmarked(in *bufio.Reader) *bufio.Reader {
	start, _ := in.Peek(3)
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		in.Discard(3)
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
		return bufio.NewReaderSize(utf16.NewDecoder().Reader(in), ReadAhead)
	}
	return in
}

// explain turns the errors of a broken-off file into words.
func Explain(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file breaks off (was it copied whole?)")
	case errors.Is(err, zip.ErrFormat):
		return errors.New("the archive is damaged or breaks off (was it copied whole?)")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("bytes follow that are not gzip's (was something appended?)")
	}
	return err
}
