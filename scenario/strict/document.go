package strict

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"rehearse/internal/units"
)

// MaxFile is how large a document may be, in bytes.
const MaxFile = 1 << 20

// Options are what a document is read with, besides its text.
type Options struct {
	// LookupEnv answers ${NAME}. Nil: the environment is empty.
	LookupEnv func(string) (string, bool)
	// Set are overrides of the form a.b=c, applied in order before anything is read.
	// The value is YAML; null takes the field away.
	Set []string
	// Dir is the directory that paths in the document are relative to. Empty: the
	// working directory.
	Dir string
	// Secret is the path of the scalar that no copy of the document holds, as in
	// target.token. Empty: there is none.
	Secret string

	within string // what stands before paths in mistakes, as in "background."; empty: it is no part of another
}

// Document is a YAML document and what was found in it. It is for one goroutine until
// all is read, and does not change afterwards.
type Document struct {
	file string
	opts Options
	text []byte
	root *yaml.Node
	own  *yaml.Node // the secret as the text has it, before overrides; nil: none

	given    map[string]field // every known field of the document, by path
	errors   Errors
	resolved bool                  // there are no references any more: what looks like one is text
	expanded map[*yaml.Node]string // scalars with references, and what they stand for
	refs     []Reference           // in the order in which they were read
	noted    []Noted               // secrets in the order in which they were read
	hidden   secrets               // that must not be told either
}

// Reference is a value that refers to the environment, and what it stands for.
type Reference struct{ Path, Value string }

// field is a name in a mapping and what it is given.
type field struct{ key, value Value }

// ReadFile reads a file of at most MaxFile bytes; what names it in the error, which is
// of type Errors.
func ReadFile(path, what string) ([]byte, error) {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(file, MaxFile+1)); err == nil {
			return text, nil
		}
	}
	return nil, Errors{{File: path, What: "cannot read " + what + ": " + Cause(err).Error()}}
}

// Cause drops the path from an error of the file system: what reports it has
// named the file as the document does.
func Cause(err error) error {
	var broken *fs.PathError
	if errors.As(err, &broken) {
		return broken.Err
	}
	return err
}

// Open parses a document and applies overrides; file is its name in errors. The error
// is of type Errors. Mistakes of overrides are told by Err.
func Open(file string, text []byte, opts Options) (*Document, error) {
	root, wrong := parse(text)
	if wrong != nil {
		wrong.File = file
		return nil, Errors{*wrong}
	}
	d := newDocument(file, root, opts)
	d.text, d.own = text, d.scalarAt(opts.Secret)
	for _, o := range opts.Set {
		d.override(o)
	}
	d.hidden = secretsOf(d.lookup, d.own, d.scalarAt(opts.Secret))
	return d, nil
}

// OpenTree makes a document of a tree in which nothing refers to the environment, as
// [Document.Tree] returns it.
func OpenTree(file string, root *yaml.Node, opts Options) *Document {
	d := newDocument(file, root, opts)
	d.resolved, d.hidden = true, secretsOf(d.lookup, d.scalarAt(opts.Secret))
	return d
}

func newDocument(file string, root *yaml.Node, opts Options) *Document {
	d := &Document{file: file, opts: opts, root: root, given: make(map[string]field)}
	d.given[""] = field{d.Root(), d.Root()}
	return d
}

// Root returns the whole document.
func (d *Document) Root() Value { return Value{d: d, node: d.root} }

// Err returns every mistake found so far, of type Errors and without secrets, or nil.
func (d *Document) Err() error {
	if len(d.errors) == 0 {
		return nil
	}
	d.hidden.strikeErrors(d.errors)
	return d.errors.Sorted()
}

// References returns what the values that were read take from the environment.
func (d *Document) References() []Reference { return d.refs }

func (d *Document) lookup(name string) (string, bool) {
	if d.opts.LookupEnv == nil {
		return "", false
	}
	return d.opts.LookupEnv(name)
}

// File returns the name of the document as it was given.
func (d *Document) File() string { return d.file }

// Dir returns the directory that paths in the document are relative to.
func (d *Document) Dir() string { return d.opts.Dir }

// Resolve returns a path that the document gives as seen from here.
func (d *Document) Resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.opts.Dir, path)
}

// Has tells whether the document, or an override, gives a field.
func (d *Document) Has(path string) bool {
	_, ok := d.given[path]
	return ok
}

// Value returns a known field that the document gives; the root has no path.
func (d *Document) Value(path string) (v Value, given bool) {
	f, given := d.given[path]
	return f.value, given
}

// around is the nearest field that the document gives to one that it may not give.
func (d *Document) around(path string) string {
	for !d.Has(path) && path != "" {
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return path
}

// Where returns the place of a field, such as load.profile, as file:line:col;
// where the document does not give it, that of the nearest field around it. The place
// of an override is --set.
func (d *Document) Where(path string) string {
	f := d.given[d.around(path)]
	if f.value.node.Line == 0 {
		return override
	}
	return fmt.Sprintf("%s:%d:%d", d.file, f.key.node.Line, f.key.node.Column)
}

// Fail reports a mistake about a field that the document may not give: its place is
// then that of the nearest field around it.
func (d *Document) Fail(path, what, hint string) {
	around := d.around(path)
	f := d.given[around]
	if around != path && !f.value.IsMapping() {
		return // That it is no mapping has been told.
	}
	f.key.path = path
	f.key.Fail(what, hint)
}

// Refuse reports those of the fields that the document gives.
func (d *Document) Refuse(what, hint string, paths ...string) {
	for _, path := range paths {
		if d.Has(path) {
			d.Fail(path, what, hint)
		}
	}
}

// Mistakes is how many were found so far.
func (d *Document) Mistakes() int { return len(d.errors) }

// parse reads the text into its nodes.
func parse(text []byte) (*yaml.Node, *Error) {
	if len(text) > MaxFile {
		return nil, &Error{What: "larger than " + units.FormatBytes(MaxFile)}
	}
	var document yaml.Node
	err := yaml.Load(text, &document)
	var syntax *yaml.LoadError
	switch {
	case err == nil && len(document.Content) == 1:
		return document.Content[0], nil
	case errors.As(err, &syntax) && syntax.Mark.Line > 0:
		return nil, syntaxError(text, syntax)
	}
	return nil, &Error{What: "expected one YAML document, a mapping of fields"}
}

// syntaxError says what is wrong with the YAML, in fewer words than the parser.
func syntaxError(text []byte, e *yaml.LoadError) *Error {
	what := e.Message
	if e.Stage == yaml.ComposerStage {
		what, _, _ = strings.Cut(what, " '") // The name of an anchor may be a token.
	}
	if e.ContextMsg != "" {
		what += " " + e.ContextMsg
	}
	mark := e.Mark
	if e.ContextMark.Line > 0 && strings.Contains(what, "end of stream") {
		mark = e.ContextMark // What was left open, rather than the end of the file.
	}
	wrong := &Error{Line: mark.Line, Col: mark.Column, What: "not YAML: " + what}
	lines := strings.Split(string(text), "\n")
	switch line := lines[min(mark.Line, len(lines))-1]; {
	case strings.Contains(line, "\t"):
		wrong.Hint = "indent with spaces, not with tabs"
	case strings.Contains(line, opening):
		wrong.Hint = "inside { } and [ ] a reference such as ${NAME} must stand in quotes"
	}
	return wrong
}
