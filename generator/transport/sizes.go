package transport

import (
	"bufio"
	"context"
	"time"

	"rehearse/generator/body"
	"rehearse/scenario"
)

// SizeEstimate measures requests as they would be written to a connection, head and
// body. Nothing is sent.
type SizeEstimate struct {
	conn  *Conn
	bytes int64
	out   *bufio.Writer
}

// NewSizeEstimate prepares to measure the requests that a run of s would send to d.
func NewSizeEstimate(s *scenario.Scenario, d *Destination, start time.Time) *SizeEstimate {
	e := &SizeEstimate{conn: New(context.Background(), d)}
	e.out = bufio.NewWriter(e)
	e.conn.Shape(s, start)
	return e
}

// Write counts p.
func (e *SizeEstimate) Write(p []byte) (int, error) {
	e.bytes += int64(len(p))
	return len(p), nil
}

// Of returns how many bytes the request of b takes.
func (e *SizeEstimate) Of(b *body.Batch) int64 {
	e.bytes = 0
	e.out.Reset(e)
	e.conn.Prepare(&b.Request, Attempt{First: b.First, Events: b.Events}, b.Due)
	// A writer that only counts cannot fail.
	_ = e.conn.head.write(e.out)
	_ = e.out.Flush()
	return e.bytes
}
