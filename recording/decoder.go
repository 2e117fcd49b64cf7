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

// newDecoder returns the decoder of what a part holds.
func newDecoder(s shape, f *scenario.Fields) decoder {
	var d decoder
	switch s.format {
	case scenario.FormatPostHog:
		d = postHog{}
	case scenario.FormatMixpanel:
		d = mixpanel{}
	case scenario.FormatAmplitude:
		d = amplitude{}
	case scenario.FormatSegment:
		d = segment{}
	case scenario.FormatSnowplow:
		d = &snowplow{}
	case scenario.FormatAccessLog:
		d = accessLog{}
	default:
		d = newMapped(f)
	}
	if s.wrapped {
		return airbyte{d}
	}
	return d
}

// decode reads a line with d and judges the event.
func decode(d decoder, line []byte, number int64, e *Event) Reason {
	e.reset()
	if !utf8.Valid(line) {
		return NotUTF8
	}
	if reason := d.decode(line, number, e); reason != "" {
		return reason
	}
	return e.judge()
}

// airbyte reads records that Airbyte wrapped.
type airbyte struct{ inner decoder }

func (a airbyte) decode(line []byte, number int64, e *Event) Reason {
	if line = unwrap(line); line == nil {
		return NotJSON
	}
	return a.inner.decode(line, number, e)
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
