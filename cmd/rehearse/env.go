package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// env is what the program touches of its surroundings; tests bring their own.
type env struct {
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
	interrupts <-chan os.Signal
}

// sendingEnds is what the first interrupt comes to where load is sent.
const sendingEnds = "interrupted: nothing new is sent, waiting for what is in flight (Ctrl-C again stops at once)"

// deadlines turns interrupts into two contexts: the first one ends soft (start
// nothing new), the second ends hard (give up what is in flight). told hears of each at
// once, in a sentence, of the first in the one that is given; nil: none does.
func (e env) deadlines(parent context.Context, first string, told func(string)) (soft, hard context.Context,
	release func()) {
	soft, endSoft := context.WithCancel(parent)
	hard, endHard := context.WithCancel(parent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, one := range []struct {
			end  func()
			said string
		}{
			{endSoft, first},
			{endHard, "interrupted again: stopping at once"},
		} {
			select {
			case <-e.interrupts:
				one.end()
				if told != nil {
					told(one.said)
				}
			case <-hard.Done():
			}
		}
	}()
	return soft, hard, func() { endSoft(); endHard(); <-ended }
}

// note prints a line about how it goes.
func (e env) note(line string) { fmt.Fprintln(e.stderr, line) }

// errSignal says why a verb did not finish.
var errSignal = exitError{exitInterrupted, errors.New("stopped by a signal")}

// stoppable lets an interrupt end a verb that has nothing to bring to its end first,
// and all verbs below it. What it has begun to write may be cut off.
func stoppable(e env, c *cobra.Command) *cobra.Command {
	if work := c.RunE; work != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			_, err := unlessStopped(e, func() (struct{}, error) { return struct{}{}, work(c, args) })
			return err
		}
	}
	for _, below := range c.Commands() {
		stoppable(e, below)
	}
	return c
}

// unlessStopped waits for work, or for an interrupt: then work is left behind, and
// the error is errSignal.
func unlessStopped[T any](e env, work func() (T, error)) (T, error) {
	type done struct {
		value T
		err   error
	}
	ended := make(chan done, 1)
	go func() {
		value, err := work()
		ended <- done{value, err}
	}()
	select {
	case d := <-ended:
		return d.value, d.err
	case <-e.interrupts:
		var nothing T
		return nothing, errSignal
	}
}

// plain is a writer of text that may hold what a stranger wrote: names of files, of
// fields, of events. What could command a terminal or turn the reading direction is
// written as JSON would write it, so that JSON means what it did. Only the colours of
// a check pass.
type plain struct {
	to   io.Writer
	lock *sync.Mutex // of what else writes there; nil: nothing does
}

// Write writes p, and tells of p's bytes.
func (w plain) Write(p []byte) (int, error) {
	if w.lock != nil {
		w.lock.Lock()
		defer w.lock.Unlock()
	}
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

// isTerminal tells whether a file is one.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

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

// writeFile writes a file through write.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, err)
	}
	err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, err)
	}
	return nil
}

// writeJSON writes a value as JSON, indented.
func writeJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
