package dryrun

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/scenario"
)

// Request is a request that was built and not sent.
type Built struct {
	Due    time.Duration
	Events int64
	Body   int64 // bytes before compression
	Packed int64 // bytes of the body as it travels
	Wire   int64 // and of its head

	// Submission is what an endpoint would understand, valid until the next
	// request; nil: it would refuse the request, with Refusal.
	Submission *capture.Submission
	Refusal    *capture.Refusal

	ForwardedFor string // X-Forwarded-For, empty: none
}

// Run builds every request of a run on all cores, with the builders of the
// run, and shows them one after the other in the order in which they are due. Nothing
// is sent: where the requests would go matters to their heads alone. The plan is
// that of the source, before any batch is split by its bytes. Whether a request
// would be refused is judged by the endpoint's limits, and by what the staging section
// says of its generation and its policy.
//
// A recording is read while its requests are shown. Where reading it tells that some of
// them are others, all are shown once more: begin is called before the first, and
// returns to whom they are shown.
func Run(s *scenario.Scenario, to *transport.Destination, start time.Time, most capture.Limits,
	begin func() (show func(*Built))) (source.Plan, error) {
	from, err := source.OpenSurvey(s, nil)
	if err != nil {
		return source.Plan{}, err
	}
	defer from.Close()
	d := dryRun{source: from, reader: newRequestReader(s, most), sizes: transport.NewSizeEstimate(s, to, start)}
	d.sound = s.Replay != nil && !s.Replay.Pseudonymize
	for range runtime.GOMAXPROCS(0) {
		d.builders = append(d.builders, body.NewBuilder(s, start))
	}
	for range dryAhead * len(d.builders) {
		d.batches = append(d.batches, new(body.Batch))
	}
	for {
		if err := d.all(begin()); err != nil {
			return source.Plan{}, err
		}
		if plan, again, err := from.End(); err != nil || !again {
			return plan, err
		}
	}
}

// all shows all requests.
func (d *dryRun) all(show func(*Built)) error {
	for {
		n, err := d.next()
		d.build(n)
		for _, b := range d.batches[:n] {
			d.show(b, show)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// dryAhead is how many batches a core builds at a time.
const dryAhead = 8

// dryRun is a run without senders.
type dryRun struct {
	source   source.Source
	builders []*body.Builder
	batches  []*body.Batch
	reader   requestReader
	sizes    *transport.SizeEstimate
	sound    bool // bodies of recorded events are JSON: their lines were looked at, by the same reader
}

// next deals out batches, and says how many it has and why there are no more.
func (d *dryRun) next() (n int, err error) {
	for _, b := range d.batches {
		b.Reset()
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
	for k, w := range d.builders {
		group.Go(func() {
			for i := k; i < n; i += len(d.builders) {
				d.source.Build(d.batches[i], w)
			}
		})
	}
	group.Wait()
}

// show shows a batch and what was split from it.
func (d *dryRun) show(b *body.Batch, show func(*Built)) {
	for ; b != nil; b = b.Overflow {
		dry := Built{
			Due: b.Due, Events: b.Events, ForwardedFor: b.ForwardedFor,
			Body: int64(b.Plain), Packed: int64(len(b.Body)), Wire: d.sizes.Of(b),
		}
		d.reader.v0.Sound = d.sound && b.Recorded.Len() > 0
		dry.Submission, dry.Refusal = d.reader.read(b)
		show(&dry)
	}
}

// requestReader reads requests as an endpoint does.
type requestReader struct {
	wire    int // the largest body as it travels, in bytes
	noV1    bool
	v0      capture.Decoder
	v1      capture.DecoderV1
	headers []recording.Header // of a request to v1 that has none of its own
}

// newRequestReader returns a reader like the embedded endpoint.
func newRequestReader(s *scenario.Scenario, most capture.Limits) requestReader {
	r := requestReader{wire: most.Wire, v0: capture.Decoder{Limits: most}, v1: capture.DecoderV1{Limits: most}}
	r.v0.Generation = s.Staging.Generation
	r.v0.Policy = s.Staging.Policy()
	r.v1.Policy, r.noV1 = r.v0.Policy, s.Staging.Setup.NoV1
	r.headers = []recording.Header{
		{Name: "Authorization", Value: "Bearer " + s.Target.Token.Reveal()},
		{Name: capture.HeaderSDKInfo, Value: "rehearse/1"},
		{Name: capture.HeaderAttempt, Value: "1"},
		{Name: capture.HeaderRequestID, Value: "00000000-0000-4000-8000-000000000000"},
		{Name: capture.HeaderTimestamp, Value: "2026-01-01T00:00:00Z"},
	}
	return r
}

// read returns what the endpoint would make of a request, or how it would refuse
// it.
func (r *requestReader) read(b *body.Batch) (*capture.Submission, *capture.Refusal) {
	path, query, _ := strings.Cut(b.Path, "?")
	v1, g := capture.IsV1(path), r.v0.Generation
	switch known := v1 && g == capture.Current && !r.noV1 || scenario.Path(path).Known(g); {
	case !known:
		return nil, &capture.Refusal{Status: http.StatusNotFound, Text: "no such route: " + path}
	case v1:
		return r.readV1(b)
	case len(b.Body) > r.wire:
		return nil, g.RefuseWire(r.wire)
	}
	return told(r.v0.Decode(&capture.Request{
		Path: []byte(path), Query: []byte(query), ContentType: []byte(b.ContentType),
		ContentEncoding: []byte(b.ContentEncoding), Body: b.Body,
	}))
}

// readV1 is read for v1. The headers of a recorded request are its own.
func (r *requestReader) readV1(b *body.Batch) (*capture.Submission, *capture.Refusal) {
	if len(b.Body) > r.wire {
		return nil, capture.RefuseWireV1(r.wire)
	}
	headers := b.Headers
	if headers == nil {
		headers = r.headers
	}
	value := func(name string) []byte {
		i := slices.IndexFunc(headers, func(h recording.Header) bool { return h.Name == name })
		if i < 0 {
			return nil
		}
		return []byte(headers[i].Value)
	}
	return told(r.v1.Decode(&capture.RequestV1{
		Authorization: value("Authorization"), UserAgent: []byte("rehearse"), SDKInfo: value(capture.HeaderSDKInfo),
		ContentType: []byte(b.ContentType), ContentEncoding: []byte(b.ContentEncoding),
		Attempt:   value(capture.HeaderAttempt),
		RequestID: value(capture.HeaderRequestID), Timestamp: value(capture.HeaderTimestamp), Body: b.Body,
	}))
}

// told tells a refusal from a submission.
func told(got *capture.Submission, err error) (*capture.Submission, *capture.Refusal) {
	var refusal *capture.Refusal
	if errors.As(err, &refusal) {
		return nil, refusal
	}
	return got, nil
}
