//go:build unix

package permit

import (
	"errors"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Locks of open file descriptions, which Linux has (fcntl(2)) and POSIX does not.
const (
	getOpenFileLock = 36
	setOpenFileLock = 37
)

// seize locks a stretch of a file for as long as it is open, or where there are no such
// locks for this process (POSIX record locks). holder is where a lock begins that
// another process has on a part of it; negative: none had.
func seize(file *os.File, from, length int64) (holder int64, err error) {
	get, set := unix.F_GETLK, unix.F_SETLK
	if runtime.GOOS == "linux" {
		get, set = getOpenFileLock, setOpenFileLock
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: from, Len: length}
	err = unix.FcntlFlock(file.Fd(), set, &lock)
	if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
		return -1, err
	}
	if err := unix.FcntlFlock(file.Fd(), get, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return from, err
	}
	return lock.Start, nil
}
