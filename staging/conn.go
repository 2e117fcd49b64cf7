package staging

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// watched is a listener whose connections know when the other side has ended.
type watched struct{ net.Listener }

// Accept waits for the next connection.
func (w watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn is a connection that knows whether it was read to its end. To the HTTP
// library a chunked body that ends without its last chunk is whole.
type conn struct {
	net.Conn
	ended atomic.Bool
}

// Read reads what the client sent.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		c.ended.Store(true)
	}
	return n, err
}

// hasEnded reports whether a connection was read to its end.
func hasEnded(c net.Conn) bool {
	w, ok := c.(*conn)
	return ok && w.ended.Load()
}

// setLinger lets a close of c reset the connection, if it is one of TCP.
func setLinger(c net.Conn) {
	if w, ok := c.(*conn); ok {
		c = w.Conn
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		// Without the option the connection ends with a FIN: closed all the same.
		_ = tcp.SetLinger(0)
	}
}
