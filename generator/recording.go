package generator

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxLine bounds a recorded line: more than any request that an endpoint takes.
const maxLine = 64 << 20

// recording reads the lines of several files one after the other, compressed or
// not. It is for one goroutine.
type recording struct {
	paths  []string
	path   string // the file being read
	number int64  // of the last line, from 1 in each file

	file   *os.File
	stream io.Reader
	lines  *bufio.Reader
	long   []byte // a line that outgrew the reader's buffer
}

// openRecording prepares to read paths in this order.
func openRecording(paths []string) *recording { return &recording{paths: paths} }

// next returns the next line without its end; it is valid until the next call.
// Blank lines and lines beginning with # are passed over. io.EOF ends the last
// file; any other error names the file and the line.
func (r *recording) next() ([]byte, error) {
	for {
		if r.lines == nil {
			if err := r.openNext(); err != nil {
				return nil, err
			}
		}
		line, err := r.line()
		if err == io.EOF {
			r.Close()
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read recording %q after line %d: %w", r.path, r.number, explain(err))
		}
		r.number++
		if len(line) > 0 && line[0] != '#' {
			return line, nil
		}
	}
}

// line reads one line of the open file. The last one needs no line end.
func (r *recording) line() ([]byte, error) {
	r.long = r.long[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		if err == nil && len(r.long) == 0 {
			return bytes.TrimSpace(part), nil
		}
		if len(r.long)+len(part) > maxLine {
			return nil, fmt.Errorf("a line of more than %d bytes", maxLine)
		}
		r.long = append(r.long, part...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == nil, err == io.EOF && len(r.long) > 0:
			return bytes.TrimSpace(r.long), nil
		}
		return nil, err
	}
}

// openNext opens the next file and looks at its first bytes for a compression.
func (r *recording) openNext() error {
	if len(r.paths) == 0 {
		return io.EOF
	}
	r.path, r.paths, r.number = r.paths[0], r.paths[1:], 0
	f, err := os.Open(r.path)
	if err != nil {
		return fmt.Errorf("cannot open recording: %w", err)
	}
	r.file = f
	plain := bufio.NewReaderSize(f, readAhead)
	magic, _ := plain.Peek(4)
	stream, err := decompress(plain, magic)
	if err != nil {
		r.Close()
		return fmt.Errorf("cannot read recording %q: %w", r.path, explain(err))
	}
	r.stream, r.lines = stream, plain
	if stream != plain {
		r.lines = bufio.NewReaderSize(stream, readAhead)
	}
	return nil
}

// readAhead is how much is asked of a file at once.
const readAhead = 256 << 10

// decompress wraps r if its first bytes are those of a known compression.
func decompress(r io.Reader, magic []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return r, nil
}

// explain turns the errors of a broken-off file into words.
func explain(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the compressed file breaks off (was it copied whole?)")
	}
	return err
}

// Close closes the open file. The next call of next opens the one after it.
func (r *recording) Close() error {
	if c, ok := r.stream.(io.Closer); ok {
		c.Close()
	}
	if r.file != nil {
		r.file.Close()
	}
	r.file, r.stream, r.lines = nil, nil, nil
	return nil
}
