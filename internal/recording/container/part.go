package container

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
)

// standardInput is what the standard input is called.
const standardInput = "standard input"

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// part is one thing to read from its beginning to its end: a file, or one member
// of an archive.
type Part struct {
	Path   string
	member string      // of the archive at path; empty: the file itself
	In     opener      // opens the member
	Once   bool        // it can be read only once: a pipe
	Size   int64       // in bytes, as it lies there; 0: not known
	file   os.FileInfo // at path, when it was looked at; nil: standard input
	copyOf string      // what path is a temporary copy of; empty: it is none
	Seed   int64       // stands for the part where equal lines of several are told apart

	buffers *buffers // shared by all parts
}

// String names the part in errors.
func (p Part) String() string {
	name := cmp.Or(p.copyOf, p.Path)
	if p.member != "" {
		return name + "!" + p.member
	}
	return name
}

// open opens the part for reading. It may be compressed.
func (p Part) open() (io.ReadCloser, error) {
	switch {
	case p.Path == Stdin:
		return io.NopCloser(os.Stdin), nil
	case p.In != nil:
		content, err := p.In.open()
		if err != nil {
			return nil, fmt.Errorf("cannot open recording %q: %w", p, Explain(err))
		}
		return content, nil
	}
	file, err := p.OpenFile()
	if err != nil || p.Once {
		return file, err
	}
	return &upTo{file, p.Size}, nil
}

// openFile opens the file that the part is, or lies in, which must still be the one
// that was looked at.
func (p Part) OpenFile() (*os.File, error) {
	file, err := os.Open(p.Path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	now, err := file.Stat()
	switch {
	case err != nil:
	case p.file == nil || p.Once:
		return file, nil
	case !os.SameFile(p.file, now):
		err = errors.New("another file has taken its place since it was looked at")
	case now.Size() < p.file.Size():
		err = fmt.Errorf("it has %d bytes now and had %d when it was looked at", now.Size(), p.file.Size())
	default:
		return file, nil
	}
	file.Close()
	return nil, fmt.Errorf("cannot open recording %q: %w", p.Path, err)
}

// kind tells what lies in the part once it is decompressed, and whether it is
// compressed.
func (p Part) kind() (k kind, compressed bool, err error) {
	var l Lines
	if err := l.unpack(p); err != nil {
		return 0, false, err
	}
	defer l.Close()
	start, _ := l.In.Peek(512)
	return kindOf(start), l.In != l.plain, nil
}

// upTo is a file up to where it ended when it was looked at.
type upTo struct {
	*os.File
	left int64
}

// Read reads on. That the file ends before it should is an error.
func (u *upTo) Read(p []byte) (int, error) {
	if u.left == 0 {
		return 0, io.EOF
	}
	n, err := u.File.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	if err == io.EOF {
		err = fmt.Errorf("the file became shorter while it was read: %d bytes are missing", u.left)
	}
	return n, err
}
