package sql

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// clickhouse is ClickHouse's HTTP interface.
type clickhouse struct{}

func (clickhouse) request(ctx context.Context, e *Endpoint, query string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodPost, e.URL.String(),
		strings.NewReader(query+"\nFORMAT JSONEachRow"))
}

func (clickhouse) answer(body io.ReadCloser) (answer, error) {
	return &lines{body: body, reader: bufio.NewReaderSize(body, 1<<16)}, nil
}

// lines are an answer with a row a line.
type lines struct {
	body   io.Closer
	reader *bufio.Reader
	long   []byte
}

// mostLine is how long a row may be.
const mostLine = 64 << 20

// Next returns the next row. The status has long been told when a server fails in
// mid-answer, so it says so in the place of a row.
func (l *lines) Next() ([]byte, error) {
	for {
		line, err := l.line()
		line = bytes.TrimSpace(line)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("the answer breaks off: %w", err)
		case len(line) == 0 && err != nil:
			return nil, io.EOF
		case len(line) == 0:
			continue
		case line[0] != '{' || line[len(line)-1] != '}':
			return nil, fmt.Errorf("the server says in mid-answer: %s", line[:min(len(line), 1000)])
		}
		return line, nil
	}
}

// line reads a line, however long.
func (l *lines) line() ([]byte, error) {
	part, err := l.reader.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	l.long = append(l.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(l.long) > mostLine {
			return nil, fmt.Errorf("a row is longer than %d bytes", mostLine)
		}
		part, err = l.reader.ReadSlice('\n')
		l.long = append(l.long, part...)
	}
	return l.long, err
}

func (l *lines) Close() error { return l.body.Close() }
