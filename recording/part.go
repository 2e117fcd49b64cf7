package recording

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// part is one thing to read from its beginning to its end: a file, or one member
// of an archive.
type part struct {
	path   string
	member string      // of the zip archive at path; empty: the file itself
	once   bool        // it can be read only once: a pipe
	size   int64       // in bytes, as it lies there; 0: not known
	file   os.FileInfo // at path, when it was looked at; nil: standard input
	copyOf string      // what path is a temporary copy of; empty: it is none
}

// String names the part in errors.
func (p part) String() string {
	name := cmp.Or(p.copyOf, p.path)
	if p.member != "" {
		return name + "!" + p.member
	}
	return name
}

// Files are recordings as they were when Look saw them: however often they are read,
// what was appended since is no part of them, and what was taken away is an error.
type Files struct{ parts []part }

// Look lists what lies at the paths, archives unfolded, in order.
func Look(paths []string) (Files, error) {
	var f Files
	for _, path := range paths {
		if path == Stdin {
			f.parts = append(f.parts, part{path: path, once: true})
			continue
		}
		members, err := membersOf(path)
		if err != nil {
			return Files{}, err
		}
		f.parts = append(f.parts, members...)
	}
	return f, nil
}

// Size is how many bytes there are, members of archives unpacked.
func (f Files) Size() (bytes int64) {
	for _, p := range f.parts {
		bytes += p.size
	}
	return bytes
}

// Size is how many bytes lie at the paths; what cannot be looked at counts as nothing.
func Size(paths []string) int64 {
	f, _ := Look(paths)
	return f.Size()
}

// membersOf returns the file itself, or the members of a zip archive.
func membersOf(path string) ([]part, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	if !info.Mode().IsRegular() { // To look into a pipe would take from it.
		return []part{{path: path, once: true, file: info}}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	defer file.Close()
	var magic [4]byte
	if _, err := io.ReadFull(file, magic[:]); err != nil || string(magic[:]) != "PK\x03\x04" {
		return []part{{path: path, size: info.Size(), file: info}}, nil
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("cannot read archive %q: %w", path, explain(err))
	}
	var parts []part
	for _, f := range archive.File {
		if f.Mode().IsRegular() && !strings.HasPrefix(f.Name, "__MACOSX/") {
			parts = append(parts, part{path: path, member: f.Name, size: int64(f.UncompressedSize64), file: info})
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
	file, err := p.openFile()
	if err != nil || p.once {
		return file, err
	}
	return &upTo{file, p.size}, nil
}

// openFile opens the file that the part is, or lies in, which must still be the one
// that was looked at.
func (p part) openFile() (*os.File, error) {
	file, err := os.Open(p.path)
	if err != nil {
		return nil, fmt.Errorf("cannot open recording: %w", err)
	}
	now, err := file.Stat()
	switch {
	case err != nil:
	case p.file == nil || p.once:
		return file, nil
	case !os.SameFile(p.file, now):
		err = errors.New("another file has taken its place since it was looked at")
	case now.Size() < p.file.Size():
		err = fmt.Errorf("it has %d bytes now and had %d when it was looked at", now.Size(), p.file.Size())
	default:
		return file, nil
	}
	file.Close()
	return nil, fmt.Errorf("cannot open recording %q: %w", p.path, err)
}

// openMember opens a member of an archive.
func (p part) openMember() (io.ReadCloser, error) {
	file, err := p.openFile()
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(file, p.file.Size())
	if err != nil {
		file.Close()
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
		return member{content, file}, nil
	}
	file.Close()
	return nil, fmt.Errorf("cannot read %q", p)
}

// member is an open member of an archive; both are closed together.
type member struct {
	io.ReadCloser
	archive io.Closer
}

// Close closes the member and its archive.
func (m member) Close() error { return errors.Join(m.ReadCloser.Close(), m.archive.Close()) }

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
	if u.left -= int64(n); err == io.EOF {
		err = fmt.Errorf("the file became shorter while it was read: %d bytes are missing", u.left)
	}
	return n, err
}

// Spool looks at what lies at the paths, as Look does, and copies what can be read only
// once, standard input and pipes, into temporary files, so that it can be read again.
// What it returns removes the copies.
func Spool(paths []string) (f Files, remove func(), err error) {
	var copies []string
	remove = func() {
		for _, path := range copies {
			os.Remove(path)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		from := path
		if path == Stdin || err == nil && !info.Mode().IsRegular() {
			if path, err = spool(part{path: path}); err != nil {
				remove()
				return Files{}, nil, err
			}
			copies = append(copies, path)
		}
		members, err := membersOf(path)
		if err != nil {
			remove()
			return Files{}, nil, err
		}
		if from != path {
			called(members, from)
		}
		f.parts = append(f.parts, members...)
	}
	return f, remove, nil
}

// called gives parts of a copy the name of what it is a copy of.
func called(parts []part, name string) {
	if name == Stdin {
		name = "standard input"
	}
	for i := range parts {
		parts[i].copyOf = name
	}
}

// Paths are where the files lie, copies included; an archive counts once.
func (f Files) Paths() (paths []string) {
	for i, p := range f.parts {
		if i == 0 || f.parts[i-1].path != p.path {
			paths = append(paths, p.path)
		}
	}
	return paths
}

// Named puts the names of what was copied into a text that names the copies.
func (f Files) Named(text string) string {
	for _, p := range f.parts {
		if p.copyOf != "" {
			text = strings.ReplaceAll(text, p.path, p.copyOf)
		}
	}
	return text
}

// copyNames is what the temporary copies of this process are called.
func copyNames() string { return fmt.Sprintf("rehearse-%d-*", os.Getpid()) }

// RemoveCopies removes the temporary copies that this process has made, for one that
// ends without the remove functions of Spool. It is best effort.
func RemoveCopies() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), copyNames())) // the pattern is sound
	for _, path := range left {
		os.Remove(path)
	}
}

// spool copies a part into a temporary file.
func spool(p part) (string, error) {
	in, err := p.open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp("", copyNames())
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
