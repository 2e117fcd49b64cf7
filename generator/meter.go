package generator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/capture"
)

// meter watches what passes over a wire's connection. The client's error alone
// does not tell whether a request that failed had been sent whole, and so
// whether it may have been ingested; the meter does.
type meter struct {
	dial func(addr string) (net.Conn, error)
	hard context.Context

	leaves func() bool // asked before the first byte of an exchange is written; nil: nobody is

	open    atomic.Pointer[metered] // the client may close it from a goroutine of its own
	touched time.Duration           // when its last exchange ended

	written, read int   // bytes since begin
	dialed        error // why no connection could be had
	broken        error // why writing failed
}

// begin starts the count for one exchange.
func (m *meter) begin() { m.written, m.read, m.dialed, m.broken = 0, 0, nil, nil }

// connect opens a metered connection that closes when the run is broken off.
func (m *meter) connect(addr string) (net.Conn, error) {
	c, err := m.dial(addr)
	if err != nil {
		m.dialed = err
		return nil, err
	}
	open := &metered{Conn: c, meter: m, stop: context.AfterFunc(m.hard, func() { c.Close() })}
	m.open.Store(open)
	return open, nil
}

// rested is how long a connection must lie idle before it is worth a system
// call to find out whether the other side has closed it.
const rested = 5 * time.Millisecond

// dead tells whether the connection was closed from the other side while it
// rested. To send on it would leave the request's fate unknown.
func (m *meter) dead(now time.Duration) bool {
	open := m.open.Load()
	return open != nil && now-m.touched > rested && stale(open.Conn)
}

// metered is a connection that reports to a meter.
type metered struct {
	net.Conn
	meter *meter
	stop  func() bool
}

// errNotStarted says that a request may not leave any more.
var errNotStarted = errors.New("the run ended before the request left")

// Write counts, and remembers that it failed.
func (c *metered) Write(p []byte) (int, error) {
	if m := c.meter; m.written == 0 && m.leaves != nil && !m.leaves() {
		m.broken = errNotStarted
		return 0, errNotStarted
	}
	n, err := c.Conn.Write(p)
	c.meter.written += n
	if err != nil {
		c.meter.broken = err
	}
	return n, err
}

// Read counts.
func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.read += n
	return n, err
}

// Close closes the connection for good.
func (c *metered) Close() error {
	c.stop()
	c.meter.open.CompareAndSwap(c, nil)
	return c.Conn.Close()
}

// reason says what became of an exchange that ended in err.
func (m *meter) reason(err error) capture.Reason {
	switch {
	case m.hard.Err() != nil:
		return capture.Abandoned
	case m.dialed != nil:
		return dialReason(m.dialed)
	case isTLS(err):
		return capture.TLSFailed
	case errors.Is(m.broken, errNotStarted):
		return capture.NotStarted
	case m.broken != nil:
		return capture.BrokenWhileSending
	case errors.Is(err, fasthttp.ErrTimeout):
		return capture.AnswerTimeout
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return capture.OversizedAnswer
	case m.read == 0:
		return capture.ClosedBeforeAnswer
	case isBroken(err):
		return capture.BrokenWhileReading
	}
	return capture.GarbledAnswer
}

// dialReason tells the ways apart in which no connection comes about.
func dialReason(err error) capture.Reason {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return capture.NameNotFound
	case errors.Is(err, syscall.ECONNREFUSED):
		return capture.ConnectRefused
	case errors.As(err, &timeout) && timeout.Timeout():
		return capture.ConnectTimeout
	}
	return capture.ConnectFailed
}

// isTLS tells whether err comes from setting up an encrypted connection.
func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) || errors.As(err, &authority) ||
		errors.Is(err, fasthttp.ErrTLSHandshakeTimeout)
}

// isBroken tells whether a connection ended in the middle of an answer.
func isBroken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, fasthttp.ErrConnectionClosed) || errors.As(err, &op)
}
