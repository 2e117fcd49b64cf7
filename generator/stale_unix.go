//go:build unix

package generator

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// stale tells whether the other side has closed a connection that rests, or
// sent what nobody asked for. Either way the next request would be lost on it.
func stale(c net.Conn) bool {
	for secure, ok := c.(*tls.Conn); ok; secure, ok = c.(*tls.Conn) { // twice, through a proxy that is encrypted
		c = secure.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	var one [1]byte
	var peek error
	err = raw.Control(func(fd uintptr) { // not Read: the deadline of the last exchange may be over
		_, _, peek = unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return err != nil || !errors.Is(peek, unix.EAGAIN)
}
