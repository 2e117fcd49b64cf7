package container

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"

	"rehearse/scenario"
)

// archive is a zip or tar file whose members were listed once. Its file is open only
// while one of them is.
type archive struct {
	part Part // the archive itself

	mutex sync.Mutex
	file  *os.File
	users int
}

// opener opens a member of an archive.
type opener interface {
	open() (io.ReadCloser, error)
}

// use opens the file of the archive for one more reader.
func (a *archive) use() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.users == 0 {
		file, err := a.part.OpenFile()
		if err != nil {
			return err
		}
		a.file = file
	}
	a.users++
	return nil
}

// Close ends the use by one reader, the last of which closes the file.
func (a *archive) Close() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.users--
	if a.users > 0 {
		return nil
	}
	return a.file.Close()
}

// ReadAt reads from the file while it is in use.
func (a *archive) ReadAt(p []byte, offset int64) (int, error) { return a.file.ReadAt(p, offset) }

// listing is what lies in an archive.
type listing struct {
	members []Part
	beside  []string // names of what holds no data
}

// list lists the members of a file that is an archive of a kind.
func (p Part) list(kind kind) (listing, error) {
	a := &archive{part: p}
	if err := a.use(); err != nil {
		return listing{}, err
	}
	defer a.Close()
	var l listing
	var err error
	if kind == zipFile {
		err = l.addZip(a)
	} else {
		err = l.addTar(a)
	}
	if err != nil {
		return listing{}, fmt.Errorf("cannot read archive %q: %w", p, Explain(err))
	}
	return l, nil
}

// add adds a member, unless its name says that it holds no data.
func (l *listing) add(a *archive, name string, size int64, in opener) {
	if scenario.IsBeside(name) {
		l.beside = append(l.beside, name)
		return
	}
	p := a.part
	p.member, p.Size, p.In = name, size, in
	l.members = append(l.members, p)
}

// The methods of packing in a zip archive that the standard library does not know
// (APPNOTE.TXT, section 4.4.5).
const (
	zipBzip2 = 12
	zipZstd  = 93
)

// addZip adds the members of a zip archive.
func (l *listing) addZip(a *archive) error {
	z, err := zip.NewReader(a, a.part.Size)
	if err != nil {
		return err
	}
	z.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	z.RegisterDecompressor(zipZstd,
		zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow)))
	for _, f := range z.File {
		if f.Mode().IsRegular() {
			l.add(a, f.Name, int64(f.UncompressedSize64), zipMember{a, f})
		}
	}
	return nil
}

// zipMember is a member of a zip archive.
type zipMember struct {
	archive *archive
	file    *zip.File
}

// encrypted is the flag of a member that wants a password.
const encrypted = 1

func (m zipMember) open() (io.ReadCloser, error) {
	if m.file.Flags&encrypted != 0 {
		return nil, errors.New("it wants a password: unpack the archive first")
	}
	if err := m.archive.use(); err != nil {
		return nil, err
	}
	content, err := m.file.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		err = fmt.Errorf("it is packed by method %d, which is not known here: unpack the archive first", m.file.Method)
	}
	if err != nil {
		m.archive.Close()
		return nil, err
	}
	return opened{content, content, m.archive}, nil
}

// addTar adds the members of a tar archive.
func (l *listing) addTar(a *archive) error {
	in := io.NewSectionReader(a, 0, a.part.Size)
	t := tar.NewReader(in) // It reads whole blocks and seeks over what lies between.
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			if h.Typeflag == tar.TypeGNUSparse {
				return fmt.Errorf("%q has holes: unpack the archive first", h.Name)
			}
			continue
		}
		at, err := in.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if at+h.Size > a.part.Size {
			return io.ErrUnexpectedEOF
		}
		l.add(a, h.Name, h.Size, tarMember{a, at, h.Size})
	}
}

// tarMember is a member of a tar archive: a stretch of its file.
type tarMember struct {
	archive  *archive
	at, size int64
}

func (m tarMember) open() (io.ReadCloser, error) {
	if err := m.archive.use(); err != nil {
		return nil, err
	}
	stretch := io.NewSectionReader(m.archive, m.at, m.size)
	return opened{stretch, nil, m.archive}, nil
}

// opened is an open member of an archive.
type opened struct {
	io.Reader
	content io.Closer // nil: nothing but the archive
	archive io.Closer
}

// Close closes the member and its archive.
func (o opened) Close() (err error) {
	if o.content != nil {
		err = o.content.Close()
	}
	return errors.Join(err, o.archive.Close())
}

// isTar reports whether a file begins with the header of a tar archive: 512 bytes
// with a sum of theirs, in octal, at 148 (POSIX.1-2008, pax, "ustar Interchange
// Format"). Archives older than that have no other mark.
func isTar(start []byte) bool {
	const block, at, end = 512, 148, 156
	if len(start) < block || start[0] == 0 {
		return false
	}
	var sum, signed int64
	for i, b := range start[:block] {
		if at <= i && i < end {
			b = ' '
		}
		sum += int64(b)
		signed += int64(int8(b))
	}
	written := int64(-1)
	for _, b := range bytes.Trim(start[at:end], " \x00") {
		if b < '0' || b > '7' {
			return false
		}
		written = max(written, 0)*8 + int64(b-'0')
	}
	return written == sum || written == signed
}
