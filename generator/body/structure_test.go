package body_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"testing"
	"time"

	klauspost "github.com/klauspost/compress/gzip"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/scenario"
)

// built builds batch number i of a run that begins at a time, in a builder of its own.
func built(t *testing.T, s *scenario.Scenario, start time.Time, i int) *body.Batch {
	t.Helper()
	y, _ := source.NewSynth(s)
	b := new(body.Batch)
	for range i + 1 {
		b.Reset()
		if err := y.Next(b); err != nil {
			t.Fatal(err)
		}
	}
	y.Build(b, body.NewBuilder(s, start))
	return b
}

// TestStructure: a body of synthesized events unpacks, by the standard library, to what
// it is without compression, is at most a tenth larger than by the general compressor,
// and has the same bytes whichever builder made it, in whichever order.
func TestStructure(t *testing.T) {
	t.Parallel()
	const text = `
name: packed
load: {profile: "const(10k, 10s)"}
batching: {events: 100}
traffic:
  distinct_ids: {count: 10k, skew: 1.1}
  events: {$pageview: 20, view: {weight: 50, from: server}, $identify: 2, $set: 2}
  timestamps: {from: 2025-01-01, to: 2025-06-30}
  faults: {duplicates: 1%, copies: 1%, invalid: {illegal_id: 1%, no_distinct_id: 1%}}
`
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, coding := range []string{"gzip", "deflate"} {
		read := func(set ...string) *scenario.Scenario {
			s, err := scenario.Parse("t.yaml", []byte(text), scenario.Options{Set: set})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		packed, plain := read("target.compression="+coding, "target.endpoint="+map[string]string{"gzip": "batch", "deflate": "v1"}[coding]), read("target.compression=none", "target.endpoint="+map[string]string{"gzip": "batch", "deflate": "v1"}[coding])
		ours, general := 0, 0
		for i := range 20 {
			one, want := built(t, packed, start, i), built(t, plain, start, i).Body
			if got := unpack(t, coding, one.Body); !bytes.Equal(got, want) || one.Plain != len(want) {
				t.Fatalf("%s: batch %d unpacks to %d bytes that are not the %d that were packed", coding, i, len(got), len(want))
			}
			if again := built(t, packed, start, i); !bytes.Equal(again.Body, one.Body) {
				t.Fatalf("%s: batch %d has other bytes the second time", coding, i)
			}
			ours, general = ours+len(one.Body), general+len(pack(t, want))
		}
		if ours == general || float64(ours) > 1.1*float64(general) {
			t.Errorf("%s: %d bytes by structure, %d by search; want others, and no tenth more", coding, ours, general)
		}
	}
}

// pack compresses by the general compressor.
func pack(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := klauspost.NewWriterLevel(&out, klauspost.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack reads what was compressed.
func unpack(t *testing.T, coding string, packed []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	if r, err = gzip.NewReader(bytes.NewReader(packed)); coding == "deflate" {
		r, err = zlib.NewReader(bytes.NewReader(packed))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
