package recording

import (
	"bytes"
	"strings"

	"rehearse/scenario"
)

// mapped reads lines of any JSON through a mapping of their members.
type mapped struct {
	properties string    // the path to them
	routes     []route   // to the other parts
	begin      [256]bool // whether a mapped member begins with this byte
}

// route is a way to a part of the event: through a member, or to it.
type route struct {
	member string
	inside string // the path from there; empty: the member is the part
	part   eventPart
}

// eventPart is what a path leads to.
type eventPart int

const (
	toName eventPart = iota
	toID
	toTime
	toUUID
)

// newMapped prepares to read through a mapping.
func newMapped(f *scenario.Fields) *mapped {
	m := &mapped{properties: f.Properties}
	for part, path := range [...]string{toName: f.Event, toID: f.DistinctID, toTime: f.Timestamp, toUUID: f.UUID} {
		m.lead(path, eventPart(part))
	}
	if f.Properties != "" {
		m.begin[f.Properties[0]] = true
	}
	return m
}

// lead adds the ways that a path may mean: the name of a member may have dots itself.
func (m *mapped) lead(path string, to eventPart) {
	for end := 1; end <= len(path); end++ {
		if end < len(path) && path[end] != '.' {
			continue
		}
		m.routes = append(m.routes, route{path[:end], strings.TrimPrefix(path[end:], "."), to})
		m.begin[path[0]] = true
	}
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
			if string(name) == m.properties && isObject(value) {
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
	} else if strings.IndexByte(m.properties, '.') > 0 {
		if at, found := descend(line, m.properties); found && isObject(at) {
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
func (m *mapped) take(name, value []byte, e *Event, uuid *[]byte) (whole bool) {
	for i := range m.routes {
		r := &m.routes[i]
		if len(r.member) != len(name) || r.member != string(name) {
			continue
		}
		at, found := value, true
		if r.inside == "" {
			whole = true
		} else {
			at, found = descend(value, r.inside)
		}
		if found {
			e.setPart(r.part, at, uuid)
		}
	}
	return whole
}

// setPart makes a value a part of the event.
func (e *Event) setPart(part eventPart, value []byte, uuid *[]byte) {
	switch part {
	case toName:
		e.setName(value)
	case toID:
		e.setID(value)
	case toTime:
		e.Time, _ = ParseTime(value)
	case toUUID:
		*uuid = value
	}
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
