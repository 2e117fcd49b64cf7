//go:build unix && !linux

package permit

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// seize locks a stretch of a file for this process (POSIX record locks). holder is where a lock begins that somebody else has on a part
// of it; negative: nobody had.
func seize(file *os.File, from, length int64) (holder int64, err error) {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: from, Len: length}
	err = unix.FcntlFlock(file.Fd(), unix.F_SETLK, &lock)
	if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
		return -1, err
	}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return from, err
	}
	return lock.Start, nil
}
