package generator

import (
	"errors"
	"io"
)

// Recorded tells whether a source sends recorded requests, byte for byte: with the
// tokens, paths and sizes that they were recorded with.
func Recorded(s Source) bool {
	switch s := s.(type) {
	case *requestReplay:
		return true
	case *spooled:
		return Recorded(s.replay)
	case *rest:
		return Recorded(s.replay)
	case *shardSource:
		return Recorded(s.Source)
	}
	return false
}

// Largest deals out a source to its end and returns how many events its largest
// request has.
func Largest(s Source) (events int64, err error) {
	for b := newBatch(); ; {
		b.reset()
		if err := s.Next(b); errors.Is(err, io.EOF) {
			return events, nil
		} else if err != nil {
			return events, err
		}
		events = max(events, b.Events)
	}
}
