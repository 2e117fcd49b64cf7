package transport

import (
	"errors"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"rehearse/results"
)

// A direct exchange goes around buffers and locks: between looking whether the connection
// is silent and waiting for the answer, the request is written by one call. It needs a
// socket that is open and not encrypted, and a request with the head of the one before.
//
// The request may be handed over as well: then another goroutine writes it when it is due,
// while this one waits for the answer already, so that no goroutine has to be woken in between.
type direct struct {
	text   []byte        // head, and the body if both fit a buffer; nil: the exchange is not direct
	more   []byte        // the body, if it is not in text
	hand   func(Ticket)  // hands it over; nil: it is written at once
	state  atomic.Uint64 // the number of the exchange, and behind it one of the states below
	silent bool          // the request did not leave, and its connection is as it was
	n      int           // bytes written
	err    error         // of writing
	put    func(fd uintptr)
	leave  func(fd uintptr) (wait bool)
}

// Ticket is the right to write a request that was handed over.
type Ticket uint64

// The states of a request in a direct exchange.
const (
	notLeft   = iota // it is where it was
	handed           // who has the ticket may write it
	held             // who has it does so
	left             // it was written, or as much of it as the socket took
	withdrawn        // it will not be
	states    = 8    // what the number of the exchange is multiplied with
)

// errNotLeft says that nothing of a request was written: its connection was not silent,
// or the request was withdrawn.
var errNotLeft = errors.New("the request did not leave")

// prepare makes the functions that are passed on.
func (d *direct) prepare() { d.put, d.leave = d.write, d.depart }

// begin starts the next exchange.
func (d *direct) begin(text, more []byte, hand func(Ticket)) {
	d.text, d.more, d.hand, d.n, d.err = text, more, hand, 0, nil
	d.state.Store(d.state.Load()/states*states + states + notLeft)
}

// set changes the state.
func (d *direct) set(state uint64) { d.state.Store(d.state.Load()/states*states + state) }

// depart sees to the request when the connection is silent, and tells whether to wait for
// an answer.
func (d *direct) depart(fd uintptr) (wait bool) {
	if d.hand != nil {
		d.set(handed)
		d.hand(Ticket(d.state.Load() / states))
		return true
	}
	d.write(fd)
	d.set(left)
	return d.whole()
}

// write writes the request.
func (d *direct) write(fd uintptr) { d.n, d.err = writeNow(int(fd), d.text, d.more) }

// whole tells whether all of the request was written.
func (d *direct) whole() bool { return d.err == nil && d.n == len(d.text)+len(d.more) }

// hold takes the request from who waits for the answer, if it is still waiting to leave.
func (d *direct) hold(t Ticket) bool {
	return d.state.CompareAndSwap(uint64(t)*states+handed, uint64(t)*states+held)
}

// settled is the state when the request is not held.
func (d *direct) settled() uint64 {
	for {
		if state := d.state.Load() % states; state != held {
			return state
		}
		runtime.Gosched() // for as long as a write takes that does not wait
	}
}

// waits tells whether there is something to wait for.
func (d *direct) waits() bool {
	state := d.settled()
	return state == notLeft || state == handed || state == left && d.whole()
}

// end ends the exchange and tells whether the request has left.
func (d *direct) end() bool {
	if state := d.state.Load(); state%states == handed {
		d.state.CompareAndSwap(state, state-handed+withdrawn)
	}
	state := d.settled()
	d.text, d.more = nil, nil
	return state == left
}

// speaks tells whether the prepared request can be exchanged directly.
func (c *Conn) speaks() bool {
	return c.conn.open != nil && c.conn.open.plain && c.head.isKept() && len(c.head.request.Body()) <= mostDirect
}

// beginDirect makes the prepared request ready to be written with the first read.
func (c *Conn) beginDirect(hand func(Ticket)) {
	c.answer.reset()
	c.writer.Reset(c.conn.open)
	text, more := c.head.append(c.writer.AvailableBuffer())
	c.conn.direct.begin(text, more, hand)
}

// ExchangeAt is Exchange for a request that is due in a time from now and that another
// goroutine writes then, with Leave: hand is called when it may. It returns false if
// the request has not left, because that cannot be done, or because the connection
// was not silent, or after Withdraw, or because Leave was told not to: then it can be
// exchanged as any other. Of what Guard was given only left is told.
func (c *Conn) ExchangeAt(o *results.Outcome, ahead time.Duration, hand func(Ticket)) (sent bool) {
	if !c.speaks() {
		return false
	}
	c.conn.begin(time.Now().Add(ahead + c.timeout))
	c.beginDirect(hand)
	err := c.answer.read(c.conn.from, c.limit)
	if errors.Is(err, errNotLeft) {
		c.conn.early = c.conn.opening.Unsolicited
		if !c.conn.direct.silent {
			c.Close()
		}
		return false
	}
	c.conclude(o, err)
	return true
}

// Leave writes the request that was handed over, unless it was withdrawn, or may, which is
// asked right before, says that it may not. It never waits.
func (c *Conn) Leave(t Ticket, may func() bool) {
	d := &c.conn.direct
	if !d.hold(t) {
		return
	}
	if !may() {
		c.giveBack()
		return
	}
	if err := c.conn.open.socket.control(d.put); err != nil {
		d.err = err
	}
	if d.n > 0 && c.conn.left != nil {
		c.conn.left()
	}
	if !d.whole() {
		c.conn.open.endWait() // there may be no answer to wait for
	}
	d.set(left)
}

// Withdraw keeps a request that was handed over from leaving, if it has not yet.
func (c *Conn) Withdraw(t Ticket) {
	if c.conn.direct.hold(t) {
		c.giveBack()
	}
}

// giveBack ends the wait for an answer to a request that is held, and does not leave.
func (c *Conn) giveBack() {
	c.conn.open.endWait()
	c.conn.direct.set(withdrawn)
}

// endWait has a read that waits return, with a timeout.
func (c *countingConn) endWait() { c.Conn.SetReadDeadline(time.Unix(1, 0)) }

// speak is the first read of a direct exchange: it looks, has the request leave, and waits
// for what is said.
func (c *countingConn) speak(into []byte) (n int, err error) {
	p, d := c.to, &c.to.direct
	n, err = c.socket.speak(into, d.leave)
	for isTimeout(err) && d.waits() && time.Now().Before(p.deadline) { // the deadline of an exchange before was over
		c.Conn.SetDeadline(p.deadline)
		if !d.waits() { // who keeps it back, or wrote a part, has ended the wait with a deadline that now is replaced
			break
		}
		n, err = c.socket.wait()
	}
	text, more := d.text, d.more
	if !d.end() {
		d.silent = n == 0 && isTimeout(err)
		c.heard(into[:n])
		return 0, errNotLeft
	}
	p.written += d.n
	switch {
	case d.err != nil:
		p.failed(d.err)
	case d.n < len(text)+len(more):
		c.Conn.SetDeadline(p.deadline)
		c.writeRest(text, more, d.n)
	default:
		return n, err
	}
	if n > 0 {
		return n, nil
	}
	return c.Conn.Read(into)
}

// writeRest writes what the socket did not take at once; an error is noted.
func (c *countingConn) writeRest(text, more []byte, done int) {
	for _, part := range [...][]byte{text[min(done, len(text)):], more[max(done-len(text), 0):]} {
		if len(part) > 0 && c.to.broken == nil {
			c.Write(part)
		}
	}
}

// mostDirect is how large the body of a direct exchange may be, in bytes: while it is
// written, the processor is taken.
const mostDirect = 64 << 10

// isKept tells whether the request that was set needs no new head.
func (h *requestHead) isKept() bool { return len(h.written.before) > 0 }

// append appends the request that was set, with the head of the one before, to a buffer;
// a body for which there is no room is returned as it is.
func (h *requestHead) append(dst []byte) (text, more []byte) {
	more = h.request.Body()
	dst = append(dst, h.written.before...)
	dst = strconv.AppendInt(dst, int64(len(more)), 10)
	dst = append(dst, h.written.after...)
	if len(more) > cap(dst)-len(dst) {
		return dst, more
	}
	return append(dst, more...), nil
}
