package capture_test

import (
	"testing"

	"rehearse/internal/capture"
)

// aBatch is a /batch/ body of n events of about 360 bytes.
func aBatch(n int) []byte {
	envelope := capture.Envelope{Token: "phc_a"}
	e := anEvent()
	body := envelope.AppendHead(nil)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		e.UUID[15] = byte(i)
		body = capture.AppendEvent(body, e)
	}
	return envelope.AppendTail(body)
}

func BenchmarkDecode(b *testing.B) {
	const events = 100
	plain := aBatch(events)
	for name, r := range map[string]*capture.Request{
		"plain": post(string(plain)),
		"gzip":  sent(post(""), gzipped(b, string(plain))),
	} {
		b.Run(name, func(b *testing.B) {
			var d capture.Decoder
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
}

// TestDecodeAllocates: a decoder that has seen a batch decodes the next of its
// kind without allocating for its events.
func TestDecodeAllocates(t *testing.T) {
	r := sent(post(""), gzipped(t, string(aBatch(100))))
	var d capture.Decoder
	if got := testing.AllocsPerRun(100, func() {
		if _, err := d.Decode(r); err != nil {
			t.Fatal(err)
		}
	}); got > 2 {
		t.Errorf("%v allocations for 100 events, want at most 2", got)
	}
}
