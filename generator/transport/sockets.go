package transport

import (
	"context"
	"net"
	"sync/atomic"

	"rehearse/results"
)

// SocketCounter adds up what the kernel counted for the connections of a run.
type SocketCounter struct{ segments, again, drops atomic.Int64 }

// Over returns a dial that opens connections which report to s when they are
// closed.
func (s *SocketCounter) Over(dial DialFunc) DialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := dial(ctx, addr)
		if tcp, ok := c.(*net.TCPConn); ok && err == nil {
			return &countedConn{TCPConn: tcp, sockets: s}, nil
		}
		return c, err
	}
}

// add counts a connection.
func (s *SocketCounter) add(c results.Sockets) {
	s.segments.Add(c.Segments)
	s.again.Add(c.Again)
	s.drops.Add(c.Drops)
}

// Sum is what closed connections have counted.
func (s *SocketCounter) Sum() results.Sockets {
	return results.Sockets{Segments: s.segments.Load(), Again: s.again.Load(), Drops: s.drops.Load()}
}

// countedConn is a connection whose counts are read before it is closed.
type countedConn struct {
	*net.TCPConn
	sockets *SocketCounter
	closed  atomic.Bool
}

// Close closes the connection.
func (c *countedConn) Close() error {
	if raw, err := c.SyscallConn(); err == nil && c.closed.CompareAndSwap(false, true) {
		// Of one that is gone there is nothing to count.
		raw.Control(func(fd uintptr) { c.sockets.add(socketCounts(int(fd))) })
	}
	return c.TCPConn.Close()
}
