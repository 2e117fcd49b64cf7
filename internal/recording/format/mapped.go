package format

import (
	"bytes"
	"strings"

	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// mapped reads lines of any JSON, and the rows of tables, through a mapping of their
// members or columns.
type Mapped struct {
	fields *scenario.Fields
	clock  *event.Clock
	routes []route
	begin  [256]bool // whether a mapped member begins with this byte

	found  []found // for each path, in the line that is read
	spans  []span  // members that are as a whole what a path leads to
	joined []byte
	buffer []byte
}

// route is a way to a part of the event: through a member, or to it.
type route struct {
	member string
	inside string // the path from there; empty: the member is what is looked for
	path   int    // which of the paths it is
}

// found is what a path led to.
type found struct {
	value []byte
	plain bool // it is a text, not JSON
}

// span is where a member stands in a line, from its name to the end of its value.
type span struct {
	from, to, path int
	used           bool // it is a part of the event, or says nothing
}

// eventPart is a part of an event that paths lead to.
type eventPart int

const (
	toName eventPart = iota
	toID
	toTime
	toUUID
	allParts
)

// newMapped prepares to read through a mapping.
func newMapped(f *scenario.Fields, c *event.Clock) *Mapped {
	m := &Mapped{fields: f, clock: c}
	paths := 0
	for part := range allParts {
		for _, path := range m.source(part).Members {
			m.lead(path, paths)
			paths++
		}
	}
	m.found = make([]found, paths)
	if f.Properties != "" {
		m.begin[f.Properties[0]] = true
	}
	return m
}

// source is where a part comes from.
func (m *Mapped) source(part eventPart) *scenario.Source {
	switch part {
	case toName:
		return &m.fields.Event
	case toID:
		return &m.fields.DistinctID
	case toTime:
		return &m.fields.Timestamp
	}
	return &m.fields.UUID
}

// lead adds the ways that a path may mean: the name of a member may have dots itself.
func (m *Mapped) lead(path string, index int) {
	for end := 1; end <= len(path); end++ {
		if end < len(path) && path[end] != '.' {
			continue
		}
		m.routes = append(m.routes, route{path[:end], strings.TrimPrefix(path[end:], "."), index})
		m.begin[path[0]] = true
	}
}

// reset forgets the line before.
func (m *Mapped) reset() {
	clear(m.found)
	m.spans = m.spans[:0]
}

// decode makes the mapped members the parts of the event. The properties are the
// object in the mapped member, or else every member that is no part.
func (m *Mapped) decode(l Line, seed int64, e *event.Event) event.Reason {
	m.reset()
	s := l.Scan()
	var properties []byte
	s.Enter()
	first := s.At
	for name, more := s.Member(); more; name, more = s.Member() {
		start := s.Named
		value := s.Value()
		if len(name) == 0 || !m.begin[name[0]] { // Most members are not mapped: this is all they cost.
			continue
		}
		m.take(name, found{value, false}, span{from: start, to: s.At})
		if string(name) == m.fields.Properties && jsonscan.IsObject(value) {
			properties = value
		}
	}
	if !s.Sound() {
		return unsound(&s)
	}
	uuid := m.assign(e)
	if properties == nil && strings.IndexByte(m.fields.Properties, '.') > 0 {
		if at, ok := descend(l.Text, m.fields.Properties); ok && jsonscan.IsObject(at) {
			properties = at
		}
	}
	if properties != nil {
		e.Properties = properties
	} else {
		m.rest(l.Text, first, e)
	}
	e.Identify(uuid.value, l.Text, seed)
	return ""
}

// take notes what paths lead to one member, or into it.
func (m *Mapped) take(name []byte, f found, at span) {
	for i := range m.routes {
		if r := &m.routes[i]; len(r.member) == len(name) && r.member == string(name) {
			m.follow(r, f, at)
		}
	}
}

// follow notes what a route leads to in the member that it goes through.
func (m *Mapped) follow(r *route, f found, at span) {
	if r.inside == "" {
		m.found[r.path] = f
		at.path = r.path
		m.spans = append(m.spans, at)
	} else if inner, ok := descend(f.value, r.inside); ok {
		m.found[r.path] = found{inner, false}
	}
}

// assign gives the event its parts, and returns its identifier.
func (m *Mapped) assign(e *event.Event) (uuid found) {
	first := 0 // path of the part
	for part := range allParts {
		source := m.source(part)
		f := m.choose(source, first)
		first += len(source.Members)
		switch part {
		case toName:
			e.SetPlainName(m.text(&f))
		case toID:
			e.SetPlainID(m.text(&f))
		case toTime:
			e.SetTime(m.clock, f.value)
		case toUUID:
			uuid = f
		}
	}
	return uuid
}

// choose returns what a source has in this line. Of several paths the first that says
// something counts; the others stay to become properties.
func (m *Mapped) choose(source *scenario.Source, first int) (f found) {
	last, used := first+len(source.Members), -1
	for path := first; path < last && used < 0; path++ {
		if !m.found[path].isEmpty() {
			f, used = m.found[path], path
		}
	}
	if source.Join {
		f = m.join(first, last)
	}
	for i := range m.spans {
		if s := &m.spans[i]; s.path >= first && s.path < last {
			s.used = source.Join || s.path == used || m.found[s.path].isEmpty()
		}
	}
	if source.Constant != "" {
		f = found{append(m.joined[:0], source.Constant...), true}
		m.joined = f.value
	}
	return f
}

// join puts together what some paths lead to.
func (m *Mapped) join(first, last int) found {
	m.joined = m.joined[:0]
	for path := first; path < last; path++ {
		if path > first {
			m.joined = append(m.joined, ' ')
		}
		m.found[path].appendTo(&m.joined)
	}
	return found{m.joined, true}
}

// isEmpty reports whether f says nothing.
func (f *found) isEmpty() bool {
	if f.plain {
		return len(f.value) == 0
	}
	return jsonscan.IsEmpty(f.value)
}

// text is what f says, good until it is asked of another.
func (m *Mapped) text(f *found) []byte {
	if f.plain {
		return f.value
	}
	var text []byte
	text, m.buffer = jsonscan.TextOf(f.value, m.buffer)
	return text
}

// appendTo appends the text of f.
func (f *found) appendTo(dst *[]byte) {
	if f.plain {
		*dst = append(*dst, f.value...)
	} else {
		*dst = jsonscan.AppendText(*dst, f.value)
	}
}

// rest makes properties of a line's members that are no part of the event.
func (m *Mapped) rest(line []byte, from int, e *event.Event) {
	e.Open()
	for i := range m.spans {
		if s := &m.spans[i]; s.used && s.from >= from {
			e.PutRun(trimCommas(line[from:s.from]))
			from = s.to
		}
	}
	e.PutRun(trimCommas(line[from:bytes.LastIndexByte(line, '}')]))
	e.Close()
}

// trimCommas cuts off the commas before and behind some members.
func trimCommas(members []byte) []byte {
	members = bytes.TrimPrefix(bytes.TrimSpace(members), []byte{','})
	return bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(members), []byte{','}))
}

// descend returns the value at a dotted path inside an object that is valid.
func descend(object []byte, path string) ([]byte, bool) {
	if path == "" {
		return nil, false
	}
	s := jsonscan.Scanner{Text: object}
	for name, more := s.First(); more; name, more = s.Member() {
		value := s.Value()
		if string(name) == path {
			return value, true
		}
		if len(path) > len(name) && path[len(name)] == '.' && bytes.HasPrefix([]byte(path), name) {
			return descend(value, path[len(name)+1:])
		}
	}
	return nil, false
}

// decodeRow makes the cells of a row the parts of the event, as decode does with the
// members of a line.
func (m *Mapped) decodeRow(t *table, line []byte, seed int64, e *event.Event) event.Reason {
	m.reset()
	var properties []byte
	for i, cell := range t.cells {
		c := &t.columns[i]
		if len(cell) == 0 {
			continue
		}
		for k := range c.routes {
			m.follow(&c.routes[k], found{cell, true}, span{from: i})
		}
		if c.properties && jsonscan.IsObject(cell) && IsSound(cell) {
			properties = cell
		}
	}
	uuid := m.assign(e)
	e.Properties = properties
	if properties == nil {
		m.restOfRow(t, e)
	}
	if uuid.plain {
		e.IdentifyText(uuid.value, line, seed)
	} else {
		e.Identify(uuid.value, line, seed)
	}
	return ""
}

// restOfRow makes properties of the cells that are no part of the event.
func (m *Mapped) restOfRow(t *table, e *event.Event) {
	e.Open()
	used := m.spans
	for i, cell := range t.cells {
		taken := false
		for len(used) > 0 && used[0].from == i {
			taken, used = taken || used[0].used, used[1:]
		}
		if taken || len(cell) == 0 || t.columns[i].name == "" {
			continue
		}
		e.PutNamed(t.columns[i].json, cell)
	}
	e.Close()
}

// isSound reports whether a text is valid JSON.
func IsSound(text []byte) bool {
	s := jsonscan.Scanner{Text: text}
	s.Value()
	return s.Sound()
}
