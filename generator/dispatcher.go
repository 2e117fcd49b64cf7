package generator

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/results"
)

// job is a batch on its way from the source to a sender, and what became of it so
// far. Jobs are pooled: the dispatcher takes a free one, a builder fills in the body,
// a sender gives it back. Whoever holds it owns it.
type job struct {
	body.Batch
	history

	reach   results.Reach // how far the run has got when all of it has left
	blocked time.Duration // until when it could not be dealt out, because the senders had all jobs
	built   time.Duration // when the body was ready, or not worth building any more
	skipped bool          // it was not: too late, and late: skip
	ready   chan struct{} // tells the sender that the builder is done
}

// newJob returns an empty job.
func newJob() *job { return &job{ready: make(chan struct{}, 1)} }

// reset makes the job empty and keeps its buffers.
func (b *job) reset() {
	b.Batch.Reset()
	*b = job{Batch: b.Batch, ready: b.ready}
}

// dispatcher is the production line of a run: batches are dealt out by the source,
// built on all cores ahead of their due times, and queued for the senders. A
// batch enters its queue before it is built, so that queues keep the source's
// order whichever builder is done first.
type dispatcher struct {
	source source.Source
	pacer  *pacer
	skip   bool          // late: skip
	free   chan *job     // empty ones
	refill chan struct{} // tells the feeder, who found none, that there are enough
	enough int           // so many
	work   chan *job     // to be built
	queues []chan *job   // to be sent, one a lane
	dealt  source.Plan   // events and requests that left the source
	next   int64         // the number after the last event that left the source
	ended  bool          // the source came to its end
	err    error         // why the source ended early
}

// newDispatcher sets up a dispatcher that keeps at most ahead batches in work at once,
// and deals out enough at a time where it is that far ahead.
func newDispatcher(from source.Source, p *pacer, lanes, ahead, enough int) *dispatcher {
	d := &dispatcher{
		source: from, pacer: p,
		free:   make(chan *job, ahead),
		refill: make(chan struct{}, 1), enough: enough,
		work:   make(chan *job, ahead),
		queues: make([]chan *job, lanes),
	}
	for i := range d.queues {
		d.queues[i] = make(chan *job, ahead)
	}
	for range ahead {
		d.free <- newJob()
	}
	return d
}

// feed deals out batches until the source or ctx ends, then closes what it
// feeds. It runs in a goroutine of its own.
func (d *dispatcher) feed(ctx context.Context) {
	defer d.close()
	for {
		b := d.take(ctx)
		if b == nil {
			return
		}
		if err := d.source.Next(&b.Batch); err != nil {
			if d.ended = errors.Is(err, io.EOF); !d.ended {
				d.err = err
			}
			return
		}
		d.dealt.Events += b.Events
		d.dealt.Requests++
		d.next = b.First + b.Events
		b.reach = results.Reach{Below: d.next, Events: d.dealt.Events, Requests: d.dealt.Requests}
		d.work <- b
		d.queues[b.Lane] <- b
	}
}

// take returns an empty batch, nil after ctx ended. It notes until when there was
// none, if builders had nothing to do meanwhile: then the senders had them all.
func (d *dispatcher) take(ctx context.Context) (b *job) {
	if ctx.Err() != nil {
		return nil
	}
	select {
	case b = <-d.free:
		b.reset()
		return b
	default:
	}
	idle := len(d.work) == 0
	for b == nil {
		select {
		case <-d.refill:
		case <-ctx.Done():
			return nil
		}
		select {
		case b = <-d.free:
		default:
		}
	}
	b.reset()
	if idle {
		b.blocked = d.pacer.Now()
	}
	return b
}

// release takes back a job that is empty. Feeder and builders are woken for several at
// a time: to wake them costs more than what they do.
func (d *dispatcher) release(b *job) {
	d.free <- b
	if len(d.free) >= d.enough {
		select {
		case d.refill <- struct{}{}:
		default:
		}
	}
}

// close tells builders and senders that nothing more will come.
func (d *dispatcher) close() {
	close(d.work)
	for _, q := range d.queues {
		close(q)
	}
}

// build runs n builders until the feeder is done. builder makes each
// one's tools, and built is told of every batch before a sender may have it.
func (d *dispatcher) build(n int, builder func() *body.Builder, built func(*job)) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			w := builder()
			for b := range d.work {
				if b.skipped = d.tooLate(b); !b.skipped {
					d.source.Build(&b.Batch, w)
				}
				built(b)
				b.ready <- struct{}{}
			}
		})
	}
	group.Wait()
}

// tooLate says whether b is not worth building any more: it would not be sent.
func (d *dispatcher) tooLate(b *job) bool { return d.skip && d.pacer.Now()-b.Due > results.LateAfter }
