package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotEmpty says that a run was to be written where something is already.
var ErrNotEmpty = errors.New("it is not empty (choose another, or remove it: a run never overwrites another)")

// reserveFile holds space for the last words of a run whose disk is full.
const reserveFile = "reserve"

// reserveSize is more than result.json takes, in bytes.
const reserveSize = 256 << 10

// Dir is a run directory that this process made and holds.
type Dir struct {
	*Lock
	Path string
	made bool // by us, and not only found empty
}

// Make makes the directory of a run, or takes one that is empty, and locks it. Of
// several that try at once one succeeds; the others leave nothing behind.
func Make(path, run string) (*Dir, error) {
	d := &Dir{Path: path}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	switch err := os.Mkdir(path, dirMode); {
	case err == nil:
		d.made = true
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	default:
		if err := mustBeEmpty(path); err != nil {
			return nil, err
		}
	}
	lock, err := makeLock(path, run)
	if errors.Is(err, fs.ErrExist) {
		return nil, ErrNotEmpty // another was faster
	}
	if err != nil {
		if d.made {
			err = errors.Join(err, os.Remove(path))
		}
		return nil, err
	}
	d.Lock = lock
	if err := d.reserve(); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// mustBeEmpty is an error unless the directory is.
func mustBeEmpty(path string) error {
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		return ErrNotEmpty
	}
	return err
}

// reserve takes the space for the last words.
func (d *Dir) reserve() error {
	file, err := CreateFile(d.Path, reserveFile)
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, reserveSize))
	return errors.Join(err, file.Close())
}

// Release gives the reserved space back, once something could not be written or
// everything is.
func (d *Dir) Release() error {
	err := os.Remove(filepath.Join(d.Path, reserveFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Discard removes the directory of a run that came to nothing before it began,
// with all that was made in it.
func (d *Dir) Discard() error {
	entries, err := os.ReadDir(d.Path)
	for _, e := range entries {
		if e.Name() != LockFile {
			err = errors.Join(err, os.Remove(filepath.Join(d.Path, e.Name())))
		}
	}
	// The lock goes last: until then nobody else may begin here.
	err = errors.Join(err, os.Remove(filepath.Join(d.Path, LockFile)), d.Close())
	if d.made {
		err = errors.Join(err, os.Remove(d.Path))
	}
	if err != nil {
		return fmt.Errorf("cannot remove what was begun: %w", err)
	}
	return nil
}
