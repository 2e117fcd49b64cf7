package format

import (
	"bytes"
	"unicode/utf8"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// A decoder reads one line of one format into an event that was reset. What it
// puts there may alias the line. The seed stands for the place of the line.
type Decoder interface {
	decode(l Line, seed int64, e *event.Event) event.Reason
}

// newDecoder returns the decoder of what a part holds.
func NewDecoder(s Shape, f *scenario.Fields, c *event.Clock) Decoder {
	var d Decoder
	switch s.Format {
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
		if d = new(accessLog); s.W3C != nil {
			d = s.W3C
		}
	default:
		d = newMapped(f, c)
	}
	if s.wrapped {
		return airbyte{d}
	}
	return d
}

// line is a line of a recording, or a row as one.
type Line struct {
	Text    []byte
	Members []jsonscan.Spot // those of the object that it is, if they are known; nil: they are not
}

// scan begins to read the object that a line is.
func (l Line) Scan() jsonscan.Scanner { return jsonscan.Scanner{Text: l.Text, Members: l.Members} }

// isUTF8 reports whether the text is UTF-8. That of members that are known was written here.
func (l Line) isUTF8() bool { return l.Members != nil || utf8.Valid(l.Text) }

// decode reads a line with d and judges the event.
func Decode(d Decoder, l Line, seed int64, e *event.Event) event.Reason {
	e.Reset()
	if !l.isUTF8() {
		return event.NotUTF8
	}
	if reason := d.decode(l, seed, e); reason != "" {
		return reason
	}
	return e.Judge()
}

// decodeRow does that with a row of a table.
func decodeRow(m *Mapped, t *table, line []byte, seed int64, e *event.Event) event.Reason {
	e.Reset()
	if !utf8.Valid(line) {
		return event.NotUTF8
	}
	if reason := m.decodeRow(t, line, seed, e); reason != "" {
		return reason
	}
	return e.Judge()
}

// airbyte reads records that Airbyte wrapped.
type airbyte struct{ inner Decoder }

func (a airbyte) decode(l Line, seed int64, e *event.Event) event.Reason {
	record := unwrap(l)
	if record == nil {
		return event.NotJSON
	}
	return a.inner.decode(Line{Text: record}, seed, e)
}

// unwrap returns the record that Airbyte put into {"stream": …, "data": record},
// nil if there is none.
func unwrap(l Line) (record []byte) {
	s := l.Scan()
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		if value := s.Value(); string(name) == "data" && jsonscan.IsObject(value) {
			record = value
		}
	}
	if !s.Sound() {
		return nil
	}
	return record
}

// unsound returns why a text is not sound: it is no JSON object, or one that the
// service cannot read.
func unsound(s *jsonscan.Scanner) event.Reason {
	if text := bytes.TrimLeft(s.Text, " \t\r\n"); len(text) > 0 && text[0] == '{' && serdejson.Passes(text) {
		return event.Unreadable
	}
	return event.NotJSON
}
