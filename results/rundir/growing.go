package rundir

import (
	"errors"
	"io"
	"os"
)

// growing is a file of a run that is appended to, by whole pieces only.
type growing struct {
	io.Writer
	file *os.File // nil: it is not open
	size int64
}

// create makes the file.
func (g *growing) create(dir, name string) error {
	file, err := CreateFile(dir, name)
	g.Writer, g.file, g.size = file, file, 0
	return err
}

// append writes a piece. If there is no room for all of it, none of it stays.
func (g *growing) append(piece []byte) error {
	n, err := g.Write(piece)
	if err == nil {
		g.size += int64(n)
		return nil
	}
	if cut := g.file.Truncate(g.size); cut != nil {
		return errors.Join(err, cut)
	}
	_, seek := g.file.Seek(g.size, io.SeekStart)
	return errors.Join(err, seek)
}

// Close closes the file, once it is on the disk. One that is not open stays so.
func (g *growing) Close() error {
	if g.file == nil {
		return nil
	}
	err := errors.Join(g.file.Sync(), g.file.Close())
	g.file = nil
	return err
}
