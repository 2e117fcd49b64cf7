package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"rehearse/scenario/strict"
)

// WriteForm writes the questions as plain text, for an email, in the words for who. Filled in behind
// the colons, the text is a file of answers.
func WriteForm(out io.Writer, who Audience) error {
	var b strings.Builder
	b.WriteString(`# Before you send us a load, please answer these questions. Write after the colon;
# for | fields, indent the following lines by two spaces. Leave empty what you do not
# know; we will come back to it. Put an answer in 'quotes' if it has a colon and a blank
# in it. Lines that begin with # are comments.
`)
	for i, q := range Questions() {
		fmt.Fprintf(&b, "\n# %d. %s\n", i+1, q.For(who).Text)
		for line := range strings.Lines(q.explain()) {
			b.WriteString("#    " + line)
		}
		fmt.Fprintf(&b, "\n%s\n", q.blank())
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteMarkdown writes the questions for a ticket, in the words for who, and below them what is to be
// filled in.
func WriteMarkdown(out io.Writer, who Audience) error {
	var b, form strings.Builder
	b.WriteString("# Before you send us a load\n\nLeave empty what you do not know; we will come back to it.\n\n")
	for i, q := range Questions() {
		fmt.Fprintf(&b, "%d. **%s** (`%s`)  \n   Why: %s.  \n   Answer: %s.", i+1, q.For(who).Text, q.Key, q.Why, q.How)
		if q.Lines {
			fmt.Fprintf(&b, " For example:\n\n   ```\n   %s\n   ```\n", strings.ReplaceAll(q.Example, "\n", "\n   "))
		} else {
			fmt.Fprintf(&b, " For example: `%s`\n", q.Example)
		}
		form.WriteString(q.blank() + "\n")
	}
	fmt.Fprintf(&b, "\n```yaml\n%s```\n", form.String())
	_, err := io.WriteString(out, b.String())
	return err
}

// blank is where the answer to a question is filled in.
func (q Question) blank() string {
	if q.Lines {
		return q.Key + ": |\n  "
	}
	return q.Key + ":"
}

// Form is a file of answers: a mapping of names to texts that remembers where
// each stands. What the texts mean is known where they are asked.
type Form struct {
	doc   *strict.Document
	texts map[string]string
}

// ReadForm reads a form that may have fields of the given names; file is what
// errors call it. A field is a scalar, or lists its lines, or maps the first
// column of its lines to the second; one that is left empty has no text. The
// environment is not looked at. The error is of type [strict.Errors].
func ReadForm(file string, text []byte, names []string) (*Form, error) {
	if quoted := bytes.Index(append([]byte("\n"), text...), []byte("\n>")); quoted >= 0 {
		return nil, strict.Errors{{
			File: file, Line: bytes.Count(text[:quoted], []byte("\n")) + 1, Col: 1,
			What: "begins with >, as in the answer to an email", Hint: "take the > off every line",
		}}
	}
	doc, err := strict.Open(file, text, strict.Options{})
	if err != nil {
		return nil, hinted(err)
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

// hinted says how answers are written that YAML takes for something else.
func hinted(err error) error {
	var all strict.Errors
	if !errors.As(err, &all) || all[0].Line == 0 || all[0].Hint != "" {
		return err
	}
	all[0].Hint = `an answer with ": " in it, or one of %@&*!, before it, stands in quotes; ` +
		"lines below | are indented by two blanks, the first by no more"
	return all
}

// Texts returns the fields that have a text, by name.
func (f *Form) Texts() map[string]string {
	texts := maps.Clone(f.texts)
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// Mistakes returns errors at the places of the fields that are to blame, in the order of
// the file. A field that the file does not give has no place.
func (f *Form) Mistakes(all Mistakes) strict.Errors {
	var wrong strict.Errors
	for _, m := range all {
		e := strict.Error{File: f.doc.File(), Path: m.Keys[0], What: m.What, Hint: m.Hint}
		if v, given := f.doc.Value(m.Keys[0]); given {
			e = v.Error(m.What, m.Hint)
		}
		wrong = append(wrong, e)
	}
	return wrong.Sorted()
}

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
