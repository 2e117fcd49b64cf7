package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// httpAnswer is an answer of the endpoint. Its memory is used again by the next one.
//
// A head is read line by line and forgotten but for the fields below, so that one
// of 64 kB takes no more memory than one of 100 bytes.
type httpAnswer struct {
	status    int           // of the final answer; 0 until its head was read
	closes    bool          // the connection ends with this answer
	keepAlive time.Duration // how long the endpoint keeps a connection that rests; 0: it does not say
	date      []byte        // Date
	retry     []byte        // Retry-After
	coding    []byte        // Content-Encoding
	body      []byte        // as it came, or its beginning

	length  int64 // Content-Length, or one of the values below
	chunked bool
	persist bool // Connection: keep-alive

	headReader
}

// headReader is how far the head of an answer has been read.
type headReader struct {
	field headerField // the one that is being read
	value []byte      // of that field
	left  int         // how many bytes of head may still come
}

// What is known of the length of a body other than a number of bytes.
const (
	unsized = -1 // nothing: it ends with the connection
	coded   = -2 // Transfer-Encoding is in charge
)

// maxHead is how large the head of an answer may be, and the trailers behind a
// body, in bytes. Informational answers have a head each.
const maxHead = 64 << 10

// Why an answer cannot be understood.
var (
	errGarbled  = errors.New("not an answer as HTTP/1.1 has it")
	errTooLarge = errors.New("the answer is too large")
)

// headerField is a header field that matters to a client.
type headerField int

// The fields. All others are passed over.
const (
	otherField headerField = iota
	dateField
	connectionField
	keepAliveField
	retryAfterField
	contentLengthField
	contentEncodingField
	transferEncodingField
)

// fieldOf returns which field has a name, in any case.
func fieldOf(name []byte) headerField {
	is := func(known string) bool { return bytes.EqualFold(name, []byte(known)) }
	switch {
	case is("Date"):
		return dateField
	case is("Connection"):
		return connectionField
	case is("Keep-Alive"):
		return keepAliveField
	case is("Retry-After"):
		return retryAfterField
	case is("Content-Length"):
		return contentLengthField
	case is("Content-Encoding"):
		return contentEncodingField
	case is("Transfer-Encoding"):
		return transferEncodingField
	}
	return otherField
}

// read reads the answer to a request, past any number of informational ones (RFC
// 9110, section 15.2). 101 is none of them: nobody asked to speak another protocol.
// Up to limit bytes of the body are read. After an error status is 0, or that of an
// answer whose body did not come to its end.
func (a *httpAnswer) read(from *bufio.Reader, limit int) error {
	for informational := true; informational; informational = a.status < 200 && a.status != 101 {
		if err := a.readHead(from); err != nil {
			a.status = 0
			return err
		}
	}
	return a.readBody(from, limit)
}

// reset forgets everything but the memory.
func (a *httpAnswer) reset() {
	*a = httpAnswer{
		length: unsized, date: a.date[:0], retry: a.retry[:0], coding: a.coding[:0], body: a.body[:0],
		headReader: headReader{value: a.value[:0], left: maxHead},
	}
}

// readHead reads a status line and the fields behind it.
func (a *httpAnswer) readHead(from *bufio.Reader) error {
	a.reset()
	line, err := a.statusLine(from)
	if err != nil {
		return err
	}
	atLeast11, err := a.parseStatus(line)
	if err != nil {
		return err
	}
	if err := a.readFields(from); err != nil {
		return err
	}
	a.closes = a.closes || !atLeast11 && !a.persist || a.status == 101
	return nil
}

// statusLine returns the first line that is not empty: some send a line end too
// many after the answer before.
func (a *httpAnswer) statusLine(from *bufio.Reader) (line []byte, err error) {
	for len(line) == 0 && err == nil {
		var long bool
		if line, long, err = a.line(from); long {
			return nil, errGarbled
		}
	}
	return line, err
}

// parseStatus reads HTTP/1.x, a blank, three digits and a phrase that may be
// missing with the blank before it (RFC 9112, section 4).
func (a *httpAnswer) parseStatus(line []byte) (atLeast11 bool, err error) {
	const version = len("HTTP/1.1")
	if len(line) < version+4 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[version] != ' ' {
		return false, errGarbled
	}
	minor, code, phrase := line[version-1], line[version+1:version+4], line[version+4:]
	if !isDigits(line[version-1:version]) || !isDigits(code) || code[0] == '0' || len(phrase) > 0 && phrase[0] != ' ' {
		return false, errGarbled
	}
	a.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return minor > '0', nil
}

// line returns the next line of the head, without its end, a line feed that may
// have no carriage return before it (RFC 9112, section 2.2). Of a long one it
// returns what the buffer holds, and the rest is to be passed over with skip. It
// is valid until the next call.
func (a *httpAnswer) line(from *bufio.Reader) (line []byte, long bool, err error) {
	line, err = from.ReadSlice('\n')
	a.left -= len(line)
	switch {
	case a.left < 0:
		return nil, false, errTooLarge
	case errors.Is(err, bufio.ErrBufferFull):
		return line, true, nil
	case err != nil:
		return nil, false, ended(err)
	}
	line = line[:len(line)-1]
	return bytes.TrimSuffix(line, []byte("\r")), false, nil
}

// ended is err, where the end of the connection comes too early.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readFields reads header fields, or trailers, up to the empty line behind them.
func (a *httpAnswer) readFields(from *bufio.Reader) error {
	for {
		line, long, err := a.line(from)
		if err == nil && len(line) == 0 {
			return a.endField()
		}
		if err == nil {
			err = a.addLine(line, long)
		}
		for long && err == nil {
			_, long, err = a.line(from)
		}
		if err != nil {
			return err
		}
	}
}

// addLine takes in a line of the head, or its beginning if it is long: a field, or
// more of the value of the one before (obsolete folding; RFC 9112, section 5.2).
func (a *httpAnswer) addLine(line []byte, long bool) error {
	value := line
	if line[0] != ' ' && line[0] != '\t' {
		if err := a.endField(); err != nil {
			return err
		}
		name, rest, found := bytes.Cut(line, []byte(":"))
		if !found {
			return errGarbled
		}
		a.field, value, a.value = fieldOf(bytes.TrimRight(name, " \t")), rest, a.value[:0]
	}
	if a.field == otherField {
		return nil
	}
	if long {
		return errGarbled // no value that matters fills a buffer
	}
	if len(a.value) > 0 {
		a.value = append(a.value, ' ')
	}
	a.value = append(a.value, bytes.Trim(value, " \t")...)
	return nil
}
