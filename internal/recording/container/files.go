package container

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/zeebo/xxh3"

	"rehearse/internal/units"
)

// Parts are recordings as they were when they were looked at: however often they are
// read, what was appended since is no part of them, and what was taken away is an
// error.
type Parts struct {
	All    []Part
	paths  []string // what was looked at; a copy of what can be read only once
	Beside []string // names of members of archives that hold no data
	looked []Part   // what lies at each of the paths, archives as a whole
}

// LookParts lists what lies at the paths, archives unfolded, in order. What can be read
// only once, and archives that are compressed or lie in others, are left as they are.
func LookParts(paths []string) (Parts, error) {
	var l lister
	err := l.list(paths)
	return l.files, err
}

// SpoolParts looks at what lies at the paths, as LookParts does, and copies what can be read
// only once, standard input and pipes, and what has to be unpacked to be looked into,
// into temporary files. What it returns removes the copies.
func SpoolParts(paths []string) (f Parts, remove func(), err error) {
	l := lister{spool: newSpool()}
	if err := l.list(paths); err != nil {
		l.spool.remove()
		return Parts{}, nil, err
	}
	return l.files, l.spool.remove, nil
}

// Size is how many bytes there are, members of archives unpacked.
func (f Parts) Size() (bytes int64) {
	for _, p := range f.All {
		bytes += p.Size
	}
	return bytes
}

// Paths are where the files lie: what can be read only once at its copy.
func (f Parts) Paths() []string { return f.paths }

// Named puts the names of what was copied into a text that names the copies.
func (f Parts) Named(text string) string {
	for _, p := range f.All {
		if p.copyOf != "" {
			text = strings.ReplaceAll(text, p.Path, p.copyOf)
		}
	}
	return text
}

// lister finds the parts of recordings.
type lister struct {
	files   Parts
	spool   *spool // nil: nothing is copied
	buffers buffers
}

// maxNested is how many archives may lie in each other.
const maxNested = 4

// list lists what lies at the paths.
func (l *lister) list(paths []string) error {
	for _, path := range paths {
		p, err := l.look(path)
		if err != nil {
			return err
		}
		l.files.paths, l.files.looked = append(l.files.paths, p.Path), append(l.files.looked, p)
		p.buffers = &l.buffers
		if err := l.unfold(p, maxNested); err != nil {
			return err
		}
	}
	l.files.tellApart()
	return nil
}

// tellApart gives each part a seed, by its name without directories, so that a file
// that is moved keeps the identifiers of its events; of several that have one name, by
// their order.
func (f *Parts) tellApart() {
	seen := map[uint64]int64{}
	for i := range f.All {
		p := &f.All[i]
		name := xxh3.HashString(filepath.Base(cmp.Or(p.copyOf, p.Path)) + "!" + p.member)
		p.Seed = int64(name+uint64(seen[name])<<32) &^ (1<<32 - 1)
		seen[name]++
	}
}

// look looks at one path, and copies what can be read only once.
func (l *lister) look(path string) (Part, error) {
	info, err := os.Stat(path)
	switch {
	case path == Stdin:
		p := Part{Path: path, Once: true}
		if l.spool == nil {
			return p, nil
		}
		return l.spool.copy(p, standardInput)
	case err != nil:
		return Part{}, fmt.Errorf("cannot open recording: %w", err)
	case !info.Mode().IsRegular(): // To look into a pipe would take from it.
		p := Part{Path: path, Once: true, file: info}
		if l.spool == nil {
			return p, nil
		}
		return l.spool.copy(p, path)
	}
	return Part{Path: path, Size: info.Size(), file: info}, nil
}

// unfold adds a part, or what lies in it if it is an archive.
func (l *lister) unfold(p Part, nested int) error {
	if p.Once {
		l.files.All = append(l.files.All, p)
		return nil
	}
	k, compressed, err := p.kind()
	if err != nil {
		return err
	}
	inside := p.In != nil || compressed // It cannot be read but from its beginning to its end.
	switch {
	case k == linesOrRows, k == parquetFile && !inside, inside && l.spool == nil:
		l.files.All = append(l.files.All, p)
		return nil
	case inside && nested == 0:
		return fmt.Errorf("cannot read recording %q: archives lie in archives more than %d deep", p, maxNested)
	case inside:
		if p, err = l.spool.unpack(p); err != nil {
			return err
		}
		p.buffers = &l.buffers
		if k == parquetFile {
			l.files.All = append(l.files.All, p)
			return nil
		}
	}
	found, err := p.list(k)
	if err != nil {
		return err
	}
	l.files.Beside = append(l.files.Beside, found.beside...)
	for _, member := range found.members {
		if err := l.unfold(member, nested-1); err != nil {
			return err
		}
	}
	return nil
}

// spool keeps temporary copies, together not larger than a bound.
type spool struct {
	dir    string
	left   int64 // bytes that may still be written
	bound  int64
	copies []string
}

// maxSpool bounds the copies where the free disk is not known, in bytes.
const maxSpool = 64 << 30

// newSpool prepares to keep copies where temporary files lie. They may take half of
// what is free there.
func newSpool() *spool {
	dir := os.TempDir()
	bound := int64(maxSpool)
	if free := freeDisk(dir); free >= 0 {
		bound = min(bound, free/2)
	}
	bound -= bound % 1_000_000
	return &spool{dir: dir, left: bound, bound: bound}
}

// remove removes the copies.
func (s *spool) remove() {
	for _, path := range s.copies {
		os.Remove(path)
	}
}

// copy copies what can be read only once.
func (s *spool) copy(p Part, name string) (Part, error) {
	in, err := p.open()
	if err != nil {
		return Part{}, err
	}
	defer in.Close()
	return s.keep(in, name)
}

// unpack copies a part as it is once decompressed.
func (s *spool) unpack(p Part) (Part, error) {
	var l Lines
	if err := l.unpack(p); err != nil {
		return Part{}, err
	}
	defer l.Close()
	return s.keep(l.In, p.String())
}

// keep writes a copy of what is called name.
func (s *spool) keep(in io.Reader, name string) (Part, error) {
	out, err := os.CreateTemp(s.dir, copyNames())
	if err != nil {
		return Part{}, fmt.Errorf("cannot keep a copy of %q: %w", name, err)
	}
	s.copies = append(s.copies, out.Name())
	n, err := io.Copy(out, io.LimitReader(in, s.left+1))
	s.left -= n
	if err == nil && s.left < 0 {
		err = fmt.Errorf("it has more than the %s that copies may take in %s "+
			"(TMPDIR names another directory; a plain file needs no copy)", units.FormatBytes(s.bound), s.dir)
	}
	info, stat := out.Stat()
	if err = errors.Join(err, stat, out.Close()); err != nil {
		return Part{}, fmt.Errorf("cannot keep a copy of %q: %w", name, Explain(err))
	}
	return Part{Path: out.Name(), Size: info.Size(), file: info, copyOf: name}, nil
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
