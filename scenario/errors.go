package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxErrors is how many mistakes of one file are told.
const maxErrors = 100

// Error is one mistake in a scenario.
type Error struct {
	File string // as it was given, or --set for an override
	Line int    // from 1; 0: the mistake has no place in the file
	Col  int    // from 1, in characters
	Path string // as in load.stages[2].to; empty: the file as a whole
	What string // what is wrong
	Hint string // what to do about it; may be empty
}

// Error returns file:line:col: path: what (hint), without the parts that are empty.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.What)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Errors are all mistakes of a scenario, in the order of the file; those of
// overrides come first.
type Errors []Error

// Error returns one line a mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders the mistakes and cuts them off where nobody reads on.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if len(e) <= maxErrors {
		return e
	}
	last := e[maxErrors-1]
	more := Error{File: last.File, Line: last.Line, Col: last.Col, What: fmt.Sprintf("%d more mistakes", len(e)-maxErrors)}
	return append(e[:maxErrors:maxErrors], more)
}
