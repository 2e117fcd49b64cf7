package recording

import (
	"unicode/utf8"

	"rehearse/scenario"
)

// A decoder reads one line of one format into an event that was reset. What it
// puts there may alias the line. The seed stands for the place of the line.
type decoder interface {
	decode(line []byte, seed int64, e *Event) Reason
}

// newDecoder returns the decoder of what a part holds.
func newDecoder(s shape, f *scenario.Fields, c *clock) decoder {
	var d decoder
	switch s.format {
	case scenario.FormatPostHog:
		d = postHog{c}
	case scenario.FormatMixpanel:
		d = mixpanel{c}
	case scenario.FormatAmplitude:
		d = amplitude{c}
	case scenario.FormatSegment:
		d = segment{c}
	case scenario.FormatSnowplow:
		d = &snowplow{clock: c}
	case scenario.FormatAccessLog:
		d = accessLog{}
	default:
		d = newMapped(f, c)
	}
	if s.wrapped {
		return airbyte{d}
	}
	return d
}

// decode reads a line with d and judges the event.
func decode(d decoder, line []byte, seed int64, e *Event) Reason {
	e.reset()
	if !utf8.Valid(line) {
		return NotUTF8
	}
	if reason := d.decode(line, seed, e); reason != "" {
		return reason
	}
	return e.judge()
}

// decodeRow does that with a row of a table.
func decodeRow(m *mapped, t *table, line []byte, seed int64, e *Event) Reason {
	e.reset()
	if !utf8.Valid(line) {
		return NotUTF8
	}
	if reason := m.decodeRow(t, line, seed, e); reason != "" {
		return reason
	}
	return e.judge()
}

// airbyte reads records that Airbyte wrapped.
type airbyte struct{ inner decoder }

func (a airbyte) decode(line []byte, seed int64, e *Event) Reason {
	if line = unwrap(line); line == nil {
		return NotJSON
	}
	return a.inner.decode(line, seed, e)
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
