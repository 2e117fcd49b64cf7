// Package reference writes a JSON Schema as a page for people: a table for each object,
// with the fields in the order of the schema.
//
// To read the package: schema.go (what of a schema is read), markdown.go (the page).
package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// document is a JSON Schema, draft 2020-12, as a whole.
type document struct {
	schema
	Title       string             `json:"title"`
	Definitions map[string]*schema `json:"$defs"`
}

// schema is what a page tells of one value.
type schema struct {
	Description string            `json:"description"`
	Ref         string            `json:"$ref"`
	Enum        []any             `json:"enum"`
	AnyOf       []*schema         `json:"anyOf"`
	Items       *schema           `json:"items"`
	Fields      fields            `json:"properties"`
	Others      others            `json:"additionalProperties"`
	Required    []string          `json:"required"`
	Default     json.RawMessage   `json:"default"`
	Examples    []json.RawMessage `json:"examples"`
	Types       types             `json:"type"`
}

// others are the fields of an object whose names are the user's.
type others struct{ *schema }

// UnmarshalJSON reads a schema; true and false, which are schemas, too, say nothing.
func (o *others) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil
	}
	return json.Unmarshal(text, &o.schema)
}

// field is one property of an object.
type field struct {
	name string
	*schema
}

// fields are properties in the order of the file, which encoding/json does not keep.
type fields []field

// UnmarshalJSON reads an object whose order matters.
func (f *fields) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := field{name: fmt.Sprint(name), schema: new(schema)}
		if err := d.Decode(one.schema); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		*f = append(*f, one)
	}
	return nil
}

// types are the JSON types that a value may have: one, or several.
type types []string

// UnmarshalJSON reads a name or a list of names.
func (t *types) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]string)(t))
	}
	*t = types{""}
	return json.Unmarshal(text, &(*t)[0])
}

// environment is the definition of a value that is taken from the environment; nearly
// every value may be one, so the page says it once.
const environment = "#/$defs/reference"

// value is the schema without the choice of a reference to the environment.
func (s *schema) value() *schema {
	if len(s.AnyOf) == 2 && s.AnyOf[1].Ref == environment {
		return s.AnyOf[0]
	}
	return s
}

// object is the schema of the object that a value is, holds, or may be; nil: none.
func (s *schema) object() *schema {
	if s == nil || len(s.Fields) > 0 {
		return s
	}
	for _, one := range append([]*schema{s.Items, s.Others.schema}, s.AnyOf...) {
		if object := one.object(); object != nil {
			return object
		}
	}
	return nil
}

// kind says in words what a value may be.
func (s *schema) kind() string {
	s = s.value()
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return fmt.Sprintf("[%s](#%s)", name, name)
	case len(s.Enum) > 0:
		return choices(s.Enum)
	case len(s.AnyOf) > 0:
		return alternatives(s.AnyOf)
	case s.Items != nil:
		return "list of " + s.Items.kind()
	}
	return strings.Join(s.Types, " or ")
}

// choices lists the values of which one is to be given.
func choices(all []any) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = fmt.Sprintf("`%v`", one)
	}
	return strings.Join(slices.Compact(words), ", ")
}

// alternatives lists the kinds of which a value may have any, each once.
func alternatives(all []*schema) string {
	var kinds []string
	for _, one := range all {
		kind := one.kind()
		if one.Ref != environment && kind != "" && !strings.Contains(strings.Join(kinds, "\n"), kind) {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, " or ")
}
