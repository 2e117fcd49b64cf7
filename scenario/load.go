package scenario

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"rehearse/internal/units"
)

// MaxFile is how large a scenario file may be, in bytes.
const MaxFile = 1 << 20

// Options are what a scenario file is read with, besides its text.
type Options struct {
	// LookupEnv answers ${NAME}. Nil: the environment is empty.
	LookupEnv func(string) (string, bool)
	// Set are overrides of the form a.b=c, applied in order before the file is
	// judged. The value is YAML; null takes the field away.
	Set []string
	// Dir is the directory that paths in the file are relative to. Empty: the
	// working directory.
	Dir string
}

// Load reads a scenario file with the environment of the process. Its error is
// of type Errors and tells every mistake of the file.
func Load(path string) (*Scenario, error) {
	return LoadWith(path, Options{LookupEnv: os.LookupEnv})
}

// LoadWith reads a scenario file. Where no directory is given, paths in the file
// are relative to the file.
func LoadWith(path string, opts Options) (*Scenario, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, Errors{{File: path, What: "cannot read the scenario: " + cause(err).Error()}}
	}
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(path)
	}
	return Parse(path, text, opts)
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, MaxFile+1))
}

// Parse reads the text of a scenario file; file is its name in errors. The error
// is of type Errors. Files that the scenario names are looked for, and a rate
// series is read; recordings are not opened.
func Parse(file string, text []byte, opts Options) (*Scenario, error) {
	root, wrong := parseTree(text)
	if wrong != nil {
		wrong.File = file
		return nil, Errors{*wrong}
	}
	d := newDecoder(file, opts)
	token := tokenNode(root)
	for _, o := range opts.Set {
		d.applyOverride(root, o)
	}
	return d.read(root, token, func() source { return d.newSource(text, token, opts.Set) })
}

// parseNode reads a tree in which nothing refers to the environment.
func parseNode(root *yaml.Node, file string, opts Options) (*Scenario, error) {
	d := newDecoder(file, opts)
	d.plain = true
	return d.read(root, nil, func() source { return source{file: file, places: d.places(), dir: opts.Dir} })
}

// newDecoder returns a decoder that has read nothing.
func newDecoder(file string, opts Options) *decoder {
	d := &decoder{file: file, dir: opts.Dir, lookup: opts.LookupEnv, given: make(map[string]field)}
	if d.lookup == nil {
		d.lookup = func(string) (string, bool) { return "", false }
	}
	return d
}

// read reads a tree into a scenario. token is the node that gave the token before
// there were overrides.
func (d *decoder) read(root, token *yaml.Node, kept func() source) (*Scenario, error) {
	d.secrets = secretsOf(d.lookup, token, tokenNode(root))
	s := readScenario(value{d: d, node: root})
	d.check(s)
	s.source = kept()
	if len(d.errors) > 0 {
		d.secrets.strikeErrors(d.errors)
		return nil, d.errors.sorted()
	}
	s.source.tree = d.tree
	s.source.tree.root, s.source.tree.others = root, d.secrets
	return s, nil
}

// parseTree reads the text into its nodes.
func parseTree(text []byte) (*yaml.Node, *Error) {
	if len(text) > MaxFile {
		return nil, &Error{What: fmt.Sprintf("larger than %s", units.FormatBytes(MaxFile))}
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
