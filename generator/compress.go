package generator

import (
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"rehearse/capture"
	"rehearse/scenario"
)

// compressor is a content coding at work. All of them can be set to work again.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// level is what client libraries trade: little time for most of the gain.
const level = gzip.BestSpeed

// newCompressor returns the compressor for c and what it is called in
// Content-Encoding; nil if bodies are not compressed. "deflate" is zlib, as HTTP
// has it.
func newCompressor(c scenario.Compression) (compressor, capture.Coding) {
	switch c {
	case scenario.CompressionGzip:
		z, _ := gzip.NewWriterLevel(nil, level) // fails on unknown levels only
		return z, capture.Gzip
	case scenario.CompressionDeflate:
		z, _ := zlib.NewWriterLevel(nil, level)
		return z, capture.Deflate
	case scenario.CompressionBrotli:
		return brotli.NewWriterLevel(nil, brotli.BestSpeed), capture.Brotli
	case scenario.CompressionZstd:
		z, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
		return z, capture.Zstd
	}
	return nil, capture.Identity
}

// compress appends plain to dst, compressed by z.
func compress(z compressor, dst, plain []byte) []byte {
	out := growing{dst}
	z.Reset(&out)
	z.Write(plain)
	z.Close()
	return out.bytes
}

// growing is an io.Writer onto a slice; it cannot fail, and so nothing that
// writes to it can.
type growing struct{ bytes []byte }

// Write appends p.
func (g *growing) Write(p []byte) (int, error) {
	g.bytes = append(g.bytes, p...)
	return len(p), nil
}
