package strict

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Part makes a document of a mapping within another. It is read by the names that fields
// have within the mapping, and its mistakes are told with their place and path in the
// whole, to which [Document.Join] gives what was found in reading it.
func (v Value) Part() *Document {
	part := newDocument(v.d.file, ownMappings(v.node), v.d.opts)
	part.opts.Set, part.opts.within, part.resolved = nil, v.d.opts.within+v.path+".", v.d.resolved
	if v.IsMapping() {
		part.hidden = secretsOf(part.lookup, part.scalarAt(part.opts.Secret))
	}
	return part
}

// ownMappings copies the mappings of a tree that are in no list, so that they can be
// added to. What is in them stays.
func ownMappings(node *yaml.Node) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	own := *node
	own.Content = slices.Clone(node.Content)
	for i := 1; i < len(own.Content); i += 2 {
		own.Content[i] = ownMappings(own.Content[i])
	}
	return &own
}

// Default gives a part a scalar, unless it has one at that path: its [Document.Tree]
// then has all that makes it a document of its own.
func (d *Document) Default(path, text string) {
	if !d.Has(path) {
		// What lies on the way may be no mapping: that has been told when it was read.
		_ = setNode(d.root, strings.Split(path, "."), &yaml.Node{Kind: yaml.ScalarNode, Tag: string(Text), Value: text})
	}
}

// Join takes over what was found in reading a part: its mistakes, its references to the
// environment and its secrets.
func (d *Document) Join(part *Document) {
	d.errors = append(d.errors, part.errors...)
	for _, r := range part.refs {
		d.refs = append(d.refs, Reference{part.opts.within + r.Path, r.Value})
	}
	for _, n := range part.noted {
		n.Path = part.opts.within + n.Path
		d.noted = append(d.noted, n)
	}
	if d.expanded == nil {
		d.expanded = map[*yaml.Node]string{}
	}
	maps.Copy(d.expanded, part.expanded)
	d.hidden = append(d.hidden, part.hidden...).longestFirst()
}
