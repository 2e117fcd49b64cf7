package strict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Value is one node of a document and the path that leads to it.
type Value struct {
	d    *Document
	node *yaml.Node
	path string
}

// Fields are the names that a mapping may have and what reads each.
type Fields map[string]func(Value)

// Document returns the document of the value.
func (v Value) Document() *Document { return v.d }

// Error returns a mistake at the value, without reporting it.
func (v Value) Error(what, hint string) Error {
	file := v.d.file
	if v.node.Line == 0 {
		file = override
	}
	path := v.path
	if v.d.opts.within != "" {
		path = strings.TrimSuffix(v.d.opts.within+path, ".")
	}
	return Error{file, v.node.Line, v.node.Column, path, what, hint}
}

// Fail reports a mistake at the value.
func (v Value) Fail(what, hint string) { v.d.errors = append(v.d.errors, v.Error(what, hint)) }

// at returns a node further down the path.
func (v Value) at(node *yaml.Node, step string) Value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if v.path != "" && !strings.HasPrefix(step, "[") {
		step = "." + step
	}
	return Value{v.d, node, v.path + step}
}

// IsSet tells whether there is a value: the zero Value is none.
func (v Value) IsSet() bool { return v.node != nil }

// IsMapping tells whether the value is a mapping.
func (v Value) IsMapping() bool { return v.node.Kind == yaml.MappingNode }

// IsList tells whether the value is a list.
func (v Value) IsList() bool { return v.node.Kind == yaml.SequenceNode }

// IsScalar tells whether the value is a scalar: text, a number, true, false or null.
func (v Value) IsScalar() bool { return v.node.Kind == yaml.ScalarNode }

// found names what was found where something else was expected.
func (v Value) found() string {
	switch {
	case v.IsMapping():
		return "a mapping"
	case v.IsList():
		return "a list"
	case !v.IsScalar():
		return "nothing"
	}
	switch v.Tag() {
	case Null:
		return "nothing"
	case Bool:
		return "true or false"
	case Int, Float:
		return "a number"
	case Text, Time:
		return "text"
	}
	return "a tag of its own"
}

// Object reads a mapping whose fields are known. It tells whether that went
// without a mistake, so that what the fields mean together can be judged.
func (v Value) Object(known Fields) (sound bool) {
	before := v.d.Mistakes()
	v.Entries(func(key Value, name string, entry Value) {
		read, ok := known[name]
		switch {
		case ok:
			v.d.given[entry.path] = field{key, entry}
			read(entry)
		case name == "<<":
			key.Fail("merge keys are not read here", "write the fields out")
		default:
			key.Fail("unknown field", suggest(name, slices.Sorted(maps.Keys(known))))
		}
	})
	return v.d.Mistakes() == before
}

// Entries calls read for every entry of a mapping, in the order of the file. A
// name that comes twice is a mistake.
func (v Value) Entries(read func(key Value, name string, entry Value)) {
	if !v.IsMapping() {
		hint := ""
		if v.Tag() == Null {
			hint = "{} is a mapping without fields"
		}
		v.Fail("expected a mapping of fields, found "+v.found(), hint)
		return
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		node := v.node.Content[i]
		if node.Kind != yaml.ScalarNode {
			v.at(node, "?").Fail("the name of a field must be text", "")
			continue
		}
		key := v.at(node, node.Value)
		if line, twice := lines[node.Value]; twice {
			key.Fail(fmt.Sprintf("given twice, first in line %d", line), "")
			continue
		}
		lines[node.Value] = node.Line
		read(key, node.Value, v.at(v.node.Content[i+1], node.Value))
	}
}

// List reads a sequence. Anything else is a mistake.
func (v Value) List() []Value {
	if !v.IsList() {
		v.Fail("expected a list, found "+v.found(), "a list is [one, two], or one a line after a dash")
		return nil
	}
	items := make([]Value, len(v.node.Content))
	for i, node := range v.node.Content {
		items[i] = v.at(node, fmt.Sprintf("[%d]", i))
	}
	return items
}

// NonEmpty reads a sequence of one item at least; hint says what to put there.
func (v Value) NonEmpty(hint string) []Value {
	items := v.List()
	if items != nil && len(items) == 0 {
		v.Fail("must not be empty", hint)
	}
	return items
}

// Require reports the fields of a mapping that are missing. It tells whether none is.
func (v Value) Require(names ...string) (complete bool) {
	complete = true
	for _, name := range names {
		if v.IsMapping() && !v.Gives(name) {
			v.at(v.node, name).Fail("missing", "")
			complete = false
		}
	}
	return complete
}

// Gives tells whether the document gives a field of the mapping.
func (v Value) Gives(name string) bool { return v.d.Has(v.at(v.node, name).path) }

// FailField reports a mistake about a field of the mapping, at the place of the mapping.
func (v Value) FailField(name, what, hint string) { v.at(v.node, name).Fail(what, hint) }

// FailGiven reports a mistake about a field of the mapping, at the place of the field
// where the document gives it.
func (v Value) FailGiven(name, what, hint string) { v.d.Fail(v.at(v.node, name).path, what, hint) }

// Field returns a known field of the mapping that the document gives.
func (v Value) Field(name string) (entry Value, given bool) {
	return v.d.Value(v.at(v.node, name).path)
}
