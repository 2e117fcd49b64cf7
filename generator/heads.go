package generator

import (
	"bufio"
	"context"
	"time"

	"rehearse/scenario"
)

// heads measures requests as they would be written to a connection, head and
// body.
type heads struct {
	wire  *wire
	bytes int64
	out   *bufio.Writer
}

// newHeads prepares to measure the requests that a run of s would send to d.
func newHeads(s *scenario.Scenario, d *Destination, start time.Time) *heads {
	h := &heads{wire: newWire(context.Background(), d)}
	h.out = bufio.NewWriter(h)
	h.wire.shape(s, start)
	return h
}

// Write counts p.
func (h *heads) Write(p []byte) (int, error) {
	h.bytes += int64(len(p))
	return len(p), nil
}

// of returns how many bytes b takes.
func (h *heads) of(b *Batch) int64 {
	h.bytes = 0
	h.out.Reset(h)
	h.wire.prepare(b, b.Due)
	// A writer that only counts cannot fail.
	_ = h.wire.request.Write(h.out)
	_ = h.out.Flush()
	return h.bytes
}
