package intake

import (
	"maps"
	"strings"

	"rehearse/scenario/strict"
)

// Form is a file of answers: a mapping of names to texts that remembers where
// each stands. What the texts mean, whoever asked knows.
type Form struct {
	doc   *strict.Document
	texts map[string]string
}

// ReadForm reads a form that may have fields of the given names; file is what
// errors call it. A field is a scalar, or lists its lines, or maps the first
// column of its lines to the second; one that is left empty has no text. It may
// have come back by email: quoted, with lines that lost their blanks. The
// environment is not looked at. The error is of type Errors.
func ReadForm(file string, text []byte, names []string) (*Form, error) {
	doc, err := strict.Open(file, unmailed(text, names), strict.Options{})
	if err != nil {
		return nil, err
	}
	f := &Form{doc, make(map[string]string)}
	known := strict.Fields{}
	for _, name := range names {
		known[name] = func(v strict.Value) { f.texts[name] = readField(v) }
	}
	doc.Root().Object(known)
	if err := doc.Err(); err != nil {
		return nil, err
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
func (f *Form) Mistakes(all []FormMistake) strict.Errors {
	var errors strict.Errors
	for _, m := range all {
		e := strict.Error{File: f.doc.File(), Path: m.Field, What: m.What, Hint: m.Hint}
		if v, given := f.doc.Value(m.Field); given {
			e = v.Error(m.What, m.Hint)
		}
		errors = append(errors, e)
	}
	return errors.Sorted()
}

// FormMistake is what is wrong with a field of a form.
type FormMistake struct{ Field, What, Hint string }

// readField returns what a field of a form says, one line an item or entry.
func readField(v strict.Value) string {
	var lines []string
	switch {
	case v.IsMapping():
		v.Entries(func(_ strict.Value, name string, entry strict.Value) {
			lines = append(lines, name+"\t"+readCell(entry))
		})
	case v.IsList():
		for _, item := range v.List() {
			lines = append(lines, readCell(item))
		}
	default:
		return readCell(v)
	}
	return strings.Join(lines, "\n")
}

// readCell returns the text of a scalar, whatever it looks like to YAML.
func readCell(v strict.Value) string {
	if v.IsScalar() && v.Tag() == strict.Null {
		return ""
	}
	return strings.TrimSpace(v.Cell("one answer a line"))
}
