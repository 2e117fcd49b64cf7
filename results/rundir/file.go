package rundir

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The modes of what is made here.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// MaxFile is how much ReadFile reads of a file, in bytes.
const MaxFile = 16 << 20

// ErrNotRegular says that a file of a run directory is a symbolic link, a named
// pipe, a device or a directory, and was not opened for that.
var ErrNotRegular = errors.New("not a regular file: links and pipes in a run directory are not followed")

// Open opens a file of a run directory for reading. The error is fs.ErrNotExist
// if there is none and ErrNotRegular if it is not a regular file.
func OpenFile(dir, name string) (*os.File, error) {
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		if info, stat := os.Lstat(path); stat == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
		}
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// ReadFile reads a small file of a run directory. One of more than MaxFile bytes
// is an error.
func ReadFile(dir, name string) ([]byte, error) {
	file, err := OpenFile(dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(text) > MaxFile {
		err = fmt.Errorf("%s: larger than %d bytes", file.Name(), MaxFile)
	}
	return text, err
}

// Create makes a file that is not there yet.
func CreateFile(dir, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, fileMode)
}

// Replace writes a file as a whole: whoever reads it meanwhile, or after a crash,
// finds what was there before or all of text. What stood there under that name, a
// link included, is replaced and not written to.
func Replace(dir, name string, text []byte) error {
	return replace(dir, name, text, true)
}

// ReplaceSoon is Replace without waiting for the disk: the file is whole after
// the process was killed, but may be older than it after the machine was.
func ReplaceSoon(dir, name string, text []byte) error {
	return replace(dir, name, text, false)
}

// replace writes a file beside the old one and gives it the old one's name.
func replace(dir, name string, text []byte, wait bool) error {
	next := filepath.Join(dir, name+".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := CreateFile(dir, name+".next")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil && wait {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(next, filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return nil
}

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

// maxLine bounds a line of a run's files, in bytes. The longest that is written
// is a histogram of tens of kilobytes.
const maxLine = 1 << 20

// readAhead is how much of a file is read at once, in bytes: a merge has two open of each
// shard.
const readAhead = 16 << 10

// eachLine calls do with every line, its line feed cut off, until do fails. A
// last line without a line feed was torn off in writing: it is passed over, and
// ErrTorn returned. The line is valid until do returns.
func eachLine(in io.Reader, do func(line []byte) error) error {
	lines := bufio.NewReaderSize(in, readAhead)
	var long []byte // one that goes beyond the buffer
	for {
		line, err := lines.ReadSlice('\n')
		if len(long) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			line = long
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) < maxLine:
			continue
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return ErrTorn
		case err != nil:
			return err
		}
		if err := do(line[:len(line)-1]); err != nil {
			return err
		}
		long = long[:0]
	}
}

// The files of a run directory.
const (
	ScenarioFile = "scenario.yaml"
	ResultFile   = "result.json"
	LatencyFile  = "latency.hlog"
	TimelineFile = "timeline.csv"
	RejectedFile = "rejected.jsonl.gz"
	LedgerFile   = "ledger"
)

// The files that only some run directories have. Others write them; reports show
// what is there.
const (
	CheckFile    = "check.json"    // what the preflight said of the scenario
	ResolvedFile = "resolved.yaml" // the scenario as it was used, from which the run can be made again
	EndpointFile = "endpoint.json" // what the embedded endpoint had counted at the end
	PermitFile   = "permit.yaml"   // the permit that the run was allowed by, as signed

	BackgroundDir = "background" // the run directory of the stream that was sent beside
)

// ErrTorn says that a file of a run ends in the middle: the run was killed
// there, or the disk was full. What stood before is good, and is returned.
var ErrTorn = errors.New("the file ends in the middle")
