package generator

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// meter watches what passes over a wire's connection. That an exchange failed does
// not tell whether the request had been sent whole, and so whether it may have been
// ingested; the meter does.
type meter struct {
	dialer *dialer
	hard   context.Context

	leaves func() bool // asked before the first byte of an exchange is written; nil: nobody is
	left   func()      // told when it has been, if leaves is asked

	open     *metered      // the connection; nil: there is none
	from     *bufio.Reader // reads it
	once     bool          // a connection serves one request: the endpoint was seen to answer twice
	touched  time.Duration // when its last exchange ended
	deadline time.Time     // of the exchange

	written, read int             // bytes since begin, before encryption
	head          []byte          // of what was read
	opening       results.Opening // of the connection, if it took a new one
	dialed        error           // why no connection could be had
	broken        error           // why writing failed; there may be an answer all the same
	silent        bool            // there was nothing more to read when the time was over
}

// begin starts the count for one exchange, which may take until a deadline. The
// connection has one for writing and reading.
func (m *meter) begin(deadline time.Time) {
	m.written, m.read, m.head, m.silent = 0, 0, m.head[:0], false
	m.opening, m.dialed, m.broken = results.Opening{}, nil, nil
	m.deadline = deadline
}

// ready sees to a connection on which a request may leave at once: one that is
// open, on which nothing was said since the last answer, or a new one; and whoever
// keeps requests back has let this one go. Its error has been noted.
func (m *meter) ready() error {
	for let := false; ; let = true { // if the connection is still what it was
		opened, err := m.renew()
		if err != nil || m.leaves == nil || let && !opened {
			return err
		}
		kept, err := m.mayLeave()
		if err != nil || kept < rested {
			return err
		}
	}
}

// renew opens a connection unless there is one that is silent, and tells whether
// it did.
func (m *meter) renew() (opened bool, err error) {
	if m.open != nil {
		if m.open.quiet() {
			m.open.Conn.SetDeadline(m.deadline) // of one that broke, writing will tell
			return false, nil
		}
		m.close()
	}
	c, err := m.dialer.dial(m.hard, &m.opening)
	if err != nil {
		m.dialed = err
		return false, err
	}
	c.SetDeadline(m.deadline)
	m.open = &metered{Conn: c, socket: socketOf(c), meter: m, stop: context.AfterFunc(m.hard, func() { c.Close() })}
	m.from.Reset(m.open)
	return true, nil
}

// rested is how long a request must have been kept back for its connection to be
// looked at again.
const rested = 5 * time.Millisecond

// The rest of a connection. Endpoints close those that rest, and a request that is
// on its way then is lost: so it is given up first. Where an endpoint does not say
// when it would, 5 s is the least that is usual (Node, uvicorn, Apache).
const (
	usualRest   = 4 * time.Second
	longestRest = time.Minute
	restMargin  = time.Second // for the way there
)

// restOf is how long a connection may rest whose endpoint keeps it for a time, 0 if
// it does not say. Of a second or less, half is taken.
func restOf(keepAlive time.Duration) time.Duration {
	if keepAlive == 0 {
		return usualRest
	}
	return min(max(keepAlive-restMargin, min(keepAlive, restMargin)/2), longestRest)
}

// retire gives up a connection that has rested too long.
func (m *meter) retire(now time.Duration) {
	if m.open != nil && now-m.touched >= m.open.rest {
		m.close()
	}
}

// settle comes after an answer. If it was read whole, and more was said behind it,
// that is noted; the connection is closed unless keep says that it can be used
// again. doubtful: the answer may be a second one to the request before.
func (m *meter) settle(a *answer, whole, keep bool) (doubtful bool) {
	c := m.open
	c.rest = restOf(a.keepAlive)
	if whole && m.from.Buffered() > 0 {
		m.unasked()
		doubtful = c.used > 0
	}
	c.used++
	if !keep || m.once {
		m.close()
	}
	return doubtful
}

// unasked notes that the endpoint said what no request had asked for.
func (m *meter) unasked() {
	m.opening.Unasked++
	m.once = true
}

// close gives up the connection.
func (m *meter) close() {
	if m.open != nil {
		m.open.stop()
		m.open.Conn.Close()
		m.open = nil
	}
}

// metered is a connection that reports to a meter.
type metered struct {
	net.Conn
	socket *socket // that it stands on
	meter  *meter
	rest   time.Duration // how long it may lie idle
	used   int           // requests that were answered on it
	stop   func() bool
	seen   [len(idleTimeout)]byte
}

// idleTimeout begins what an endpoint may say before it closes a connection that
// rests (RFC 9110, section 15.5.9). No request is answered by it.
const idleTimeout = "HTTP/1.1 408"

// quiet tells whether the other side has neither said anything since the last
// answer nor closed the connection. To send on it would leave unknown what became
// of the request, or give it another's answer. A second of silence is no promise:
// this is asked before every request.
func (c *metered) quiet() bool {
	c.socket.looking = true
	n, err := c.Conn.Read(c.seen[:])
	c.socket.looking = false
	if n > 0 && string(c.seen[:n]) != idleTimeout {
		c.meter.unasked()
	}
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// errNotStarted says that a request may not leave any more.
var errNotStarted = errors.New("the run ended before the request left")

// Write counts. An endpoint that will not read all of a request, because it is too
// large for one, answers before it hangs up: a failure is noted, and what was said
// is read all the same.
func (c *metered) Write(p []byte) (int, error) {
	m := c.meter
	n, err := c.Conn.Write(p)
	if m.written == 0 && m.leaves != nil {
		m.left()
	}
	m.written += n
	if err != nil {
		m.broken = err
		c.Conn.SetReadDeadline(time.Now().Add(patienceForWords))
	}
	return n, err
}

// mayLeave asks whether a request may leave. How long it is kept back is not taken
// from the time that the exchange has.
func (m *meter) mayLeave() (kept time.Duration, err error) {
	asked := time.Now()
	if !m.leaves() {
		m.broken = errNotStarted
		return 0, errNotStarted
	}
	kept = time.Since(asked)
	m.deadline = m.deadline.Add(kept)
	m.open.Conn.SetDeadline(m.deadline) // of one that broke, writing will tell
	return kept, nil
}

// patienceForWords is how long an answer is waited for that must have come before the
// request could not be sent to its end.
const patienceForWords = 10 * time.Millisecond

// Read counts, and keeps the beginning: of an answer that cannot be understood
// it is all there is to show.
func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.meter.read += n
	if room := keptAnswer - len(c.meter.head); room > 0 {
		c.meter.head = append(c.meter.head, p[:min(n, room)]...)
	}
	c.meter.silent = err != nil && isTimeout(err)
	return n, err
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
	case errors.Is(err, errTooLarge):
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
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &op)
}
