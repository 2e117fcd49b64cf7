//go:build !unix

package transport

import (
	"net"
	"os"
)

// socket is a connection. Here it cannot be read without waiting.
type socket struct {
	net.Conn
	talk    dialogue
	looking bool // Read returns os.ErrDeadlineExceeded
}

// newSocket returns c as a socket.
func newSocket(c net.Conn) *socket { return &socket{Conn: c} }

// Read reads, or does not look.
func (s *socket) Read(p []byte) (int, error) {
	if s.looking {
		return 0, os.ErrDeadlineExceeded
	}
	return s.Conn.Read(p)
}
