package strict

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// override is what errors name as the file of a value that no file holds.
const override = "--set"

// override sets one field, given as path=value, in the tree of the document. The
// value is YAML; null takes the field away. Mappings on the way are made where
// they are missing.
func (d *Document) override(text string) {
	path, value, found := strings.Cut(text, "=")
	if !found {
		// The text is not told: it may be a value, and that a secret.
		d.errors = append(d.errors, Error{File: override, What: "expected a path and a value",
			Hint: "as in traffic.seed=7"})
		return
	}
	node, err := parseOverride(value)
	switch {
	case err != nil:
	case strings.HasPrefix(d.opts.Secret, path+"."):
		// Notes of overrides are kept, and this one would hold the secret.
		err = errors.New("cannot be set as a whole")
	default:
		err = setNode(d.root, strings.Split(path, "."), node)
	}
	if err != nil {
		d.errors = append(d.errors, Error{File: override, Path: path, What: err.Error()})
	}
}

// parseOverride reads a value. Its nodes have no place in a file.
func parseOverride(text string) (*yaml.Node, error) {
	var document yaml.Node
	if strings.TrimSpace(text) == "" {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: string(Text)}, nil
	}
	if err := yaml.Load([]byte(text), &document); err != nil || len(document.Content) != 1 {
		return nil, errors.New("cannot read the value as YAML")
	}
	unplace(document.Content[0])
	return document.Content[0], nil
}

func unplace(node *yaml.Node) {
	node.Line, node.Column = 0, 0
	for _, child := range node.Content {
		unplace(child)
	}
}

// setNode puts a node under a path of names.
func setNode(mapping *yaml.Node, path []string, node *yaml.Node) error {
	if mapping.Kind != yaml.MappingNode {
		return errors.New("only fields of mappings can be set")
	}
	at := entryAt(mapping, path[0])
	missing := at == len(mapping.Content)
	remove := len(path) == 1 && node.Tag == string(Null)
	switch {
	case missing && remove:
		return nil
	case missing:
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: string(Text), Value: path[0]}
		mapping.Content = append(mapping.Content, key, &yaml.Node{Kind: yaml.MappingNode})
	case remove:
		mapping.Content = slices.Delete(mapping.Content, at, at+2)
		return nil
	}
	if len(path) == 1 {
		mapping.Content[at+1] = node
		return nil
	}
	next := mapping.Content[at+1]
	if next.Kind == yaml.AliasNode {
		// Other uses of the anchor keep what they had.
		next = &yaml.Node{Kind: next.Alias.Kind, Tag: next.Alias.Tag, Content: slices.Clone(next.Alias.Content)}
		mapping.Content[at+1] = next
	}
	return setNode(next, path[1:], node)
}

// entryAt returns the index of a key in the content of a mapping, or the length.
func entryAt(mapping *yaml.Node, name string) int {
	for at := 0; at < len(mapping.Content); at += 2 {
		if mapping.Content[at].Value == name {
			return at
		}
	}
	return len(mapping.Content)
}
