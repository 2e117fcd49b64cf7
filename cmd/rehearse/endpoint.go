package main

import (
	"fmt"

	"rehearse/results"
)

// write leaves what the embedded endpoint has counted in the run directory, as
// it answers it under /_rehearse/stats. Another endpoint, a nil e, is not ours
// to ask.
func (e *embedded) write(directory string) error {
	if e == nil {
		return nil
	}
	if err := keepJSON(directory, results.EndpointFile, e.server.Stats()); err != nil {
		return fmt.Errorf("cannot write what the endpoint counted: %w", err)
	}
	return nil
}
