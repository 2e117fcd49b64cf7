package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// readBody reads the body that the head announces (RFC 9112, section 6.3), or up
// to limit bytes of it.
func (a *httpAnswer) readBody(from *bufio.Reader, limit int) error {
	switch {
	case a.status == 101 || a.status == 204 || a.status == 304:
		return nil
	case a.length >= 0:
		return a.readBytes(from, a.length, limit)
	case a.length == coded && a.chunked:
		return a.readChunks(from, limit)
	}
	a.closes = true
	return a.readRest(from, limit)
}

// readBytes reads n bytes more.
func (a *httpAnswer) readBytes(from *bufio.Reader, n int64, limit int) error {
	was := len(a.body)
	fits := min(n, int64(limit-was))
	a.body = slices.Grow(a.body, int(fits))[:was+int(fits)]
	read, err := io.ReadFull(from, a.body[was:])
	a.body = a.body[:was+read]
	if err == nil && fits < n {
		err = errTooLarge
	}
	return ended(err)
}

// readRest reads until the connection ends.
func (a *httpAnswer) readRest(from *bufio.Reader, limit int) error {
	for len(a.body) <= limit {
		a.body = slices.Grow(a.body, 512)
		n, err := from.Read(a.body[len(a.body):cap(a.body)])
		a.body = a.body[:len(a.body)+n]
		if errors.Is(err, io.EOF) && len(a.body) <= limit {
			return nil
		}
		if err != nil {
			return err
		}
	}
	a.body = a.body[:limit]
	return errTooLarge
}

// readChunks reads a body in chunks, and the trailers behind it (RFC 9112, section
// 7.1), which nobody looks at.
func (a *httpAnswer) readChunks(from *bufio.Reader, limit int) error {
	for {
		a.left = maxHead
		line, long, err := a.line(from)
		if err != nil {
			return err
		}
		size, ok := chunkSize(line)
		switch {
		case long || !ok:
			return errGarbled
		case size == 0:
			return a.readTrailers(from)
		}
		if err := a.readBytes(from, size, limit); err != nil {
			return err
		}
		if line, _, err = a.line(from); err != nil {
			return err
		}
		if len(line) > 0 {
			return errGarbled
		}
	}
}

// readTrailers reads the fields behind a body; none of them says anything new.
func (a *httpAnswer) readTrailers(from *bufio.Reader) error {
	a.left = maxHead
	for {
		line, long, err := a.line(from)
		if err != nil || len(line) == 0 {
			return err
		}
		for long && err == nil {
			_, long, err = a.line(from)
		}
		if err != nil {
			return err
		}
	}
}

// chunkSize reads a size in hexadecimal, behind which extensions may stand.
func chunkSize(line []byte) (size int64, ok bool) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.Trim(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			size = size<<4 | int64(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			size = size<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return size, true
}
