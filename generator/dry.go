package generator

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"rehearse/capture"
	"rehearse/scenario"
)

// Dry is a request that was built and not sent.
type Dry struct {
	Due    time.Duration
	Events int64
	Body   int64 // bytes before compression
	Wire   int64 // bytes of head and body as they travel

	// Submission is what an endpoint would understand, valid until the next
	// request; nil: it would refuse the request.
	Submission *capture.Submission
}

// DryRun builds every request of a run on all cores, with the builders of the
// run, and shows them one after the other in the order in which they are due. Nothing
// is sent: where the requests would go matters to their heads alone. The plan is
// that of the source, before any batch is split by its bytes.
func DryRun(s *scenario.Scenario, to *Destination, start time.Time, show func(*Dry)) (Plan, error) {
	source, plan, err := Open(s)
	if err != nil {
		return Plan{}, err
	}
	if c, ok := source.(io.Closer); ok {
		defer c.Close()
	}
	d := dryRun{source: source, reader: newDryReader(s), heads: newHeads(s, to, start)}
	for range runtime.GOMAXPROCS(0) {
		d.benches = append(d.benches, newWorkbench(s, start))
	}
	for range dryAhead * len(d.benches) {
		d.batches = append(d.batches, newBatch())
	}
	for {
		n, err := d.next()
		d.build(n)
		for _, b := range d.batches[:n] {
			d.show(b, show)
		}
		if errors.Is(err, io.EOF) {
			return plan, nil
		}
		if err != nil {
			return Plan{}, err
		}
	}
}

// dryAhead is how many batches a core builds at a time.
const dryAhead = 8

// dryRun is a run without senders.
type dryRun struct {
	source  Source
	benches []*Workbench
	batches []*Batch
	reader  dryReader
	heads   *heads
}

// next deals out batches, and says how many it has and why there are no more.
func (d *dryRun) next() (n int, err error) {
	for _, b := range d.batches {
		b.reset()
		if err := d.source.Next(b); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// build builds the first n batches.
func (d *dryRun) build(n int) {
	var group sync.WaitGroup
	for k, w := range d.benches {
		group.Go(func() {
			for i := k; i < n; i += len(d.benches) {
				d.source.Build(d.batches[i], w)
			}
		})
	}
	group.Wait()
}

// show shows a batch and what was split from it.
func (d *dryRun) show(b *Batch, show func(*Dry)) {
	for ; b != nil; b = b.rest {
		show(&Dry{
			Due: b.Due, Events: b.Events, Body: int64(b.Plain), Wire: d.heads.of(b),
			Submission: d.reader.read(b),
		})
	}
}

// dryReader reads requests as an endpoint does.
type dryReader struct {
	target *scenario.Target
	v0     capture.Decoder
	v1     capture.DecoderV1
}

// newDryReader returns a reader of the generation that the embedded endpoint has.
func newDryReader(s *scenario.Scenario) dryReader {
	r := dryReader{target: &s.Target}
	if s.Staging.Generation == capture.Generation2024.String() {
		r.v0.Generation = capture.Generation2024
	}
	return r
}

// read returns what the endpoint would make of a request, nil if it would refuse it.
func (r *dryReader) read(b *Batch) *capture.Submission {
	if r.target.Endpoint == scenario.EndpointV1 {
		zero := []byte("00000000-0000-4000-8000-000000000000")
		got, err := r.v1.Decode(&capture.RequestV1{
			Authorization: []byte("Bearer " + r.target.Token.Reveal()), UserAgent: []byte("rehearse"),
			ContentType: []byte(b.ContentType), ContentEncoding: []byte(b.ContentEncoding), SDKInfo: []byte("rehearse/1"),
			Attempt: []byte("1"), RequestID: zero, Timestamp: []byte("2026-01-01T00:00:00Z"), Body: b.Body,
		})
		if err != nil {
			return nil
		}
		return got
	}
	path, query, _ := bytes.Cut([]byte(b.Path), []byte("?"))
	got, err := r.v0.Decode(&capture.Request{
		Path: path, Query: query, ContentType: []byte(b.ContentType), ContentEncoding: []byte(b.ContentEncoding), Body: b.Body,
	})
	if err != nil {
		return nil
	}
	return got
}
