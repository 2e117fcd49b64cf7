package generator

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"rehearse/capture"
	"rehearse/results"
)

// meter watches what passes over a wire's connection. The client's error alone
// does not tell whether a request that failed had been sent whole, and so
// whether it may have been ingested; the meter does.
type meter struct {
	dialer *dialer
	hard   context.Context

	leaves func() bool // asked before the first byte of an exchange is written; nil: nobody is
	left   func()      // told when it has been, if leaves is asked

	open     atomic.Pointer[metered] // the client may close it from a goroutine of its own
	touched  time.Duration           // when its last exchange ended
	deadline time.Time               // of the exchange

	written, read int             // bytes since begin, before encryption
	head          []byte          // of what was read
	opening       results.Opening // of the connection, if it took a new one
	dialed        error           // why no connection could be had
	broken        error           // why writing failed; there may be an answer all the same
	silent        bool            // there was nothing more to read when the time was over
}

// begin starts the count for one exchange, which may take until a deadline. The
// connection has one for writing and reading, set here and not by the client:
// it would reckon both anew and set a timer for each.
func (m *meter) begin(deadline time.Time) {
	m.written, m.read, m.head, m.opening, m.dialed, m.broken, m.silent = 0, 0, m.head[:0], results.Opening{}, nil, nil, false
	m.deadline = deadline
	if open := m.open.Load(); open != nil {
		open.Conn.SetDeadline(deadline) // of one that broke, writing will tell
	}
}

// connect opens a metered connection that closes when the run is broken off. The
// dialer knows where to.
func (m *meter) connect(string) (net.Conn, error) {
	c, err := m.dialer.dial(m.hard, &m.opening)
	if err != nil {
		m.dialed = err
		return nil, err
	}
	c.SetDeadline(m.deadline)
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

// Write counts. An endpoint that will not read all of a request, because it is too
// large for one, answers before it hangs up; the client looks for an answer only
// to what it could send. So what follows a failure is thrown away as if it had
// been sent, and the meter remembers that it was not.
func (c *metered) Write(p []byte) (int, error) {
	m := c.meter
	if m.broken != nil {
		return len(p), nil
	}
	first := m.written == 0 && m.leaves != nil
	if first && !c.mayLeave() {
		m.broken = errNotStarted
		return 0, errNotStarted
	}
	n, err := c.Conn.Write(p)
	if first {
		m.left()
	}
	m.written += n
	if err != nil {
		m.broken = err
		c.Conn.SetReadDeadline(time.Now().Add(patienceForWords))
	}
	return len(p), nil
}

// mayLeave asks whether a request may leave. How long it is kept back is not taken
// from the time that the exchange has.
func (c *metered) mayLeave() bool {
	m, asked := c.meter, time.Now()
	if !m.leaves() {
		return false
	}
	m.deadline = m.deadline.Add(time.Since(asked))
	c.Conn.SetDeadline(m.deadline) // of one that broke, writing will tell
	return true
}

// patienceForWords is how long an answer is waited for that must have come before the
// request could not be sent to its end.
const patienceForWords = 10 * time.Millisecond

// Read counts, and keeps the beginning: of an answer that cannot be understood
// it is all there is to show. In the middle of an answer the client does not tell
// the end of the time from that of the connection.
func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.read += n
	if room := keptAnswer - len(c.meter.head); room > 0 {
		c.meter.head = append(c.meter.head, p[:min(n, room)]...)
	}
	c.meter.silent = err != nil && isTimeout(err)
	return n, err
}

// SetWriteDeadline leaves the deadline to the meter.
func (c *metered) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline leaves the deadline to the meter.
func (c *metered) SetReadDeadline(time.Time) error { return nil }

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
	case errors.Is(m.broken, errNotStarted):
		return capture.NotStarted
	case m.broken != nil || m.written == 0: // a connection can break before the first byte is tried
		return capture.BrokenWhileSending
	case m.silent:
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

// sample is what there is to show of an exchange that failed: why there was no
// connection, or how the answer begins. It is valid until the next exchange.
func (m *meter) sample() []byte {
	if m.dialed != nil {
		return []byte(dialSample(m.dialed))
	}
	return m.head
}

// isTimeout tells whether a connection did not break, but took too long.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isBroken tells whether a connection ended in the middle of an answer.
func isBroken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, fasthttp.ErrConnectionClosed) || errors.As(err, &op)
}
