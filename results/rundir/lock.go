package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rehearse/results"
)

// LockFile is held, by flock(2), by the process that writes a run directory or
// resumes its run. It says how far the run may have got, ahead of the run.
const LockFile = "run.lock"

// lockFormat is the layout of LockFile.
const lockFormat = "rehearse/lock/v1"

// lockSize is how large the file is, in bytes: it is written over in place, so
// that a full disk cannot keep it from being kept true.
const lockSize = 512

// Phase says what a run had come to.
type Phase string

// The phases of a run. Under Unwritten the run went on after something of its
// directory could not be written: what the directory lacks may have left.
const (
	Running   Phase = "running"
	Closed    Phase = "closed"
	Unwritten Phase = "unwritten"
)

// State is what LockFile says.
type State struct {
	Format string        `json:"format"`
	Run    string        `json:"run"` // the id
	Phase  Phase         `json:"phase"`
	Reach  results.Reach `json:"may_have_left"`
}

// ErrHeld says that a directory is held by another process.
var ErrHeld = errors.New("another process holds it: the run still goes on, or is being resumed")

// Lock is a held directory. Its methods may be called from several goroutines.
type Lock struct {
	mu    sync.Mutex
	file  *os.File
	state State
}

// makeLock makes and takes the lock of a new directory.
func makeLock(dir, run string) (*Lock, error) {
	file, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDWR|os.O_CREATE|os.O_EXCL|noFollow, fileMode)
	if err != nil {
		return nil, err
	}
	err = take(file)
	l := &Lock{file: file, state: State{Format: lockFormat, Run: run, Phase: Running}}
	if err == nil {
		err = l.write()
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(file.Name()))
	}
	return l, nil
}

// Hold takes the lock of a directory that is there. The error is ErrHeld if
// a process has it. A directory of a version that had no locks gets a nil Lock.
func Hold(dir string) (*Lock, error) {
	file, err := OpenFile(dir, LockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := take(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{file: file}, nil
}

// take takes the lock of an open file. Whoever only looks holds it for less time
// than is waited here.
func take(file *os.File) error {
	for range 10 {
		free, err := hold(file, true)
		if free || err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ErrHeld
}

// Advance notes how far the run may get from now on.
func (l *Lock) Advance(r results.Reach) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Reach = r
	return l.write()
}

// Enter notes what the run has come to.
func (l *Lock) Enter(p Phase) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Phase = p
	return l.write()
}

// write writes the state over what the file holds; l.mu is held.
func (l *Lock) write() error {
	text, err := json.Marshal(l.state)
	if err != nil {
		return err
	}
	if len(text) >= lockSize {
		return fmt.Errorf("%s: the id of the run is too long", LockFile)
	}
	page := make([]byte, lockSize)
	for i := copy(page, text); i < lockSize; i++ {
		page[i] = ' '
	}
	page[lockSize-1] = '\n'
	_, err = l.file.WriteAt(page, 0)
	return err
}

// Close gives the directory back. A nil Lock holds none.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// ReadState reads what LockFile says, and whether its directory is held. The
// error is fs.ErrNotExist for a directory of a version that had no locks.
func ReadState(dir string) (s State, held bool, err error) {
	file, err := OpenFile(dir, LockFile)
	if err != nil {
		return s, false, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, lockSize))
	if err != nil {
		return s, false, err
	}
	if s, err = parseState(text); err != nil {
		return s, false, err
	}
	free, err := hold(file, false)
	return s, !free, err
}

// parseState reads the text of a LockFile.
func parseState(text []byte) (s State, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, fmt.Errorf("cannot read %s: %w", LockFile, err)
	}
	r := &s.Reach
	switch {
	case s.Format != lockFormat:
		return State{}, fmt.Errorf("cannot read %s: its format is not %s", LockFile, lockFormat)
	case s.Phase != Running && s.Phase != Closed && s.Phase != Unwritten, min(r.Below, r.Events, r.Requests) < 0:
		return State{}, fmt.Errorf("cannot read %s: it says what no run says", LockFile)
	}
	return s, nil
}
