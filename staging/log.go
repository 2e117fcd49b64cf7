package staging

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"rehearse/internal/capture"
)

// RequestLog writes the requests that an endpoint got to a file, one JSON object a
// line, in the form that replay.format capture reads: sent again they are the same
// byte for byte. Its method Observe is for [Config].
type RequestLog struct{ lines lines }

// NewRequestLog makes the file, which must not be there yet. A name that ends in .zst
// or .gz is compressed.
func NewRequestLog(path string) (*RequestLog, error) {
	l := &RequestLog{}
	if err := l.lines.create(path); err != nil {
		return nil, fmt.Errorf("cannot record: %w", err)
	}
	var err error
	switch {
	case strings.HasSuffix(path, ".zst"):
		l.lines.out, err = zstd.NewWriter(l.lines.file, zstd.WithEncoderConcurrency(1))
	case strings.HasSuffix(path, ".gz"):
		l.lines.out = gzip.NewWriter(l.lines.file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot record: %w", err), l.lines.file.Close())
	}
	return l, nil
}

// Observe writes one request down. It may be called from many goroutines.
func (l *RequestLog) Observe(q *capture.Request, status int) {
	l.lines.add(func(line []byte) ([]byte, error) { return appendRequest(line, q, status, time.Now()), nil })
}

// Close ends the file, and returns how many requests it has. The error says if it is
// not whole.
func (l *RequestLog) Close() (requests int64, err error) {
	if err := l.lines.end(); err != nil {
		return l.lines.n, fmt.Errorf("cannot record to %q: %w", l.lines.file.Name(), err)
	}
	return l.lines.n, nil
}

// appendRequest appends the line of a request that came at a time and was answered
// with a status, 0 for none.
func appendRequest(dst []byte, q *capture.Request, status int, at time.Time) []byte {
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
	dst = strconv.AppendInt(append(dst, `,"status":`...), int64(status), 10)
	dst = appendHeaders(dst, q)
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"body":"`...), q.Body)
	return append(dst, "\"}\n"...)
}

// appendHeaders appends the headers that have no member of their own: who sent
// the request, and what v1 reads. Those that belong to the connection are left
// out, and cookies, which are private.
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

// MessageLog writes the messages that an endpoint would have sent to Kafka, one JSON
// object a line. Its method Produce is for [Config].
type MessageLog struct{ lines lines }

// NewMessageLog makes the file, which must not be there yet.
func NewMessageLog(path string) (*MessageLog, error) {
	l := &MessageLog{}
	if err := l.lines.create(path); err != nil {
		return nil, fmt.Errorf("cannot write messages: %w", err)
	}
	l.lines.out = buffered{bufio.NewWriter(l.lines.file)}
	return l, nil
}

// Produce writes one message down. It may be called from many goroutines.
func (l *MessageLog) Produce(m *Message) {
	text, err := json.Marshal(m)
	l.lines.add(func(line []byte) ([]byte, error) { return append(append(line, text...), '\n'), err })
}

// Close ends the file, and returns how many messages it has. The error says if it is
// not whole.
func (l *MessageLog) Close() (messages int64, err error) {
	if err := l.lines.end(); err != nil {
		return l.lines.n, fmt.Errorf("cannot write messages: %w", err)
	}
	return l.lines.n, nil
}

// lines is a file that many goroutines write to, a line each.
type lines struct {
	mu   sync.Mutex
	file *os.File
	out  io.WriteCloser // the file, or what compresses into it
	line []byte
	n    int64
	err  error // the first that went wrong; nothing is written after it
}

// buffered is a buffer that is emptied when it is closed.
type buffered struct{ *bufio.Writer }

func (b buffered) Close() error { return b.Flush() }

// create makes the file.
func (l *lines) create(path string) (err error) {
	l.file, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	l.out = l.file
	return err
}

// add writes the line that a function appends.
func (l *lines) add(appendTo func([]byte) ([]byte, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	if l.line, l.err = appendTo(l.line[:0]); l.err == nil {
		_, l.err = l.out.Write(l.line)
	}
	if l.err == nil {
		l.n++
	}
}

// end closes the file, and returns what went wrong.
func (l *lines) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.err
	if l.out != l.file {
		err = errors.Join(err, l.out.Close())
	}
	return errors.Join(err, l.file.Close())
}
