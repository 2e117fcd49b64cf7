package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"encoding/base64"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"rehearse/capture"
)

// recorder writes the requests that an endpoint got to a file, one JSON object a
// line, in the form that replay.format capture reads: sent again they are the
// same byte for byte. A name that ends in .zst or .gz is compressed.
type recorder struct {
	mu    sync.Mutex
	file  *os.File
	out   io.WriteCloser
	line  []byte
	lines int64
	err   error // the first that went wrong; nothing is written after it
}

// newRecorder makes the file, which must not be there yet.
func newRecorder(path string) (*recorder, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot record: %w", err)
	}
	r := &recorder{file: file, out: file}
	switch {
	case strings.HasSuffix(path, ".zst"):
		r.out, err = zstd.NewWriter(file, zstd.WithEncoderConcurrency(1))
	case strings.HasSuffix(path, ".gz"):
		r.out = gzip.NewWriter(file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot record: %w", err), file.Close())
	}
	return r, nil
}

// observe writes one request down. It may be called from many goroutines.
func (r *recorder) observe(q *capture.Request, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.line = appendRequest(r.line[:0], q, time.Now())
	if _, r.err = r.out.Write(r.line); r.err == nil {
		r.lines++
	}
}

// appendRequest appends the line of a request that came at a time.
func appendRequest(dst []byte, q *capture.Request, at time.Time) []byte {
	path, method := string(q.Path), "POST"
	if len(q.Query) > 0 {
		path += "?" + string(q.Query)
	}
	if len(q.Body) == 0 {
		method = "GET" // its payload, if it has one, is in the URL
	}
	dst = capture.AppendString(append(dst, `{"path":`...), path)
	dst = capture.AppendString(append(dst, `,"method":`...), method)
	dst = capture.AppendString(append(dst, `,"content_encoding":`...), q.ContentEncoding)
	dst = capture.AppendString(append(dst, `,"content_type":`...), q.ContentType)
	dst = capture.AppendString(append(dst, `,"ip":`...), q.ForwardedFor)
	dst = append(at.UTC().AppendFormat(append(dst, `,"now":"`...), "2006-01-02T15:04:05.000000Z07:00"), '"')
	dst = appendHeaders(dst, q)
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"body":"`...), q.Body)
	return append(dst, "\"}\n"...)
}

// appendHeaders appends the headers that have no member of their own: who sent
// the request, and what v1 reads. Those that belong to the connection are left
// out, and cookies, which are nobody's business.
func appendHeaders(dst []byte, q *capture.Request) []byte {
	if q.Headers == nil {
		return dst
	}
	open := `,"headers":{`
	for name, value := range q.Headers {
		switch strings.ToLower(string(name)) {
		case "content-type", "content-encoding", "x-forwarded-for", "cookie",
			"host", "connection", "content-length", "transfer-encoding", "expect":
			continue
		}
		dst = capture.AppendString(append(dst, open...), name)
		dst = capture.AppendString(append(dst, ':'), value)
		open = ","
	}
	if open != "," {
		return dst
	}
	return append(dst, '}')
}

// close ends the file, and says in an error if it is not whole.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.err
	if r.out != r.file {
		err = errors.Join(err, r.out.Close())
	}
	if err = errors.Join(err, r.file.Close()); err != nil {
		return fmt.Errorf("cannot record to %q: %w", r.file.Name(), err)
	}
	return nil
}
