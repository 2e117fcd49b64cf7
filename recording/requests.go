package recording

import (
	"io"

	"rehearse/scenario"
)

// Requests reads the lines of recorded requests, file after file.
type Requests struct {
	// Bad, if set, is told of every line that LeaveOut is called for.
	Bad func(Bad) error

	replay *scenario.Replay
	parts  []part
	stream *stream
	text   []byte
	counts Counts
}

// OpenRequests prepares to read the recordings of r.
func OpenRequests(r *scenario.Replay) (*Requests, error) {
	parts, err := partsOf(r.Paths)
	if err != nil {
		return nil, err
	}
	return &Requests{replay: r, parts: parts}, nil
}

// Next returns the next line; it is good until the next call. io.EOF follows the
// last one.
func (r *Requests) Next() ([]byte, error) {
	for {
		if r.stream == nil {
			if len(r.parts) == 0 {
				return nil, r.counts.exceeds(r.replay.MaxBad, true)
			}
			r.stream = &stream{part: r.parts[0]}
			r.parts = r.parts[1:]
			if err := r.stream.lines.open(r.stream.part); err != nil {
				return nil, err
			}
		}
		line, err := r.stream.line()
		if err == io.EOF {
			r.stream.close()
			r.stream = nil
			continue
		}
		if err == nil {
			r.counts.Lines++
		}
		r.text = line
		return line, err
	}
}

// LeaveOut counts the line that Next returned last as one that is not sent.
func (r *Requests) LeaveOut(reason Reason) error {
	b := Bad{r.stream.part.String(), r.stream.lines.number, reason, r.text}
	r.counts.leaveOut(&b)
	if reason.Chosen() || r.Bad == nil {
		return nil
	}
	return r.Bad(b)
}

// Counts returns what was read so far.
func (r *Requests) Counts() *Counts { return &r.counts }

// Close closes what is open.
func (r *Requests) Close() error {
	if r.stream != nil {
		r.stream.close()
	}
	r.stream, r.parts = nil, nil
	return nil
}
