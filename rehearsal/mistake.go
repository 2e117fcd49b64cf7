package rehearsal

import (
	"errors"
	"fmt"
)

// Kind is whose mistake it is that a run did not come about.
type Kind int

// The kinds of mistakes.
const (
	Usage    Kind = iota + 1 // what was asked for has no meaning
	Scenario                 // the scenario, or a recording that it names, is wrong
	Refused                  // load may not go there
	Late                     // it was not ready when it should have started; nothing was sent
	Stopped                  // it was stopped before it started; nothing was sent
)

// Mistake is an error that knows its kind. An error of this package that is none, and
// no strict.Errors, is one of the machine: a file or a connection failed.
type Mistake struct {
	Kind Kind
	Err  error
}

func (m *Mistake) Error() string { return m.Err.Error() }

func (m *Mistake) Unwrap() error { return m.Err }

// KindOf returns the kind of an error, 0 if it has none.
func KindOf(err error) Kind {
	var m *Mistake
	if errors.As(err, &m) {
		return m.Kind
	}
	return 0
}

// Misread says which file mistakes are in, if it is not the scenario.
type Misread struct {
	What string // the kind of file
	Err  error
}

func (m *Misread) Error() string { return m.Err.Error() }

func (m *Misread) Unwrap() error { return m.Err }

// usage is a mistake of what was asked for.
func usage(err error) error { return &Mistake{Usage, err} }

// wrongScenario is a mistake of the scenario.
func wrongScenario(err error) error { return &Mistake{Scenario, err} }

// refuse is a permit that does not allow what was asked for.
func refuse(err error) error { return &Mistake{Refused, fmt.Errorf("refused: %w", err)} }
