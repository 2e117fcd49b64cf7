package recording

import (
	"unicode/utf8"

	"rehearse/scenario"
)

// A decoder reads one line of one format into an event that was reset. What it
// puts there may alias the line.
type decoder interface {
	decode(line []byte, number int64, e *Event) Reason
}

// newDecoder returns the decoder of a format.
func newDecoder(format scenario.Format, f *scenario.Fields) decoder {
	switch format {
	case scenario.FormatPostHog:
		return postHog{}
	case scenario.FormatMixpanel:
		return mixpanel{}
	case scenario.FormatAmplitude:
		return amplitude{}
	case scenario.FormatSegment:
		return segment{}
	}
	return mapped{f}
}

// decode reads a line with d and judges the event. Records that Airbyte wrapped
// are unwrapped first.
func decode(d decoder, wrapped bool, line []byte, number int64, e *Event) Reason {
	e.reset()
	switch {
	case len(line) == 0 || line[0] != '{':
		return NotJSON
	case !utf8.Valid(line):
		return NotUTF8
	case wrapped:
		if line = unwrap(line); line == nil {
			return NotJSON
		}
	}
	if reason := d.decode(line, number, e); reason != "" {
		return reason
	}
	return e.judge()
}

// unwrap returns the record that Airbyte put into {"stream": …, "data": record},
// nil if there is none.
func unwrap(line []byte) (record []byte) {
	s := scanner{text: line}
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		if value := s.value(); string(name) == "data" && isObject(value) {
			record = value
		}
	}
	if !s.sound() {
		return nil
	}
	return record
}
