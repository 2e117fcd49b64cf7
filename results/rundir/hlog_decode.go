package rundir

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"rehearse/results"
)

// maxPlain bounds a histogram as it is written, uncompressed, in bytes: a count takes
// nine at most.
const maxPlain = 40 + 9*24<<10

// decoder reads histograms in the V2 compressed encoding. The library's takes as much
// memory and time for each as a full one has buckets, and a merge reads thousands of a
// shard that hold little; this one is made once a log, and its result is as small as
// what the histogram holds.
type decoder struct {
	zip   io.ReadCloser
	raw   []byte
	plain bytes.Buffer
	bars  []results.Bar
}

// decode returns what a histogram holds, valid until the next call. One of another shape
// than this package writes is an error.
func (d *decoder) decode(payload string) (bars []results.Bar, err error) {
	if d.raw, err = base64.StdEncoding.AppendDecode(d.raw[:0], []byte(payload)); err != nil {
		return nil, err
	}
	if len(d.raw) < 8 || binary.BigEndian.Uint32(d.raw) != compressedCookie ||
		int64(binary.BigEndian.Uint32(d.raw[4:])) != int64(len(d.raw)-8) {
		return nil, errors.New("not a compressed histogram")
	}
	if err := d.unzip(d.raw[8:]); err != nil {
		return nil, fmt.Errorf("cannot unpack histogram: %w", err)
	}
	plain := d.plain.Bytes()
	switch {
	case len(plain) < 40 || binary.BigEndian.Uint32(plain) != plainCookie ||
		int64(binary.BigEndian.Uint32(plain[4:])) != int64(len(plain)-40):
		return nil, errors.New("not a histogram")
	case !bytes.Equal(plain[8:40], appendShape(nil)):
		return nil, errors.New("a histogram of another resolution")
	}
	d.bars, err = appendBars(d.bars[:0], plain[40:])
	return d.bars, err
}

// unzip unpacks what is behind the head.
func (d *decoder) unzip(packed []byte) (err error) {
	if d.zip == nil {
		d.zip, err = zlib.NewReader(bytes.NewReader(packed))
	} else {
		err = d.zip.(zlib.Resetter).Reset(bytes.NewReader(packed), nil)
	}
	if err != nil {
		return err
	}
	d.plain.Reset()
	n, err := d.plain.ReadFrom(io.LimitReader(d.zip, maxPlain+1))
	if n > maxPlain {
		return errors.New("it is larger than any")
	}
	return err
}

// appendShape appends the part of the uncompressed head that says what the buckets are.
func appendShape(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 0) // no offset to normalize by
	dst = binary.BigEndian.AppendUint32(dst, 3) // digits
	dst = binary.BigEndian.AppendUint64(dst, 1) // the shortest, in microseconds
	dst = binary.BigEndian.AppendUint64(dst, uint64(results.Longest/time.Microsecond))
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(1)) // one to one
}

// appendBars appends the buckets that hold something.
func appendBars(bars []results.Bar, counts []byte) ([]results.Bar, error) {
	last := int64(results.Longest / time.Microsecond) // there are fewer buckets than microseconds
	for index := int64(0); len(counts) > 0; {
		count, n := binary.Varint(counts)
		if n <= 0 || n > 8 || count < -last {
			return nil, errors.New("a histogram with a count that is none")
		}
		counts = counts[n:]
		if count <= 0 {
			index += max(-count, 1)
			continue
		}
		bar := results.BarAt(int(min(index, last)), count)
		if bar.From > results.Longest || bar.From < 0 || index >= 24<<10 {
			return nil, errors.New("a histogram with more buckets than there are")
		}
		bars = append(bars, bar)
		index++
	}
	return bars, nil
}
