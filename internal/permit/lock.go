package permit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// lockSuffix is what the name of a permit's lock has at its end.
const lockSuffix = ".lock"

// inUse says that another run holds a permit, or the part of it that is asked for.
type inUse struct {
	File string // the lock
	By   string // who holds it, as it said itself; empty: it has not said yet
}

// Error names who holds the permit.
func (e *inUse) Error() string {
	by := e.By
	if by == "" {
		by = "another run"
	}
	return fmt.Sprintf("the permit is in use by %s: its bounds are those of one run at a time (the lock is %s)", by,
		e.File)
}

// Lock takes the permit for one run, named by who, or part i of n of it for one of n
// shards: what two runs hold at the same time never overlaps. The lock is a file
// beside the permit, and one in the user's cache that copies of the permit have in
// common; one of the two must be had. It goes with the process. The error names who
// has it, if another process does.
//
// It binds the runs of one machine. Shards on several machines are told apart by
// their numbers, and nothing but their operator keeps a number from being used twice.
func (p *Permit) Lock(who string, i, n int) (release func(), err error) {
	var held []*os.File
	release = func() {
		for _, file := range held {
			forget(file, i, n)
			file.Close()
		}
	}
	var unheld error
	for _, path := range p.locks() {
		file, err := lockFile(path, who, i, n)
		var used *inUse
		switch {
		case errors.As(err, &used):
			release()
			return nil, err
		case err != nil:
			unheld = errors.Join(unheld, err)
		default:
			held = append(held, file)
		}
	}
	if len(held) == 0 {
		return nil, fmt.Errorf("cannot lock the permit, which only one run may use at a time: %w", unheld)
	}
	return release, nil
}

// locks are the files that stand for the permit.
func (p *Permit) locks() []string {
	beside := p.File
	if real, err := filepath.EvalSymlinks(beside); err == nil {
		beside = real
	}
	locks := []string{beside + lockSuffix}
	if cache, err := os.UserCacheDir(); err == nil {
		sum := sha256.Sum256(p.Text)
		locks = append(locks, filepath.Join(cache, "rehearse", "permits", hex.EncodeToString(sum[:])+lockSuffix))
	}
	return locks
}

// lockFile takes part i of n of one lock, and writes into it who has it.
func lockFile(path, who string, i, n int) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	from, to := stretch(i, n)
	holder, err := seize(file, from, to-from)
	if err != nil || holder >= 0 {
		defer file.Close()
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	case holder >= 0:
		return nil, &inUse{File: path, By: readHolder(file, holder)}
	}
	if n > 1 {
		who = fmt.Sprintf("shard %d of %d, %s", i, n, who)
	}
	writeHolder(file, from, fmt.Sprintf("%s (process %d since %s)", who, os.Getpid(),
		time.Now().UTC().Format(time.RFC3339)))
	return file, nil
}

// whole is the length of a lock, of which a part is a stretch.
const whole = 1 << 40

// stretch is part i of n of a lock. No other part has any of it.
func stretch(i, n int) (from, to int64) {
	n = max(n, 1)
	return whole / int64(n) * int64(i), whole / int64(n) * int64(i+1)
}

// A lock says of each part who holds it, in a line at a place of its own.
const (
	holderSize = 256     // bytes of a line
	holders    = 1 << 12 // places
)

// placeOf is where the part is told of that begins at a byte.
func placeOf(from int64) int64 { return from / (whole / holders) * holderSize }

func writeHolder(file *os.File, from int64, who string) {
	line := []byte(who + strings.Repeat(" ", holderSize))[:holderSize]
	line[holderSize-1] = '\n'
	file.WriteAt(line, placeOf(from)) // who cannot be told is called another run
}

func readHolder(file *os.File, from int64) string {
	line := make([]byte, holderSize)
	n, _ := file.ReadAt(line, placeOf(from)) // likewise
	return strings.Trim(string(line[:n]), "\x00 \n")
}

// forget takes the name of a part's holder away.
func forget(file *os.File, i, n int) {
	from, _ := stretch(i, n)
	writeHolder(file, from, "")
}
