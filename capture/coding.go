package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Coding is a content coding of HTTP, by the name that Content-Encoding has for
// it.
type Coding string

// The codings that v1 takes.
const (
	Identity Coding = ""
	Gzip     Coding = "gzip"
	Deflate  Coding = "deflate" // zlib, or raw deflate
	Brotli   Coding = "br"
	Zstd     Coding = "zstd"
)

// errPlainLarge says that a body outgrew its limit when it was decompressed.
var errPlainLarge = errors.New("larger than allowed once decompressed")

// Inflater undoes content codings. The zero value is ready to use; it is for one
// goroutine, and reuses its memory.
type Inflater struct {
	source bytes.Reader
	gzip   *gzip.Reader
	zlib   io.ReadCloser
	flate  io.ReadCloser
	brotli *brotli.Reader
	zstd   *zstd.Decoder
	plain  []byte
}

// Inflate returns what body holds, fewer than limit bytes. The result aliases
// body or the Inflater, and is good until its next use.
func (z *Inflater) Inflate(coding Coding, body []byte, limit int) ([]byte, error) {
	if coding == Identity {
		return body, nil
	}
	if cap(z.plain) > keep {
		z.plain = nil
	}
	z.source.Reset(body)
	stream, err := z.open(coding, body)
	if err == nil {
		z.plain, err = readUpTo(z.plain[:0], stream, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot decompress %s: %w", coding, err)
	}
	return z.plain, nil
}

func (z *Inflater) open(coding Coding, body []byte) (io.Reader, error) {
	switch coding {
	case Gzip:
		return z.openGzip()
	case Deflate:
		if len(body) > 0 && body[0] == 0x78 { // as nginx and the service tell them apart
			return z.openZlib()
		}
		return z.openFlate()
	case Brotli:
		if z.brotli == nil {
			z.brotli = brotli.NewReader(nil)
		}
		return z.brotli, z.brotli.Reset(&z.source)
	case Zstd:
		return z.openZstd()
	}
	return nil, fmt.Errorf("no such coding: %q", brief(string(coding)))
}

// openGzip reads the first member only, as the service does.
func (z *Inflater) openGzip() (_ io.Reader, err error) {
	if z.gzip == nil {
		z.gzip, err = gzip.NewReader(&z.source)
	} else {
		err = z.gzip.Reset(&z.source)
	}
	if err != nil {
		return nil, err
	}
	z.gzip.Multistream(false)
	return z.gzip, nil
}

func (z *Inflater) openZlib() (_ io.Reader, err error) {
	if z.zlib == nil {
		z.zlib, err = zlib.NewReader(&z.source)
	} else {
		err = z.zlib.(zlib.Resetter).Reset(&z.source, nil)
	}
	if err != nil {
		return nil, err
	}
	return z.zlib, nil
}

func (z *Inflater) openFlate() (io.Reader, error) {
	if z.flate == nil {
		z.flate = flate.NewReader(&z.source)
		return z.flate, nil
	}
	return z.flate, z.flate.(flate.Resetter).Reset(&z.source, nil)
}

// maxWindow bounds what a zstd frame may ask the decoder to keep, in bytes.
const maxWindow = 8 << 20

func (z *Inflater) openZstd() (_ io.Reader, err error) {
	if z.zstd == nil {
		z.zstd, err = zstd.NewReader(&z.source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	} else {
		err = z.zstd.Reset(&z.source)
	}
	return z.zstd, err
}

// readUpTo appends what r yields, and gives up when it is limit bytes or more.
func readUpTo(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		dst = slices.Grow(dst, 512)
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) >= limit:
			return dst, errPlainLarge
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}
