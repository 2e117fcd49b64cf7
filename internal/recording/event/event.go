package event

import (
	"bytes"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/internal/jsonscan"
)

// Event is one recorded event, whatever format it came in. Its slices alias the
// buffers of the reader and are good until the next event is read.
type Event struct {
	Name       []byte // unescaped
	DistinctID []byte // unescaped
	Time       time.Time
	UUID       capture.UUID
	Properties []byte // a valid JSON object
	Place      Place
	Ahead      bool // its clock was found to be ahead: it belongs where it stands

	When     []byte // the time as it was recorded
	Former   []byte // another id of the same person, where the line tells one and no event says so
	OwnID    bool   // the line had no distinct_id: it got one of its own
	name, id []byte // buffers behind the above

	properties []byte
}

// Place is where something was recorded.
type Place struct {
	File string
	Line int64 // or row, or request; from 1
}

func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// reset empties e and keeps its buffers.
func (e *Event) Reset() {
	*e = Event{name: e.name[:0], id: e.id[:0], properties: e.properties[:0], Former: e.Former[:0]}
}

// copy makes e a copy of other that owns its text.
func (e *Event) Copy(other *Event) {
	e.name = append(e.name[:0], other.Name...)
	e.id = append(e.id[:0], other.DistinctID...)
	e.properties = append(e.properties[:0], other.Properties...)
	e.Name, e.DistinctID, e.Properties = e.name, e.id, e.properties
	e.Time, e.UUID, e.Place, e.Ahead = other.Time, other.UUID, other.Place, other.Ahead
}

// setName makes the text of a JSON value the name.
func (e *Event) SetName(value []byte) { e.Name, e.name = jsonscan.TextOf(value, e.name) }

// rename makes a text the name.
func (e *Event) Rename(name string) {
	e.name = append(e.name[:0], name...)
	e.Name = e.name
}

// setID makes the text of a JSON value the distinct_id.
func (e *Event) SetID(value []byte) { e.DistinctID, e.id = jsonscan.TextOf(value, e.id) }

// ownIDIfNone gives an event without a distinct_id one of its own: its uuid.
func (e *Event) OwnIDIfNone() {
	if e.OwnID = len(e.DistinctID) == 0; e.OwnID {
		e.id = capture.AppendUUID(e.id[:0], e.UUID)
		e.DistinctID = e.id
	}
}

// setPlainName makes a text the name.
func (e *Event) SetPlainName(text []byte) {
	e.name = append(e.name[:0], text...)
	e.Name = e.name
}

// setPlainID makes a text the distinct_id.
func (e *Event) SetPlainID(text []byte) {
	e.id = append(e.id[:0], text...)
	e.DistinctID = e.id
}

// setTime makes a recorded time, a JSON value or a text, the time.
func (e *Event) SetTime(c *Clock, value []byte) {
	e.When = value
	if t, ok := c.Value(value); ok {
		e.Time = t
	}
}

// open begins properties that are put together from several places.
func (e *Event) Open() { e.properties = append(e.properties[:0], '{') }

// put adds a property. The name is as JSON writes it, without quotes.
func (e *Event) Put(name, value []byte) {
	e.properties = appendMember(e.properties, name, value)
}

// putCell adds a property whose value is a cell of a table; an empty one is left
// out.
func (e *Event) PutCell(name string, cell []byte) {
	if len(cell) == 0 {
		return
	}
	e.properties = appendName(e.properties, name)
	e.properties = appendCell(e.properties, cell)
}

// appendCell appends a cell as a JSON value.
func appendCell(dst, cell []byte) []byte {
	if b := cell[0]; b == '{' || b == '-' || b-'0' <= 9 {
		s := jsonscan.Scanner{Text: cell}
		if s.Value(); s.Sound() && b != ' ' {
			return append(dst, cell...)
		}
	}
	return capture.AppendString(dst, cell)
}

// putNamed adds a property whose name is written as the beginning of a member, and whose
// value is a cell that is not empty.
func (e *Event) PutNamed(name, cell []byte) {
	if len(e.properties) > 1 {
		e.properties = append(e.properties, ',')
	}
	e.properties = appendCell(append(e.properties, name...), cell)
}

// putString adds a property that is a text, whatever it says.
func (e *Event) PutString(name string, text []byte) {
	e.properties = appendName(e.properties, name)
	e.properties = capture.AppendString(e.properties, text)
}

// putText adds a property that is a text; an empty one, or a dash, which is how
// access logs write that there is none, is left out.
func (e *Event) PutText(name string, text []byte) {
	if len(text) == 0 || string(text) == "-" {
		return
	}
	e.PutString(name, text)
}

// putObject adds a property that is an object of what put puts into it, if that is
// anything.
func (e *Event) PutObject(name string, put func()) {
	start := len(e.properties)
	e.properties = append(appendName(e.properties, name), '{')
	empty := len(e.properties)
	put()
	if len(e.properties) == empty {
		e.properties = e.properties[:start]
		return
	}
	e.properties = append(e.properties, '}')
}

// putAll adds the members of an object that is valid, if that is what object is.
func (e *Event) PutAll(object []byte) {
	if !jsonscan.IsObject(object) {
		return
	}
	e.PutRun(bytes.TrimSpace(object[1 : len(object)-1]))
}

// putRun adds members as they are written one after the other.
func (e *Event) PutRun(members []byte) {
	if len(members) == 0 {
		return
	}
	if e.properties[len(e.properties)-1] != '{' {
		e.properties = append(e.properties, ',')
	}
	e.properties = append(e.properties, members...)
}

// close ends properties that open began.
func (e *Event) Close() {
	e.properties = append(e.properties, '}')
	e.Properties = e.properties
}

// appendMember appends a member to an object that lacks its end.
func appendMember(dst, name, value []byte) []byte {
	return append(appendName(dst, name), value...)
}

// appendName appends the name of a member to an object that lacks its end.
func appendName[T []byte | string](dst []byte, name T) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), name...), `":`...)
}

// identify gives e the recorded identifier if that is a UUID. Otherwise one is
// derived from the recorded identifier, or from the line and its place, so that
// the same recording always gives the same UUIDs and what is sent twice can be
// told (version 8 of RFC 9562, section 5.8). The seed stands for the place.
func (e *Event) Identify(value, line []byte, seed int64) {
	switch {
	case jsonscan.IsEmpty(value):
		e.IdentifyText(nil, line, seed)
	case value[0] == '"':
		e.IdentifyText(value[1:len(value)-1], line, seed)
	default:
		e.UUID = Derive(xxh3.Hash128(value))
	}
}

// identifyText does that with an identifier that is a text.
func (e *Event) IdentifyText(text, line []byte, seed int64) {
	if u, ok := ParseUUID(text); ok {
		e.UUID = u
		return
	}
	if len(text) == 0 {
		e.UUID = Derive(xxh3.Hash128Seed(line, uint64(seed)))
		return
	}
	e.UUID = Derive(xxh3.Hash128(text))
}

// parseUUID reads a UUID, and does not ask about texts too short to be one: an
// error costs more than the line.
func ParseUUID(text []byte) (capture.UUID, bool) {
	if len(text) < 32 {
		return capture.UUID{}, false
	}
	u, err := capture.ParseUUID(text)
	return u, err == nil
}

// derive makes a UUID of version 8 from a hash.
func Derive(h xxh3.Uint128) capture.UUID {
	return capture.UUID(h.Bytes()).WithVersion(8)
}

// Again returns the UUID of a recorded event when a loop sends it for the n-th
// time, counted from 0: its own the first time, and a new one after that, so that
// the pipeline does not take it for a duplicate.
func Again(u capture.UUID, n int64) capture.UUID {
	if n == 0 {
		return u
	}
	return Derive(xxh3.Hash128Seed(u[:], uint64(n)))
}
