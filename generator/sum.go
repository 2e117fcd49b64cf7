package generator

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Sum is a sum over events that were built again.
type Sum struct {
	Events int64
	Hash   uint64 // the wrapping sum of the hashes
}

// SumAccepted builds the accepted events of the part of s that o deals out again, on
// all cores and without compressing them, reads the requests as an endpoint does, and
// adds up a hash of each event. ctx ends it early.
func (o *Opened) SumAccepted(ctx context.Context, s *scenario.Scenario, accepted []results.Range, hash func(*capture.Received) uint64) (Sum, error) {
	if len(accepted) == 0 {
		return Sum{}, nil
	}
	// Everything but the accepted events is left out as if it had been.
	source, err := o.again(results.Union(accepted).Gaps(nil, 0, math.MaxInt64))
	if err != nil {
		return Sum{}, err
	}
	defer source.Close()
	plain := *s
	plain.Target.Compression, plain.Target.Hint = scenario.CompressionNone, ""
	a := adding{ctx: ctx, source: source, hash: hash}
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { a.add(newWorkbench(&plain, time.Unix(0, 0)), newDryReader(&plain, widest)) })
	}
	group.Wait()
	return a.sum, a.err
}

// widest are limits that no accepted request goes beyond.
var widest = scenario.EndpointLimits{Wire: math.MaxInt32, Plain: capture.MaxPlain, Event: capture.MaxEvent}

// adding adds up events on several goroutines.
type adding struct {
	ctx    context.Context
	source Source
	hash   func(*capture.Received) uint64

	mu  sync.Mutex // guards the source and what follows
	sum Sum
	err error
}

// next deals out a batch, and takes what the one before came to.
func (a *adding) next(b *Batch, before Sum) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum.Events += before.Events
	a.sum.Hash += before.Hash
	if a.err != nil {
		return false
	}
	err := a.ctx.Err()
	if err == nil {
		err = a.source.Next(b)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return err == nil
}

// add adds up batches until there are no more.
func (a *adding) add(w *Workbench, reader dryReader) {
	var sum Sum
	for b := newBatch(); a.next(b, sum); b.reset() {
		sum = Sum{}
		a.source.Build(b, w)
		for part := b; part != nil; part = part.rest {
			got, _ := reader.read(part)
			if got == nil {
				continue // what would be refused is counted by nobody
			}
			for i := range got.Events {
				sum.Hash += a.hash(&got.Events[i])
			}
			sum.Events += int64(len(got.Events))
		}
	}
}
