package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// plain is a writer of text that may hold what a stranger wrote: names of files, of
// fields, of events. What could command a terminal or turn the reading direction is
// written as JSON would write it, so that JSON means what it did. Only the colours of
// a check pass.
type plain struct{ to io.Writer }

// Write writes p, and tells of p's bytes.
func (w plain) Write(p []byte) (int, error) {
	if !bytes.ContainsFunc(p, commands) {
		return w.to.Write(p)
	}
	if _, err := w.to.Write(escaped(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// commands tells whether a rune may do more than stand there.
func commands(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// colour is how a check colours its words, and stops.
var colour = regexp.MustCompile(`^\x1b\[(1;3[0-7]|0)m`)

// escaped is p without commands.
func escaped(p []byte) []byte {
	out := make([]byte, 0, len(p)+16)
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		switch {
		case r == '\x1b' && colour.Match(p):
			size = len(colour.Find(p))
			out = append(out, p[:size]...)
		case r == '\r' && bytes.HasPrefix(p, []byte("\r\n")):
			out = append(out, '\r')
		case commands(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, p[:size]...)
		}
		p = p[size:]
	}
	return out
}

// terminal is what out writes to if it is a terminal.
func terminal(out io.Writer) (*os.File, bool) {
	if p, ok := out.(plain); ok {
		out = p.to
	}
	f, ok := out.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// columns is how many columns there are to write to: those of a terminal that
// tells, and as many as anybody wants elsewhere.
func columns(out io.Writer) int {
	if f, ok := terminal(out); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return unbounded
}

// unbounded is more columns than any text takes.
const unbounded = 1000
