package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteMarkdown writes a page that describes every field of a JSON Schema. It fails if
// text is none.
func WriteMarkdown(w io.Writer, text []byte) error {
	var root document
	if err := json.Unmarshal(text, &root); err != nil {
		return fmt.Errorf("cannot read the schema: %w", err)
	}
	var p page
	p.printf("# %s\n\n%s\n\nEach table has the fields of one object.", root.Title, root.Description)
	if root.Definitions["reference"] != nil {
		p.printf(" Nearly every value may be a [reference](#reference) to the environment.")
	}
	p.printf("\n")
	p.object("", "Fields", &root.schema)
	p.definitions(root.Definitions)
	_, err := w.Write(p.Bytes())
	return err
}

// page is the text so far.
type page struct{ bytes.Buffer }

func (p *page) printf(format string, a ...any) { fmt.Fprintf(p, format, a...) }

// object writes the table of an object's fields, and then the tables of the objects that
// they hold. path leads to the object: empty, or ending in a dot.
func (p *page) object(path, title string, s *schema) {
	p.printf("\n## %s\n\n| field | value | default | meaning |\n|---|---|---|---|\n", title)
	for _, f := range s.Fields {
		name := "`" + f.name + "`"
		if slices.Contains(s.Required, f.name) {
			name += " (required)"
		}
		p.printf("| %s | %s | %s | %s |\n", name, cell(kindOf(path, f)), code(f.Default), cell(f.meaning()))
	}
	for _, f := range s.Fields {
		if below := f.value().object(); below != nil {
			p.object(path+f.name+".", path+f.name, below)
		}
	}
}

// kindOf says what a field takes, with a link to the fields of an object.
func kindOf(path string, f field) string {
	kind := f.kind()
	if f.value().object() == nil {
		return kind
	}
	link := strings.ToLower(strings.ReplaceAll(path+f.name, ".", ""))
	return strings.Replace(kind, "object", fmt.Sprintf("[object](#%s)", link), 1)
}

// meaning is the description, and an example.
func (s *schema) meaning() string {
	if len(s.Examples) == 0 {
		return s.Description
	}
	return strings.TrimSpace(s.Description + " As in " + code(s.Examples[0]) + ".")
}

// definitions writes what the kinds of values are.
func (p *page) definitions(all map[string]*schema) {
	if len(all) > 0 {
		p.printf("\n## Values\n")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		p.printf("\n### %s\n\n%s\n", name, s.meaning())
	}
}

// code writes JSON as it may stand in a YAML file.
func code(text json.RawMessage) string {
	if len(text) == 0 {
		return ""
	}
	var word string
	if json.Unmarshal(text, &word) == nil {
		if word == "" {
			return "empty"
		}
		return "`" + cell(word) + "`"
	}
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return ""
	}
	return "`" + cell(b.String()) + "`"
}

// cell makes text fit into a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
}
