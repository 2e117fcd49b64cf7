package generator

import (
	"context"
	"errors"
	"io"
	"sync"

	"rehearse/results"
)

// line is the production line of a run: batches are dealt out by the source,
// built on all cores ahead of their due times, and queued for the senders. A
// batch enters its queue before it is built, so that queues keep the source's
// order whichever builder is done first.
type line struct {
	source Source
	pacer  *Pacer
	skip   bool          // late: skip
	free   chan *Batch   // empty batches
	work   chan *Batch   // to be built
	queues []chan *Batch // to be sent, one a lane
	dealt  Plan          // events and requests that left the source
	next   int64         // the number after the last event that left the source
	ended  bool          // the source came to its end
	err    error         // why the source ended early
}

// newLine sets up a line that keeps at most ahead batches in work at once.
func newLine(source Source, p *Pacer, lanes, ahead int) *line {
	l := &line{
		source: source, pacer: p,
		free:   make(chan *Batch, ahead),
		work:   make(chan *Batch, ahead),
		queues: make([]chan *Batch, lanes),
	}
	for i := range l.queues {
		l.queues[i] = make(chan *Batch, ahead)
	}
	for range ahead {
		l.free <- newBatch()
	}
	return l
}

// feed deals out batches until the source or ctx ends, then closes what it
// feeds. It runs in a goroutine of its own.
func (l *line) feed(ctx context.Context) {
	defer l.close()
	for {
		b := l.take(ctx)
		if b == nil {
			return
		}
		if err := l.source.Next(b); err != nil {
			if l.ended = errors.Is(err, io.EOF); !l.ended {
				l.err = err
			}
			return
		}
		l.dealt.Events += b.Events
		l.dealt.Requests++
		l.next = b.First + b.Events
		b.dealt = results.Reach{Below: l.next, Events: l.dealt.Events, Requests: l.dealt.Requests}
		l.work <- b
		l.queues[b.Lane] <- b
	}
}

// take returns an empty batch, nil after ctx ended. It notes until when there was
// none, if builders had nothing to do meanwhile: then the senders had them all.
func (l *line) take(ctx context.Context) (b *Batch) {
	if ctx.Err() != nil {
		return nil
	}
	select {
	case b = <-l.free:
		b.reset()
		return b
	default:
	}
	idle := len(l.work) == 0
	select {
	case b = <-l.free:
	case <-ctx.Done():
		return nil
	}
	b.reset()
	if idle {
		b.blocked = l.pacer.Now()
	}
	return b
}

// close tells builders and senders that nothing more will come.
func (l *line) close() {
	close(l.work)
	for _, q := range l.queues {
		close(q)
	}
}

// build runs n builders until the feeder is done. bench makes each one's
// workbench, and built is told of every batch before a sender may have it.
func (l *line) build(n int, bench func() *Workbench, built func(*Batch)) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			w := bench()
			for b := range l.work {
				if b.skipped = l.tooLate(b); !b.skipped {
					l.source.Build(b, w)
				}
				built(b)
				b.ready <- struct{}{}
			}
		})
	}
	group.Wait()
}

// tooLate says whether b is not worth building any more: it would not be sent.
func (l *line) tooLate(b *Batch) bool { return l.skip && l.pacer.Now()-b.Due > results.LateAfter }
