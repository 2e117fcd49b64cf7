package dryrun

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"sync"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
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
func SumAccepted(ctx context.Context, o *source.Opened, s *scenario.Scenario, accepted []results.Range,
	hash func(*capture.Received) uint64) (Sum, error) {
	if len(accepted) == 0 {
		return Sum{}, nil
	}
	// Everything but the accepted events is left out as if it had been.
	from, err := o.Again(results.Union(accepted).Gaps(nil, 0, math.MaxInt64))
	if err != nil {
		return Sum{}, err
	}
	defer from.Close()
	plain := *s
	plain.Target.Compression, plain.Target.Hint = scenario.CompressionNone, ""
	a := adding{ctx: ctx, source: from, hash: hash}
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { a.add(body.NewBuilder(&plain, time.Unix(0, 0)), newRequestReader(&plain, widest)) })
	}
	group.Wait()
	return a.sum, a.err
}

// widest are limits that no accepted request goes beyond.
var widest = capture.Limits{Wire: math.MaxInt32, Plain: capture.MaxPlain, Event: capture.MaxEvent}

// adding adds up events on several goroutines.
type adding struct {
	ctx    context.Context
	source source.Source
	hash   func(*capture.Received) uint64

	mu  sync.Mutex // guards the source and what follows
	sum Sum
	err error
}

// next deals out a batch, and takes what the one before came to.
func (a *adding) next(b *body.Batch, before Sum) bool {
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
func (a *adding) add(w *body.Builder, reader requestReader) {
	var sum Sum
	for b := new(body.Batch); a.next(b, sum); b.Reset() {
		sum = Sum{}
		a.source.Build(b, w)
		for part := b; part != nil; part = part.Overflow {
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
