package container

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// maxLine bounds a recorded line: the largest request that an endpoint takes has 20
// MiB, which are 27 in base64.
const MaxLine = 32 << 20

// maxText is how much of a bad line is kept, in bytes.
const MaxText = 64 << 10

// readAhead is how much is asked of a file at once.
const ReadAhead = 256 << 10

// lines reads the lines of one part, compressed or not.
type Lines struct {
	Part   Part
	Number int64 // of the last line, from 1
	Cut    bool  // the last line was too long: only its beginning was kept

	file     *Counted
	plain    *bufio.Reader // of the file as it lies there
	stream   io.Reader     // of what is in it, once decompressed
	unpacked *bufio.Reader // of stream; nil: the file is not compressed
	In       *bufio.Reader // of the lines
	long     []byte        // a line that outgrew the reader's buffer

	again    []byte // lines that are read a second time, a line end behind each
	againCut bool   // the last of them was too long
}

// open begins to read p, and looks at its first bytes for a compression.
func (l *Lines) Open(p Part) error {
	if err := l.unpack(p); err != nil {
		return err
	}
	start, _ := l.In.Peek(512)
	err := refuseUnreadable(start)
	if k := kindOf(start); err == nil && (k == zipFile || k == tarFile) {
		err = errors.New("an archive within this archive is compressed again: unpack it first")
	}
	if err != nil {
		l.Close()
		return fmt.Errorf("cannot read recording %q: %w", p, err)
	}
	l.In = unlisted(unmarked(l.In))
	return nil
}

// unpack begins to read p as it is once decompressed.
func (l *Lines) unpack(p Part) error {
	file, err := p.open()
	if err != nil {
		return err
	}
	*l = Lines{Part: p, file: &Counted{ReadCloser: file}, long: l.long[:0]}
	l.plain = p.buffers.take(l.file)
	magic, _ := l.plain.Peek(4)
	stream, err := decompress(l.plain, magic, p.String())
	if err != nil {
		l.Close()
		return fmt.Errorf("cannot read recording %q: %w", p, Explain(err))
	}
	l.stream, l.In = stream, l.plain
	if stream != l.plain {
		l.unpacked = p.buffers.take(stream)
		l.In = l.unpacked
	}
	return nil
}

// next returns the next line without its end; it is valid until the next call.
// Blank lines are passed over. io.EOF ends the part; any other error names it and
// the line.
func (l *Lines) Next() ([]byte, error) {
	for {
		line, err := l.Any()
		if err != nil || len(line) > 0 && (line[0] > ' ' || len(bytes.TrimSpace(line)) > 0) {
			return line, err
		}
	}
}

// any returns the next line as next does, be it blank or not.
func (l *Lines) Any() ([]byte, error) {
	line, err := l.read()
	if err == io.EOF {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read recording %q after line %d: %w", l.Part, l.Number, Explain(err))
	}
	l.Number++
	return line, nil
}

// read reads one line. The last one needs no line end.
func (l *Lines) read() ([]byte, error) {
	if len(l.again) > 0 {
		return l.reread(), nil
	}
	l.long, l.Cut = l.long[:0], false
	for {
		piece, err := l.In.ReadSlice('\n')
		if err == nil && len(l.long) == 0 {
			return cutEnd(piece), nil
		}
		l.keep(piece)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == nil, err == io.EOF && len(l.long) > 0:
			return cutEnd(l.long), nil
		}
		return nil, err
	}
}

// keep adds a piece to a long line. Of one that is too long the beginning is kept, a
// byte more than the quarantine takes, so that it says what it lacks.
func (l *Lines) keep(piece []byte) {
	switch {
	case l.Cut:
	case len(l.long)+len(piece) > MaxLine:
		l.long, l.Cut = bytes.Clone(l.long[:MaxText+1]), true
	default:
		if cap(l.long)-len(l.long) < len(piece) {
			l.long = slices.Grow(l.long, len(l.long)+len(piece)) // twice as much: append adds a quarter
		}
		l.long = append(l.long, piece...)
	}
}

// unread has the last lines read once more. They are separated by line ends.
func (l *Lines) Unread(text []byte) {
	l.Number -= int64(bytes.Count(text, []byte{'\n'})) + 1
	l.again = append(append(bytes.Clone(text), '\n'), l.again...)
	l.againCut, l.Cut = l.againCut || l.Cut, false
}

// reread returns the first of the lines that are to be read once more.
func (l *Lines) reread() (line []byte) {
	line, l.again, _ = bytes.Cut(l.again, []byte{'\n'})
	if l.Cut = l.againCut && len(l.again) == 0; l.Cut {
		l.againCut = false
	}
	return line
}

// cutEnd cuts off the end of a line.
func cutEnd(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	return line[:n]
}

// peek returns the beginning of what is still to be read.
func (l *Lines) Peek() []byte {
	start, _ := l.In.Peek(ReadAhead)
	return start
}

// close closes the part.
func (l *Lines) Close() {
	if c, ok := l.stream.(io.Closer); ok {
		c.Close()
	}
	if l.file != nil {
		l.file.Close()
		l.Part.buffers.give(l.plain)
		l.Part.buffers.give(l.unpacked)
	}
	l.file, l.plain, l.stream, l.unpacked, l.In = nil, nil, nil, nil, nil
}

// position is how many bytes of the file were used, 0 if it is closed.
func (l *Lines) Position() int64 {
	if l.file == nil {
		return 0
	}
	return l.file.Bytes - int64(l.plain.Buffered())
}

// counted counts what is read.
type Counted struct {
	io.ReadCloser
	Bytes int64
}

// Read reads and counts.
func (c *Counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.Bytes += int64(n)
	return n, err
}

// buffers are read-ahead buffers that are used again: thousands of files are opened
// one after the other. A nil one keeps none.
type buffers struct{ spare sync.Pool }

// take returns a buffered reader of r.
func (b *buffers) take(r io.Reader) *bufio.Reader {
	if b != nil {
		if in, ok := b.spare.Get().(*bufio.Reader); ok {
			in.Reset(r)
			return in
		}
	}
	return bufio.NewReaderSize(r, ReadAhead)
}

// give gives one back that is not used any more.
func (b *buffers) give(in *bufio.Reader) {
	if b != nil && in != nil {
		in.Reset(nil)
		b.spare.Put(in)
	}
}
