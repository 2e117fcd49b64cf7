package recording

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/internal/recording/format"
)

// goReplaySeparator stands between two records of a GoReplay file.
const goReplaySeparator = "\n🐵🙈🙉\n"

// goReplay reads the records of a GoReplay file, one after the other.
type goReplay struct {
	records *bufio.Scanner
	cut     bool // the last record was too long: only its beginning was handed out
}

// newGoReplay prepares to read them.
func newGoReplay(in io.Reader) *goReplay {
	g := &goReplay{records: bufio.NewScanner(in)}
	g.records.Buffer(make([]byte, 0, container.ReadAhead), container.MaxLine)
	g.records.Split(g.split)
	return g
}

// next returns the next record, or the beginning of one that is too long.
func (g *goReplay) next() (record []byte, cut bool, err error) {
	if g.records.Scan() {
		return g.records.Bytes(), g.cut, nil
	}
	if err := g.records.Err(); err != nil {
		return nil, false, err
	}
	return nil, false, io.EOF
}

// split is a bufio.SplitFunc that yields one record after the other.
func (g *goReplay) split(data []byte, atEOF bool) (advance int, record []byte, err error) {
	end := bytes.Index(data, []byte(goReplaySeparator))
	switch {
	case g.cut:
		return g.pass(data, end, atEOF)
	case end >= 0:
		return end + len(goReplaySeparator), data[:end], nil
	case atEOF && len(data) > 0:
		return len(data), data, nil
	case len(data) >= container.MaxLine:
		g.cut = true
		return len(data) - len(goReplaySeparator), data[:container.MaxText+1], nil
	}
	return 0, nil, nil
}

// pass passes over the rest of a record that is too long, which ends there; -1: it
// goes on, and the last bytes may be those of half a separator.
func (g *goReplay) pass(data []byte, end int, atEOF bool) (advance int, record []byte, err error) {
	switch {
	case end >= 0:
		g.cut = false
		return end + len(goReplaySeparator), nil, nil
	case atEOF:
		return len(data), nil, nil
	}
	return max(len(data)-len(goReplaySeparator), 0), nil, nil
}

// parseGoReplay reads a record. Answers, which GoReplay records as well, and requests
// of other methods (a browser asks with OPTIONS before each POST) are passed over.
func (r *Request) parseGoReplay(record []byte) event.Reason {
	head, raw, _ := bytes.Cut(record, []byte("\n"))
	kind, at, ok := format.GoReplayHead(head)
	if !ok {
		return event.NotRequest
	}
	if kind != '1' {
		return event.Unmapped
	}
	if method, _, _ := bytes.Cut(raw, []byte(" ")); isMethod(method) && string(method) != http.MethodPost {
		return event.NoEvents
	}
	q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return requestReason(err)
	}
	defer q.Body.Close()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return requestReason(err)
	}
	if q.ContentLength == 0 && q.Header.Get("Content-Length") == "" { // It said so by closing its connection.
		_, rest, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		body = bytes.TrimSuffix(rest, []byte("\n"))
	}
	*r = Request{
		Time: at, Path: q.URL.RequestURI(), ContentType: q.Header.Get("Content-Type"),
		ContentEncoding: q.Header.Get("Content-Encoding"), ForwardedFor: q.Header.Get("X-Forwarded-For"), Body: body,
	}
	if r.IsV1() {
		for name := range q.Header {
			r.keep(name, q.Header.Get(name))
		}
	}
	return ""
}

// requestReason says why a request cannot be read.
func requestReason(err error) event.Reason {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return event.CutOff
	}
	return event.NotRequest
}

// isMethod reports whether a word is the method of a request (RFC 9110, section 9).
func isMethod(word []byte) bool {
	switch string(word) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return true
	}
	return false
}
