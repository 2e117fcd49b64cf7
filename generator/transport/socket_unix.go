//go:build unix

package transport

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is a connection of the operating system's that can also be read without
// waiting.
type socket struct {
	net.Conn
	talk dialogue
	raw  syscall.RawConn // nil: of another kind, a test's say, that always waits

	looking bool // Read returns what has arrived, and os.ErrDeadlineExceeded if nothing has
	read    func(fd uintptr)
	into    []byte // of the Read that looks
	n       int
	err     error
}

// newSocket returns c as a socket.
func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	if of, ok := c.(syscall.Conn); ok {
		s.raw, _ = of.SyscallConn() // fails for a closed one, which reading tells
	}
	s.read = func(fd uintptr) { s.n, s.err = unix.Read(int(fd), s.into) } // Go's sockets never block
	return s
}

// Read reads, or looks.
func (s *socket) Read(p []byte) (int, error) {
	switch {
	case !s.looking:
		return s.Conn.Read(p)
	case s.raw == nil || len(p) == 0:
		return 0, os.ErrDeadlineExceeded
	}
	s.into = p
	err := s.raw.Control(s.read) // not its Read: the deadline of the last exchange may be over
	s.into = nil
	switch {
	case err != nil:
		return 0, err
	case s.err == unix.EAGAIN || s.err == unix.EINTR:
		return 0, os.ErrDeadlineExceeded
	case s.err != nil:
		return 0, s.err
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}
