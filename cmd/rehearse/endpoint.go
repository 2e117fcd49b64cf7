package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"rehearse/results"
)

// write leaves what the embedded endpoint has counted in the run directory, as
// it answers it under /_rehearse/stats. Another endpoint, a nil e, is not ours
// to ask.
func (e *embedded) write(directory string) error {
	if e == nil {
		return nil
	}
	text, err := json.MarshalIndent(e.server.Stats(), "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, results.EndpointFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot write what the endpoint counted: %w", err)
	}
	return nil
}
