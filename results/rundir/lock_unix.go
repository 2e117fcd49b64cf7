//go:build unix

package rundir

import (
	"errors"
	"os"
	"syscall"
)

// hold takes the lock of an open file for as long as it stays open, alone or
// together with others who only look, and reports whether it was free. The system
// gives it back when the process ends, however it does. On a file system without
// locks it is always free.
func hold(file *os.File, alone bool) (free bool, err error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	switch err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case err == nil, errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOLCK):
		return true, nil
	default:
		return false, err
	}
}
