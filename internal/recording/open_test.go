package recording

import (
	"testing"

	"rehearse/scenario"
)

// Open prepares to read the recordings of r as they are now.
func Open(r *scenario.Replay) (*Reader, error) {
	files, err := Look(r.Paths)
	if err != nil {
		return nil, err
	}
	return files.Open(r)
}

// OpenRequests prepares to read the recordings of r as they are now.
func OpenRequests(r *scenario.Replay) (*Requests, error) {
	files, err := Look(r.Paths)
	return files.OpenRequests(r), err
}

// Detect returns the format of the recordings of r as they are now.
func Detect(r *scenario.Replay) (scenario.Format, error) {
	files, err := Look(r.Paths)
	if err != nil {
		return "", err
	}
	return files.Detect(r)
}

// spooled looks at the recordings of r, copies what has to be copied, and opens them.
func spooled(t testing.TB, r *scenario.Replay) (*Reader, error) {
	t.Helper()
	files, remove, err := Spool(r.Paths)
	if err != nil {
		return nil, err
	}
	t.Cleanup(remove)
	return files.Open(r)
}
