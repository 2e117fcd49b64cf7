package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decoder walks the node tree of one file and gathers every mistake in it. A
// reader that fails has reported why and returns a zero value: the scenario is
// thrown away in the end, so that nobody meets the zero.
type decoder struct {
	file    string
	dir     string // what relative paths in the file are relative to
	lookup  func(string) (string, bool)
	given   map[string]field // every known field of the file, by path
	secrets secrets
	errors  Errors

	references []reference // to the environment
	series     []string    // files of rates
	plain      bool        // there are no references any more: what looks like one is text
	tree       tree
}

// value is one node of the file and the path that leads to it.
type value struct {
	d    *decoder
	node *yaml.Node
	path string
}

// field is a name in a mapping and what it is given.
type field struct{ key, value value }

// fields are the names that a mapping may have and what reads each.
type fields map[string]func(value)

// override is what errors name as the file of a value that no file holds.
const override = "--set"

// fail reports a mistake at the value.
func (v value) fail(what, hint string) {
	file := v.d.file
	if v.node.Line == 0 {
		file = override
	}
	v.d.errors = append(v.d.errors, Error{file, v.node.Line, v.node.Column, v.path, what, hint})
}

// at returns a node further down the path.
func (v value) at(node *yaml.Node, step string) value {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if v.path != "" && !strings.HasPrefix(step, "[") {
		step = "." + step
	}
	return value{v.d, node, v.path + step}
}

// kind names what was found where something else was expected.
func (v value) kind() string {
	switch {
	case v.node.Kind == yaml.MappingNode:
		return "a mapping"
	case v.node.Kind == yaml.SequenceNode:
		return "a list"
	case v.node.Kind != yaml.ScalarNode:
		return "nothing"
	}
	switch v.node.Tag {
	case tagNull:
		return "nothing"
	case tagBool:
		return "true or false"
	case tagInt, tagFloat:
		return "a number"
	case tagText, tagTime:
		return "text"
	}
	return "a tag of its own"
}

// object reads a mapping whose fields are known. It tells whether that went
// without a mistake, so that what the fields mean together can be judged. Fields
// that a later version will know are refused in other words than those that
// nobody knows.
func (v value) object(known fields, later ...string) bool {
	before := len(v.d.errors)
	v.entries(func(key value, name string, entry value) {
		read, ok := known[name]
		switch {
		case ok:
			v.d.given[entry.path] = field{key, entry}
			read(entry)
		case slices.Contains(later, name):
			key.fail("not available in this version", "")
		case name == "<<":
			key.fail("merge keys are not read here", "write the fields out")
		default:
			key.fail("unknown field", suggest(name, slices.Sorted(maps.Keys(known))))
		}
	})
	return len(v.d.errors) == before
}

// entries calls read for every entry of a mapping, in the order of the file. A
// name that comes twice is a mistake.
func (v value) entries(read func(key value, name string, entry value)) {
	if v.node.Kind != yaml.MappingNode {
		hint := ""
		if v.node.Tag == tagNull {
			hint = "{} is a mapping without fields"
		}
		v.fail("expected a mapping of fields, found "+v.kind(), hint)
		return
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		node := v.node.Content[i]
		if node.Kind != yaml.ScalarNode {
			v.at(node, "?").fail("the name of a field must be text", "")
			continue
		}
		key := v.at(node, node.Value)
		if line, twice := lines[node.Value]; twice {
			key.fail(fmt.Sprintf("given twice, first in line %d", line), "")
			continue
		}
		lines[node.Value] = node.Line
		read(key, node.Value, v.at(v.node.Content[i+1], node.Value))
	}
}

// list reads a sequence. Anything else is a mistake.
func (v value) list() []value {
	if v.node.Kind != yaml.SequenceNode {
		v.fail("expected a list, found "+v.kind(), "a list is [one, two], or one a line after a dash")
		return nil
	}
	items := make([]value, len(v.node.Content))
	for i, node := range v.node.Content {
		items[i] = v.at(node, fmt.Sprintf("[%d]", i))
	}
	return items
}

// require reports the fields of a mapping that are missing.
func (v value) require(names ...string) bool {
	complete := true
	for _, name := range names {
		absent := v.at(v.node, name)
		if v.node.Kind == yaml.MappingNode && !v.d.has(absent.path) {
			absent.fail("missing", "")
			complete = false
		}
	}
	return complete
}

// has tells whether the file gives a field.
func (d *decoder) has(path string) bool {
	_, ok := d.given[path]
	return ok
}

// fail reports a mistake about a field that the file may not give: its place is
// then that of the nearest field around it.
func (d *decoder) fail(path, what, hint string) {
	around := path
	for !d.has(around) && around != "" {
		around = around[:max(strings.LastIndexByte(around, '.'), 0)]
	}
	f := d.given[around]
	if around != path && f.value.node.Kind != yaml.MappingNode {
		return // That it is no mapping has been told.
	}
	f.key.path = path
	f.key.fail(what, hint)
}
