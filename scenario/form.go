package scenario

import (
	"maps"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Form is a file of answers: a mapping of names to texts that remembers where
// each stands. What the texts mean, whoever asked knows.
type Form struct {
	d     *decoder
	texts map[string]string
}

// ReadForm reads a form that may have fields of the given names; file is what
// errors call it. A field is a scalar, or lists its lines, or maps the first
// column of its lines to the second; one that is left empty has no text. It may
// have come back by email: quoted, with lines that lost their blanks. The
// environment is not looked at. The error is of type Errors.
func ReadForm(file string, text []byte, names []string) (*Form, error) {
	root, wrong := parseTree(unmailed(text, names))
	if wrong != nil {
		wrong.File = file
		return nil, Errors{*wrong}
	}
	f := &Form{&decoder{file: file, given: make(map[string]field)}, make(map[string]string)}
	known := fields{}
	for _, name := range names {
		known[name] = func(v value) { f.texts[name] = v.lines() }
	}
	value{d: f.d, node: root}.object(known)
	if len(f.d.errors) > 0 {
		return nil, f.d.errors.sorted()
	}
	return f, nil
}

// Texts returns the fields that have a text, by name.
func (f *Form) Texts() map[string]string {
	texts := maps.Clone(f.texts)
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// Mistakes returns errors at the places of the named fields, in the order of the
// file. A field that the file does not give has no place.
func (f *Form) Mistakes(all []FormMistake) Errors {
	var errors Errors
	for _, m := range all {
		e := Error{File: f.d.file, Path: m.Field, What: m.What, Hint: m.Hint}
		if at, ok := f.d.given[m.Field]; ok {
			e.Line, e.Col = at.value.node.Line, at.value.node.Column
		}
		errors = append(errors, e)
	}
	return errors.sorted()
}

// FormMistake is what is wrong with a field of a form.
type FormMistake struct{ Field, What, Hint string }

// lines returns what a field of a form says, one line an item or entry.
func (v value) lines() string {
	var lines []string
	switch v.node.Kind {
	case yaml.MappingNode:
		v.entries(func(_ value, name string, entry value) { lines = append(lines, name+"\t"+entry.cell()) })
	case yaml.SequenceNode:
		for _, item := range v.list() {
			lines = append(lines, item.cell())
		}
	default:
		return v.cell()
	}
	return strings.Join(lines, "\n")
}

// cell returns the text of a scalar, whatever it looks like to YAML.
func (v value) cell() string {
	switch {
	case v.node.Kind != yaml.ScalarNode:
		v.fail("expected text, found "+v.kind(), "one answer a line")
	case v.node.Tag == tagNull:
	default:
		return strings.TrimSpace(v.node.Value)
	}
	return ""
}
