package staging

import (
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"

	"bytes"
)

// BenchmarkHandler serves batches of 100 events of about 360 bytes without a
// network: decompressed, validated, counted and summed up.
func BenchmarkHandler(b *testing.B) {
	const events = 100
	plain := batchOf(0, events)
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	for name, body := range map[string][]byte{"plain": plain, "gzip": zipped.Bytes()} {
		b.Run(name, func(b *testing.B) {
			s := New(Config{})
			var in fasthttp.Request
			in.Header.SetMethod("POST")
			in.SetRequestURI("/batch/")
			in.SetBody(body)
			var ctx fasthttp.RequestCtx
			ctx.Init(&in, nil, silence{})
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				s.handle(&ctx)
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
			if got := s.Stats().Events.Refused; got != 0 {
				b.Fatalf("%d events refused", got)
			}
		})
	}
}
