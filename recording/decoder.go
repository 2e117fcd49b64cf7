package recording

import (
	"bytes"
	"unicode/utf8"

	"rehearse/capture/serdejson"
	"rehearse/scenario"
)

// A decoder reads one line of one format into an event that was reset. What it
// puts there may alias the line. The seed stands for the place of the line.
type decoder interface {
	decode(l line, seed int64, e *Event) Reason
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

// line is a line of a recording, or a row as one.
type line struct {
	text    []byte
	members []spot // those of the object that it is, if they are known; nil: they are not
}

// scan begins to read the object that a line is.
func (l line) scan() scanner { return scanner{text: l.text, members: l.members} }

// isUTF8 reports whether the text is UTF-8. That of members that are known was written here.
func (l line) isUTF8() bool { return l.members != nil || utf8.Valid(l.text) }

// decode reads a line with d and judges the event.
func decode(d decoder, l line, seed int64, e *Event) Reason {
	e.reset()
	if !l.isUTF8() {
		return NotUTF8
	}
	if reason := d.decode(l, seed, e); reason != "" {
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

func (a airbyte) decode(l line, seed int64, e *Event) Reason {
	record := unwrap(l)
	if record == nil {
		return NotJSON
	}
	return a.inner.decode(line{text: record}, seed, e)
}

// unwrap returns the record that Airbyte put into {"stream": …, "data": record},
// nil if there is none.
func unwrap(l line) (record []byte) {
	s := l.scan()
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

// unsound returns why a text is not sound: it is no JSON object, or one that the
// service cannot read.
func unsound(s *scanner) Reason {
	if text := bytes.TrimLeft(s.text, " \t\r\n"); len(text) > 0 && text[0] == '{' && serdejson.Passes(text) {
		return Unreadable
	}
	return NotJSON
}
