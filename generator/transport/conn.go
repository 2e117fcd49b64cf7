package transport

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Conn is one connection to the endpoint, opened when it is needed and again when
// it was closed: at most one request at a time, never a silent retry, never a
// redirect followed. It is for one goroutine.
type Conn struct {
	head    requestHead
	writer  *bufio.Writer // of requests
	answer  httpAnswer
	timeout time.Duration
	conn    persistConn

	sent  *body.Request // as prepared
	part  Attempt
	limit int // bytes of an answer's body

	inflater capture.Inflater // of answers
	said     []byte           // the body of the last answer, decoded; valid until the next exchange
}

// Attempt says which of the attempts to send a request this is.
type Attempt struct {
	First  int64 // index of the first event of the request
	Events int64 // that this attempt carries
	Number int   // how often the request was sent before
}

// The buffers of a connection.
const (
	// writeBuffer holds most requests whole, so that each is one write. What is
	// larger takes a second write, without a copy.
	writeBuffer = 8 << 10
	// readBuffer holds most answers whole, and every line of a head that matters.
	readBuffer = 4 << 10
)

// New returns a connection to d; it dies when hard ends.
func New(hard context.Context, d *Destination) *Conn {
	c := &Conn{head: newRequestHead(d), writer: bufio.NewWriterSize(nil, writeBuffer), timeout: d.Timeout}
	c.conn.dialer = newDialer(d)
	c.conn.hard = hard
	c.conn.head = make([]byte, 0, keptAnswer)
	c.conn.direct.prepare()
	c.conn.from = bufio.NewReaderSize(nil, readBuffer)
	return c
}

// Shape makes requests look as the scenario wants them, in a run that begins at start.
func (c *Conn) Shape(s *scenario.Scenario, start time.Time) { c.head.shape(s, start) }

// Guard has leaves asked right before the first byte of each request is written, and
// left told when it has been. Without, nobody is asked.
func (c *Conn) Guard(leaves func() bool, left func()) { c.conn.leaves, c.conn.left = leaves, left }

// Prepare makes the head of r at a time of the run. Everything that can be done
// before the due time has been; this only points at it.
func (c *Conn) Prepare(r *body.Request, a Attempt, now time.Duration) {
	c.conn.retire(now)
	c.sent, c.part = r, a
	c.limit = capture.MaxAnswerV1(len(r.Results))
	c.head.set(r, a, now)
}

// Exchange sends the prepared request, reads its answer and judges it. What it
// stores in o.Answer is valid until the next exchange.
func (c *Conn) Exchange(o *results.Outcome) {
	c.conn.begin(time.Now().Add(c.timeout))
	c.conclude(o, c.converse())
}

// conclude judges an exchange that ended in err.
func (c *Conn) conclude(o *results.Outcome, err error) {
	o.WireBytes = int32(c.conn.written)
	if err != nil && !c.refused() {
		c.Close()
		if o.Reason = c.conn.reason(err); o.Reason != capture.Abandoned {
			o.Answer = c.conn.sample()
		}
		o.Connect = c.conn.opening
		return
	}
	keep := err == nil && c.conn.broken == nil && !c.answer.closes && !c.head.request.ConnectionClose()
	doubtful := c.conn.settle(&c.answer, err == nil, keep)
	o.Connect = c.conn.opening
	c.judge(o)
	if c.conn.broken != nil {
		o.MayBeStored = false // what did not arrive whole is not read
	}
	if doubtful || o.Reason == capture.Accepted && c.conn.broken != nil { // a yes to what it did not get
		o.Reason, o.Answer, o.MayBeStored = capture.UnknownAnswer, c.said, false
	}
}

// converse sends the request and reads the answer, as soon as the one may leave. Of
// a request that could not be sent to its end the answer may be there all the same.
func (c *Conn) converse() error {
	if c.conn.leaves == nil && c.speaks() {
		c.beginDirect(nil)
		if err := c.answer.read(c.conn.from, c.limit); !errors.Is(err, errNotLeft) {
			return err
		}
		c.Close()
	}
	c.answer.reset()
	if err := c.conn.ready(); err != nil {
		return err
	}
	c.writer.Reset(c.conn.open)
	err := c.head.write(c.writer)
	if err == nil {
		err = c.writer.Flush()
	}
	if err != nil && c.conn.broken == nil {
		return err
	}
	return c.answer.read(c.conn.from, c.limit)
}

// refused tells whether the head of an answer says no to the request, whatever
// became of its body: that it is too long, or broke off, takes nothing back.
func (c *Conn) refused() bool { return c.answer.status != 0 && c.answer.status/100 != 2 }

// judge understands the answer that was read.
func (c *Conn) judge(o *results.Outcome) {
	c.said = c.decoded()
	o.Status = c.answer.status
	switch {
	case len(c.sent.Results) > 0:
		o.Reason = capture.JudgeV1(o.Status, c.said, c.sent.Results)
	case c.head.beacon:
		o.Reason = capture.JudgeBeacon(o.Status, c.said)
	default:
		o.Reason = capture.Judge(o.Status, c.said)
	}
	if o.Reason == capture.Accepted {
		return
	}
	o.Answer = c.said
	o.MayBeStored = o.Reason.Fate() == capture.FateRejected && c.stored(o.Status) == capture.MayBeStored
}

// stored is what the answer, which is a refusal, leaves open.
func (c *Conn) stored(status int) capture.Stored {
	if len(c.sent.Results) > 0 {
		return capture.StoredOfV1(status, c.said)
	}
	return capture.StoredOf(status, c.said, c.part.Events)
}

// decoded returns the body of the answer, which an endpoint may compress when a
// client's headers allow it to. What cannot be decoded, or is larger than any
// answer, is returned as it came: the status may say enough.
func (c *Conn) decoded() []byte {
	body, coding := c.answer.body, c.answer.coding
	if len(coding) == 0 || string(coding) == "identity" {
		return body
	}
	plain, err := c.inflater.Inflate(capture.Coding(coding), body, capture.MaxAnswerV1(len(c.sent.Results))+1)
	if err != nil {
		return body
	}
	return plain
}

// Answer is the body of the last answer, decoded; valid until the next exchange.
func (c *Conn) Answer() []byte { return c.said }

// Written is how many bytes of the last request were written, before encryption.
func (c *Conn) Written() int { return c.conn.written }

// Opened tells whether there was a connection for the last request.
func (c *Conn) Opened() bool { return c.conn.dialed == nil }

// Rest notes when the last exchange ended, in the time of the run: a connection that
// rests too long is given up before the next.
func (c *Conn) Rest(since time.Duration) { c.conn.touched = since }

// Date is when the endpoint says that it made the last answer.
func (c *Conn) Date() (at time.Time, ok bool) {
	at, err := http.ParseTime(string(c.answer.date))
	return at, err == nil
}

// longestAsked bounds what an endpoint may ask for in Retry-After. Who asks for more
// has that: some clients have a bound of their own below it (scenario.RetryPolicy).
const longestAsked = time.Hour

// RetryAfter is how long the last answer asks to wait, 0 if it does not: a number
// of seconds, or a date (RFC 9110, section 10.2.3). What is longer than an hour
// is that long, and what lies in the past, or below zero, is no wait.
func (c *Conn) RetryAfter() time.Duration {
	asked := c.answer.retry
	if len(asked) == 0 {
		return 0
	}
	if at, err := http.ParseTime(string(asked)); err == nil {
		return min(max(time.Until(at), 0), longestAsked)
	}
	return clampSeconds(asked, longestAsked)
}

// Close gives up the connection.
func (c *Conn) Close() { c.conn.close() }
