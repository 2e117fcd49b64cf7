package jsonfuzz

import (
	"regexp"
	"strings"
)

// kind tells whether a value is of a type.
type kind func(*node) bool

func text(n *node) bool   { return n.kind == 's' }
func object(n *node) bool { return n.kind == 'o' }
func anything(*node) bool { return true }
func flag(n *node) bool   { return n.kind == 'b' }

func optional(k kind) kind { return func(n *node) bool { return n.kind == 'n' || k(n) } }

func integer(n *node) bool { return n.kind == 'i' && n.int.IsInt64() }

func listOf(k kind) kind {
	return func(n *node) bool {
		if n.kind != 'a' {
			return false
		}
		for _, item := range n.items {
			if !k(item) {
				return false
			}
		}
		return true
	}
}

var uuidForm = regexp.MustCompile(
	`^(?i:[0-9a-f]{32}|(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|` +
		`\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\})$`)

func uuid(n *node) bool        { return text(n) && uuidForm.MatchString(n.text) }
func uuidOrBlank(n *node) bool { return text(n) && (n.text == "" || uuid(n)) }

// field is a member of a struct: the first of its names is its own.
type field struct {
	names    []string
	is       kind
	demanded bool // it may not be missing
	fills    bool // an array in the place of the object may end before it
}

// shape is a struct as serde derives it.
type shape []field

// find returns the field of a name, nil if there is none.
func (s shape) find(name string) *field {
	for i := range s {
		for _, n := range s[i].names {
			if n == name {
				return &s[i]
			}
		}
	}
	return nil
}

// accepts reports whether serde makes the struct of a value.
func (s shape) accepts(n *node) bool {
	got, ok := s.members(n)
	if !ok {
		return false
	}
	for i := range s {
		v, there := got[s[i].names[0]]
		if there && !s[i].is(v) || !there && s[i].demanded && n.kind == 'o' {
			return false
		}
	}
	return true
}

// members returns the values of the fields by their own names; ok is false if one
// comes twice, or if an array has not as many values as it must.
func (s shape) members(n *node) (got map[string]*node, ok bool) {
	got = make(map[string]*node)
	switch n.kind {
	case 'o':
		for i, name := range n.keys {
			f := s.find(name)
			if f == nil {
				continue
			}
			if got[f.names[0]] != nil {
				return nil, false
			}
			got[f.names[0]] = n.values[i]
		}
		return got, true
	case 'a':
		least := len(s)
		for least > 0 && s[least-1].fills {
			least--
		}
		if len(n.items) > len(s) || len(n.items) < least {
			return nil, false
		}
		for i, item := range n.items {
			got[s[i].names[0]] = item
		}
		return got, true
	}
	return nil, false
}

// eventOf returns the shape of an event.
func eventOf(in24, named bool) shape {
	id := uuidOrBlank
	if in24 {
		id = uuid
	}
	s := shape{
		{[]string{"token", "$token", "api_key"}, optional(text), false, false},
		{[]string{"distinct_id", "$distinct_id"}, anything, false, false},
		{[]string{"uuid"}, optional(id), false, false},
		{[]string{"event"}, text, true, false},
		{[]string{"properties"}, object, false, false},
		{[]string{"timestamp"}, optional(text), false, false},
		{[]string{"offset"}, optional(integer), false, false},
		{[]string{"$set"}, optional(object), false, false},
		{[]string{"$set_once"}, optional(object), false, false},
	}
	if !named {
		s = append(s[:3], s[4:]...)
	}
	return s
}

func batchOf(event shape) shape {
	return shape{
		{[]string{"token", "api_key"}, text, true, false},
		{[]string{"historical_migration"}, optional(flag), false, false},
		{[]string{"sent_at"}, optional(text), false, false},
		{[]string{"batch"}, listOf(event.accepts), true, false},
	}
}

// last returns the value of a member in a map, of which the last counts; nil if
// there is none.
func (n *node) last(name string) *node {
	var v *node
	for i, key := range n.keys {
		if key == name {
			v = n.values[i]
		}
	}
	return v
}

// said returns the text of a string; ok is false if n is none.
func said(n *node) (string, bool) {
	if n == nil || n.kind != 's' {
		return "", false
	}
	return n.text, true
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
