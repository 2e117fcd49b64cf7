package recording

import "rehearse/scenario"

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
