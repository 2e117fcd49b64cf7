package recording

import (
	"bytes"
	"strings"

	"rehearse/scenario"
)

// mapped reads lines of any JSON through a mapping of their members.
type mapped struct {
	fields  *scenario.Fields
	begin   [256]bool // whether a mapped path begins with this byte
	nesting bool      // whether the properties lie deeper than in a member
}

// newMapped prepares to read through a mapping.
func newMapped(f *scenario.Fields) *mapped {
	m := &mapped{fields: f, nesting: strings.IndexByte(f.Properties, '.') > 0}
	for _, path := range [...]string{f.Event, f.DistinctID, f.Timestamp, f.UUID, f.Properties} {
		if path != "" {
			m.begin[path[0]] = true
		}
	}
	return m
}

// decode makes the mapped members the parts of the event. The properties are the
// object in the mapped member, or else every member that is mapped to nothing.
func (m *mapped) decode(line []byte, number int64, e *Event) Reason {
	s := scanner{text: line}
	var properties, uuid []byte
	from := -1 // where the members begin that are mapped to nothing and not copied yet
	e.open()
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		start := s.named
		value := s.value()
		mapped := false
		if len(name) > 0 && m.begin[name[0]] { // Most members are not mapped: this is all they cost.
			mapped = m.take(name, value, e, &uuid)
			if string(name) == m.fields.Properties && isObject(value) {
				properties = value
			}
		}
		switch {
		case mapped && from >= 0:
			e.putRun(trimComma(line[from:start]))
			from = -1
		case !mapped && from < 0:
			from = start
		}
	}
	if !s.sound() {
		return NotJSON
	}
	if from >= 0 {
		end := bytes.LastIndexByte(line, '}')
		e.putRun(bytes.TrimSpace(line[from:end]))
	}
	if e.close(); properties != nil {
		e.Properties = properties
	} else if m.nesting {
		if at, found := descend(line, m.fields.Properties); found && isObject(at) {
			e.Properties = at
		}
	}
	e.identify(uuid, line, number)
	return ""
}

// trimComma cuts off the comma behind the last of some members.
func trimComma(members []byte) []byte {
	members = bytes.TrimSpace(members)
	return bytes.TrimSpace(bytes.TrimSuffix(members, []byte{','}))
}

// take looks for the parts of the event in one member, and reports whether the
// member as a whole is one.
func (m *mapped) take(name, value []byte, e *Event, uuid *[]byte) bool {
	f, whole := m.fields, false
	if at, mine := reach(f.Event, name, value, &whole); mine {
		e.setName(at)
	}
	if at, mine := reach(f.DistinctID, name, value, &whole); mine {
		e.setID(at)
	}
	if at, mine := reach(f.Timestamp, name, value, &whole); mine {
		e.Time, _ = ParseTime(at)
	}
	if at, mine := reach(f.UUID, name, value, &whole); mine {
		*uuid = at
	}
	return whole
}

// reach returns what lies at path, if path leads to this member or into it, and
// notes in whole if it is the member itself.
func reach(path string, name, value []byte, whole *bool) ([]byte, bool) {
	if len(path) < len(name) || path[:len(name)] != string(name) || len(name) == 0 {
		return nil, false
	}
	if len(path) == len(name) {
		*whole = true
		return value, true
	}
	if path[len(name)] != '.' {
		return nil, false
	}
	return descend(value, path[len(name)+1:])
}

// descend returns the value at a dotted path inside an object that is valid.
func descend(object []byte, path string) ([]byte, bool) {
	if path == "" {
		return nil, false
	}
	s := scanner{text: object}
	for name, more := s.first(); more; name, more = s.member() {
		value := s.value()
		if string(name) == path {
			return value, true
		}
		if len(path) > len(name) && path[len(name)] == '.' && bytes.HasPrefix([]byte(path), name) {
			return descend(value, path[len(name)+1:])
		}
	}
	return nil, false
}
