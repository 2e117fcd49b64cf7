package container

import (
	"bufio"
	"io"
	"rehearse/internal/jsonscan"
)

// list reads JSON documents that hold records in a list as lines, one a record: a list
// itself, or a page as PostHog's events API answers it ({"next": …, "results": […]}),
// one after the other. Records may go over many lines. What follows and is no such
// document is passed on as it is.
type list struct {
	in     *bufio.Reader
	state  listState
	page   bool // the list lies in a page
	depth  int  // of the objects and lists around the next byte, inside of the list
	text   bool // inside of a string
	escape bool // behind a backslash
}

// listState is where in a document a list is read.
type listState int

const (
	before  listState = iota // the next byte begins a document
	within                   // the next byte lies in the list
	after                    // behind the list, in the rest of the page
	foreign                  // it is no document of this kind
)

// startOfList returns how many bytes lie before the first record of a list, and whether
// it lies in a page; -1: there is none.
func startOfList(start []byte) (skip int, page bool) {
	s := jsonscan.Scanner{Text: start}
	switch s.Kind() {
	case '[':
		s.At++
		if s.Kind() == '{' {
			return s.At, false
		}
	case '{':
		s.Enter()
		for name, more := s.Member(); more; name, more = s.Member() {
			switch string(name) {
			case "results":
				if s.Kind() == '[' {
					return s.At + 1, true
				}
				return -1, false
			case "next", "previous", "count":
				s.Value()
			default:
				return -1, false
			}
		}
	}
	return -1, false
}

// unlisted returns what reads records of lists as lines, or in itself if it begins
// with none.
func unlisted(in *bufio.Reader) *bufio.Reader {
	start, _ := in.Peek(ReadAhead)
	if skip, _ := startOfList(start); skip < 0 {
		return in
	}
	return bufio.NewReaderSize(&list{in: in}, ReadAhead)
}

// Read reads lines.
func (l *list) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if l.state == foreign {
			more, err := l.in.Read(p[n:])
			return n + more, err
		}
		if l.state == before {
			l.begin()
			continue
		}
		b, err := l.in.ReadByte()
		if err == io.EOF && l.state == within {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, err
		}
		if b = l.step(b); b != 0 {
			p[n] = b
			n++
		}
	}
	return n, nil
}

// begin steps to the first record of the next document.
func (l *list) begin() {
	start, _ := l.in.Peek(ReadAhead)
	skip, page := startOfList(start)
	l.state, l.page, l.depth = within, page, 0
	if skip < 0 {
		l.state = foreign
		return
	}
	l.in.Discard(skip)
}

// step takes a byte and returns what it becomes in a line, 0 if nothing.
func (l *list) step(b byte) byte {
	if l.text {
		l.text = l.escape || b != '"'
		l.escape = !l.escape && b == '\\'
		return l.shown(b)
	}
	switch b {
	case '"':
		l.text = true
	case '{', '[':
		l.depth++
	case '}', ']':
		l.depth--
		if l.depth < 0 {
			return l.leave()
		}
	case ',':
		if l.depth == 0 {
			b = '\n'
		}
	case ' ', '\t', '\r', '\n':
		return 0
	}
	return l.shown(b)
}

// shown is a byte of a record, and nothing of one behind the list.
func (l *list) shown(b byte) byte {
	if l.state == after {
		return 0
	}
	return b
}

// leave steps out of the list, or of the page around it.
func (l *list) leave() byte {
	l.depth = 0
	if l.page && l.state == within {
		l.state = after
		return '\n'
	}
	l.state = before
	return '\n'
}
