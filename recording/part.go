package recording

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// part is one thing to read from its beginning to its end: a file, or one member
// of an archive.
type part struct {
	path   string
	member string // of the zip archive at path; empty: the file itself
	once   bool   // it can be read only once: a pipe
	size   int64  // in bytes, as it lies there; 0: not known
}

// String names the part in errors.
func (p part) String() string {
	if p.member != "" {
		return p.path + "!" + p.member
	}
	return p.path
}

// partsOf lists what lies at the paths, archives unfolded, in order.
func partsOf(paths []string) ([]part, error) {
	var parts []part
	for _, path := range paths {
		if path == Stdin {
			parts = append(parts, part{path: path, once: true})
			continue
		}
		members, err := membersOf(path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, members...)
	}
	return parts, nil
}

// Size is how many bytes lie at the paths, members of archives unpacked; what cannot
// be looked at counts as nothing.
func Size(paths []string) (bytes int64) {
	parts, err := partsOf(paths)
	if err != nil {
		return 0
	}
	for _, p := range parts {
		bytes += p.size
	}
	return bytes
}

// membersOf returns the file itself, or the members of a zip archive.
func membersOf(path string) ([]part, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	defer file.Close()
	var magic [4]byte
	if _, err := io.ReadFull(file, magic[:]); err != nil || string(magic[:]) != "PK\x03\x04" {
		info, err := file.Stat()
		if err != nil {
			return nil, fmt.Errorf("cannot open recording: %w", err)
		}
		return []part{{path: path, once: !info.Mode().IsRegular(), size: info.Size()}}, nil
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read archive %q: %w", path, explain(err))
	}
	defer archive.Close()
	var parts []part
	for _, f := range archive.File {
		if f.Mode().IsRegular() && !strings.HasPrefix(f.Name, "__MACOSX/") {
			parts = append(parts, part{path: path, member: f.Name, size: int64(f.UncompressedSize64)})
		}
	}
	return parts, nil
}

// open opens the part for reading. It may be compressed.
func (p part) open() (io.ReadCloser, error) {
	switch {
	case p.path == Stdin:
		return io.NopCloser(os.Stdin), nil
	case p.member != "":
		return p.openMember()
	}
	file, err := os.Open(p.path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	return file, nil
}

// openMember opens a member of an archive.
func (p part) openMember() (io.ReadCloser, error) {
	archive, err := zip.OpenReader(p.path)
	if err != nil {
		return nil, fmt.Errorf("cannot read archive %q: %w", p.path, explain(err))
	}
	for _, f := range archive.File {
		if f.Name != p.member {
			continue
		}
		content, err := f.Open()
		if err != nil {
			break
		}
		return member{content, archive}, nil
	}
	archive.Close()
	return nil, fmt.Errorf("cannot read %q", p)
}

// member is an open member of an archive; both are closed together.
type member struct {
	io.ReadCloser
	archive io.Closer
}

// Close closes the member and its archive.
func (m member) Close() error { return errors.Join(m.ReadCloser.Close(), m.archive.Close()) }

// Spool copies what can be read only once, standard input and pipes, into
// temporary files, so that it can be read again. It returns the paths to read
// instead, and what removes the copies.
func Spool(paths []string) (spooled []string, remove func(), err error) {
	var copies []string
	remove = func() {
		for _, path := range copies {
			os.Remove(path)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if path != Stdin && (err != nil || info.Mode().IsRegular()) {
			spooled = append(spooled, path)
			continue
		}
		name, err := spool(part{path: path})
		if err != nil {
			remove()
			return nil, nil, err
		}
		copies, spooled = append(copies, name), append(spooled, name)
	}
	return spooled, remove, nil
}

// spool copies a part into a temporary file.
func spool(p part) (string, error) {
	in, err := p.open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp("", "rehearse-*")
	if err != nil {
		return "", fmt.Errorf("cannot keep a copy of %q to read it twice: %w", p, err)
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		os.Remove(out.Name())
		return "", fmt.Errorf("cannot keep a copy of %q to read it twice: %w", p, err)
	}
	return out.Name(), out.Close()
}
