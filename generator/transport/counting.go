package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
)

// persistConn keeps a connection open from request to request, and watches what passes
// over it. That an exchange failed does not tell whether the request had been sent
// whole, and so whether it may have been ingested; the counts do.
type persistConn struct {
	dialer *dialer
	hard   context.Context

	leaves func() bool // asked before the first byte of an exchange is written; nil: nobody is
	left   func()      // told when it has been, if leaves is asked

	open    *countingConn // the connection; nil: there is none
	from    *bufio.Reader // reads it
	direct  direct        // exchange
	early   int64         // how often something was said before the request that is next
	once    bool          // a connection serves one request: the endpoint was seen to answer twice
	touched time.Duration // when its last exchange ended

	exchange
}

// exchange is one request on its way, and its answer.
type exchange struct {
	deadline      time.Time
	written, read int                    // bytes since it began, before encryption
	head          []byte                 // of what was read
	opening       results.ConnectAttempt // of the connection, if it took a new one
	dialed        error                  // why no connection could be had
	broken        error                  // why writing failed; there may be an answer all the same
	silent        bool                   // there was nothing more to read when the time was over
}

// begin starts the count for one exchange, which may take until a deadline. The
// connection has one for writing and reading.
func (p *persistConn) begin(deadline time.Time) {
	p.exchange = exchange{deadline: deadline, head: p.head[:0]}
	p.opening.Unsolicited, p.early = p.early, 0
}

// ready sees to a connection on which a request may leave at once: one that is
// open, on which nothing was said since the last answer, or a new one; and whoever
// keeps requests back has let this one go. Its error has been noted.
func (p *persistConn) ready() error {
	for let := false; ; let = true { // if the connection is still what it was
		opened, err := p.renew()
		if err != nil || p.leaves == nil || let && !opened {
			return err
		}
		kept, err := p.mayLeave()
		if err != nil || kept < rested {
			return err
		}
	}
}

// renew opens a connection unless there is one that is silent, and tells whether
// it did.
func (p *persistConn) renew() (opened bool, err error) {
	if p.open != nil {
		if p.open.quiet() {
			p.open.Conn.SetDeadline(p.deadline) // of one that broke, writing will tell
			return false, nil
		}
		p.close()
	}
	c, err := p.dialer.dial(p.hard, &p.opening)
	if err != nil {
		p.dialed = err
		return false, err
	}
	c.SetDeadline(p.deadline)
	socket := socketOf(c)
	p.open = &countingConn{
		Conn: c, socket: socket, to: p, plain: c == net.Conn(socket) && socket.canDirect(),
		stop: context.AfterFunc(p.hard, func() { c.Close() }),
	}
	p.from.Reset(p.open)
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
func (p *persistConn) retire(now time.Duration) {
	if p.open != nil && now-p.touched >= p.open.rest {
		p.close()
	}
}

// settle comes after an answer. If it was read whole, and more was said behind it,
// that is noted; the connection is closed unless keep says that it can be used
// again. doubtful: the answer may be a second one to the request before.
func (p *persistConn) settle(a *httpAnswer, whole, keep bool) (doubtful bool) {
	c := p.open
	c.rest = restOf(a.keepAlive)
	if whole && p.from.Buffered() > 0 {
		p.unasked()
		doubtful = c.used > 0
	}
	c.used++
	if !keep || p.once {
		p.close()
	}
	return doubtful
}

// unasked notes that the endpoint said what no request had asked for.
func (p *persistConn) unasked() {
	p.opening.Unsolicited++
	p.once = true
}

// close gives up the connection.
func (p *persistConn) close() {
	if p.open != nil {
		p.open.stop()
		p.open.Conn.Close()
		p.open = nil
	}
}

// countingConn is a connection that counts what passes over it.
type countingConn struct {
	net.Conn
	socket *socket       // that it stands on
	to     *persistConn  // counts
	plain  bool          // nothing lies between: exchanges may be direct
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
func (c *countingConn) quiet() bool {
	c.socket.looking = true
	n, err := c.Conn.Read(c.seen[:])
	c.socket.looking = false
	c.heard(c.seen[:n])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// heard takes note of what the endpoint said before a request.
func (c *countingConn) heard(said []byte) {
	if len(said) > 0 && !bytes.HasPrefix(said, []byte(idleTimeout)) {
		c.to.unasked()
	}
}

// errNotStarted says that a request may not leave any more.
var errNotStarted = errors.New("the run ended before the request left")

// Write counts. An endpoint that will not read all of a request, because it is too
// large for one, answers before it hangs up: a failure is noted, and what was said
// is read all the same.
func (c *countingConn) Write(text []byte) (int, error) {
	p := c.to
	n, err := c.Conn.Write(text)
	if p.written == 0 && p.leaves != nil {
		p.left()
	}
	p.written += n
	if err != nil {
		p.failed(err)
	}
	return n, err
}

// failed notes that writing did, and bounds the wait for an answer.
func (p *persistConn) failed(err error) {
	p.broken = err
	p.open.Conn.SetReadDeadline(time.Now().Add(patienceForWords))
}

// mayLeave asks whether a request may leave. How long it is kept back is not taken
// from the time that the exchange has.
func (p *persistConn) mayLeave() (kept time.Duration, err error) {
	asked := time.Now()
	if !p.leaves() {
		p.broken = errNotStarted
		return 0, errNotStarted
	}
	kept = time.Since(asked)
	p.deadline = p.deadline.Add(kept)
	p.open.Conn.SetDeadline(p.deadline) // of one that broke, writing will tell
	return kept, nil
}

// patienceForWords is how long an answer is waited for that must have come before the
// request could not be sent to its end.
const patienceForWords = 10 * time.Millisecond

// Read counts, and keeps the beginning: of an answer that cannot be understood
// it is all there is to show.
func (c *countingConn) Read(into []byte) (int, error) {
	n, err := c.next(into)
	c.to.read += n
	if room := keptAnswer - len(c.to.head); room > 0 {
		c.to.head = append(c.to.head, into[:min(n, room)]...)
	}
	c.to.silent = isTimeout(err)
	return n, err
}

// next reads. The deadline that is in force may be that of an exchange before: then the
// wait goes on.
func (c *countingConn) next(into []byte) (int, error) {
	if c.to.direct.text != nil {
		return c.speak(into)
	}
	n, err := c.Conn.Read(into)
	if n == 0 && c.plain && c.to.broken == nil && isTimeout(err) && time.Now().Before(c.to.deadline) {
		c.Conn.SetDeadline(c.to.deadline)
		return c.Conn.Read(into)
	}
	return n, err
}

// keptAnswer is how much is kept of an answer that cannot be understood, in bytes.
const keptAnswer = 256

// reason says what became of an exchange that ended in err.
func (p *persistConn) reason(err error) capture.Reason {
	switch {
	case p.hard.Err() != nil:
		return capture.Abandoned
	case p.dialed != nil:
		return dialReason(p.dialed)
	case errors.Is(p.broken, errNotStarted):
		return capture.NotStarted
	case p.broken != nil || p.written == 0: // a connection can break before the first byte is tried
		return capture.BrokenWhileSending
	case p.silent:
		return capture.AnswerTimeout
	case errors.Is(err, errTooLarge):
		return capture.OversizedAnswer
	case p.read == 0:
		return capture.ClosedBeforeAnswer
	case isBroken(err):
		return capture.BrokenWhileReading
	}
	return capture.GarbledAnswer
}

// sample is what there is to show of an exchange that failed: why there was no
// connection, or how the answer begins. It is valid until the next exchange.
func (e *exchange) sample() []byte {
	if e.dialed != nil {
		return []byte(dialSample(e.dialed))
	}
	return e.head
}

// isTimeout tells whether a connection did not break, but took too long.
func isTimeout(err error) bool {
	if err == nil {
		return false // most often, and without the memory that the target below takes
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isBroken tells whether a connection ended in the middle of an answer.
func isBroken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &op)
}
