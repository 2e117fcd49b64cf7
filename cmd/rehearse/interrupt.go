package main

import (
	"errors"

	"github.com/spf13/cobra"
)

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
