package scenario

import (
	"os"
	"path/filepath"

	"rehearse/scenario/strict"
)

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
// of type [strict.Errors] and tells every mistake of the file.
func Load(path string) (*Scenario, error) {
	return LoadWith(path, Options{LookupEnv: os.LookupEnv})
}

// LoadWith reads a scenario file. Where no directory is given, paths in the file
// are relative to the file.
func LoadWith(path string, opts Options) (*Scenario, error) {
	text, err := strict.ReadFile(path, "the scenario")
	if err != nil {
		return nil, err
	}
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(path)
	}
	return Parse(path, text, opts)
}

// Parse reads the text of a scenario file; file is its name in errors. The error
// is of type [strict.Errors]. Files that the scenario names are looked for, and a rate
// series is read; recordings are not opened.
func Parse(file string, text []byte, opts Options) (*Scenario, error) {
	doc, err := strict.Open(file, text, strict.Options{
		LookupEnv: opts.LookupEnv, Set: opts.Set, Dir: opts.Dir, Secret: tokenPath,
	})
	if err != nil {
		return nil, err
	}
	s := read(doc)
	s.source = newSource(doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// tokenPath is where a scenario gives the token that no copy of it holds.
const tokenPath = "target.token"

// read reads a document and judges what its sections mean together.
func read(doc *strict.Document) *Scenario {
	s := readScenario(doc.Root())
	check(doc, s)
	return s
}
