//go:build unix

package rundir

import "syscall"

// noFollow fails on a symbolic link, and does not wait for the other end of a
// named pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
