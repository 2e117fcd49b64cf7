package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxErrors is how many mistakes of one file are told.
const maxErrors = 100

// Error is one mistake in a document.
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

// Errors are all mistakes of a document, in the order of the file; those of
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

// Sorted orders the mistakes and cuts them off after as many as are read.
func (e Errors) Sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if len(e) <= maxErrors {
		return e
	}
	last := e[maxErrors-1]
	more := Error{File: last.File, Line: last.Line, Col: last.Col,
		What: fmt.Sprintf("%d more mistakes", len(e)-maxErrors)}
	return append(e[:maxErrors:maxErrors], more)
}

// suggest returns a hint for a word that is not among the known ones: the
// nearest, or all of them.
func suggest(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(strings.ToLower(word), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known here: " + strings.Join(known, ", ")
}

// edits counts the changes of one letter, and the swaps of two neighbours, that
// turn a into b. Long words are not compared: they are not mistyped names.
func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(row[j]+1, next[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
