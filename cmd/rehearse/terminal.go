package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is out if it is a terminal.
func terminal(out io.Writer) (*os.File, bool) {
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
