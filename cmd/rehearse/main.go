// Command rehearse rehearses event-capture traffic before the real thing
// happens. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"rehearse/recording"
)

func main() {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup: then the end of the terminal is no reason to stop
		signal.Notify(interrupts, syscall.SIGHUP)
	}
	code := run(os.Args[1:], env{os.Stdin, os.Stdout, os.Stderr, interrupts})
	if code == exitInterrupted { // A verb may have been left in the middle of reading a copy.
		recording.RemoveCopies()
	}
	os.Exit(code)
}

// env is what the program touches of its surroundings; tests bring their own.
type env struct {
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
	interrupts <-chan os.Signal
}

// deadlines turns interrupts into two contexts: the first one ends soft (start
// nothing new), the second ends hard (give up what is in flight).
func (e env) deadlines(parent context.Context) (soft, hard context.Context, release func()) {
	soft, endSoft := context.WithCancel(parent)
	hard, endHard := context.WithCancel(parent)
	go func() {
		for _, end := range []func(){endSoft, endHard} {
			select {
			case <-e.interrupts:
				end()
			case <-hard.Done():
			}
		}
	}()
	return soft, hard, func() { endSoft(); endHard() }
}

// note prints a line about how it goes.
func (e env) note(line string) { fmt.Fprintln(e.stderr, line) }
