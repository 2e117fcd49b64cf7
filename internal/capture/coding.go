package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

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

// keep is the largest buffer that a decoder holds on to between requests, in
// bytes. A rare giant must not cost its size for ever.
const keep = 8 << 20

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

// Why an lz64 text cannot be read.
var (
	errLZ64      = errors.New("not an lz-string text")
	errLZ64Large = errors.New("larger than allowed")
)

// lz64 decodes what lz-string's compressToBase64 makes: the digits of base64
// carry a stream of bits, first bit first, and the bits an LZ78 code of UTF-16
// units. A phrase of the dictionary always is a stretch of what has been put
// out, so that a phrase costs two numbers and no copy.
type lz64 struct {
	text []byte
	at   int  // digits read
	held uint // bits read and not used
	bits uint // the lowest held of them

	out     []uint16
	phrases []phrase
	last    phrase
	width   uint // bits of a code
	spare   int  // phrases to come before codes grow by a bit
}

// phrase is a stretch of the output.
type phrase struct{ start, length int }

// The codes that stand for no phrase.
const (
	lz64Byte = 0 // a new unit of 8 bits follows
	lz64Unit = 1 // a new unit of 16 bits follows
	lz64End  = 2
	lz64Free = 3 // the first phrase's code
)

// decode returns what text stands for as UTF-16, at most limit units of it.
func (z *lz64) decode(text []byte, limit int) ([]uint16, error) {
	phrases := append(z.phrases[:0], make([]phrase, lz64Free)...)
	*z = lz64{text: text, out: z.out[:0], phrases: phrases, width: 3, spare: 4}
	code, err := z.read(2)
	if err != nil || code > lz64End {
		return nil, errLZ64
	}
	for first := true; code != lz64End; first = false {
		if err := z.put(code, first); err != nil {
			return nil, err
		}
		if len(z.out) > limit {
			return nil, errLZ64Large
		}
		if code, err = z.read(z.width); err != nil {
			return nil, err
		}
	}
	return z.out, nil
}

// put puts out the phrase of a code, and learns the phrase that it ends: the one
// before it with the first unit of this one.
func (z *lz64) put(code uint, first bool) error {
	this := phrase{start: len(z.out), length: 1}
	switch {
	case code <= lz64Unit:
		unit, err := z.read(8 << code)
		if err != nil {
			return err
		}
		z.out = append(z.out, uint16(unit))
		z.learn(this, !first)
	case code < uint(len(z.phrases)):
		old := z.phrases[code]
		this.length = old.length
		z.out = append(z.out, z.out[old.start:old.start+old.length]...)
	case code == uint(len(z.phrases)):
		this.length = z.last.length + 1
		z.out = append(z.out, z.out[z.last.start:z.last.start+z.last.length]...)
		z.out = append(z.out, z.out[z.last.start])
	default:
		return errLZ64
	}
	if !first {
		z.learn(phrase{z.last.start, z.last.length + 1}, true)
	}
	z.last = this
	return nil
}

// learn adds a phrase to the dictionary. The first one does not count.
func (z *lz64) learn(p phrase, counts bool) {
	z.phrases = append(z.phrases, p)
	if !counts {
		return
	}
	z.spare--
	if z.spare == 0 {
		z.spare = 1 << z.width
		z.width++
	}
}

// read takes n bits off the stream, the lowest first.
func (z *lz64) read(n uint) (value uint, err error) {
	for i := range n {
		if z.held == 0 {
			if z.at == len(z.text) {
				return 0, errLZ64
			}
			digit := base64Digit(z.text[z.at])
			if digit > 63 {
				return 0, errLZ64
			}
			z.bits, z.held = uint(digit), 6
			z.at++
		}
		z.held--
		value |= (z.bits >> z.held & 1) << i
	}
	return value, nil
}

// base64Digit returns the value of a digit, or 255. Padding counts as nought, as
// lz-string has it.
func base64Digit(b byte) byte {
	switch {
	case 'A' <= b && b <= 'Z':
		return b - 'A'
	case 'a' <= b && b <= 'z':
		return b - 'a' + 26
	case '0' <= b && b <= '9':
		return b - '0' + 52
	case b == '+':
		return 62
	case b == '/':
		return 63
	case b == '=':
		return 0
	}
	return 255
}

// appendUTF8 appends what units spell, and reports whether they are whole.
func appendUTF8(dst []byte, units []uint16) ([]byte, bool) {
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			if i+1 == len(units) {
				return dst, false
			}
			i++
			if r = utf16.DecodeRune(r, rune(units[i])); r == utf8.RuneError {
				return dst, false
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}
