package scenario

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"rehearse/internal/units"
	"rehearse/scenario/strict"
)

// resolvedFormat names the layout of a resolved scenario.
const resolvedFormat = "rehearse/resolved/v1"

// Resolved is a scenario as a run used it: overrides and environment applied,
// secrets taken out, and the files that it was read from with their checksums. What
// the run sent can be made again from it, without a flag that was given then.
type Resolved struct {
	Format     string      `yaml:"format"`
	Path       string      `yaml:"file"`            // of the scenario file, absolute
	Dir        string      `yaml:"directory"`       // that paths in it are relative to, absolute
	SHA256     string      `yaml:"scenario_sha256"` // fingerprint of the file and the overrides
	FileSHA256 string      `yaml:"file_sha256"`     // of the file alone
	Secrets    []SecretRef `yaml:"secrets"`
	Files      []FileSum   `yaml:"files"` // recordings and series, in the order in which they are read
	Tree       yaml.Node   `yaml:"scenario"`
}

// SecretRef stands for a secret of a scenario.
type SecretRef struct {
	Path string `yaml:"path"` // of the field, as in target.token
	// of the environment, that it was taken from; empty: it stood in the file or in a flag
	Variable    string `yaml:"variable,omitempty"`
	Fingerprint string `yaml:"fingerprint"`         // see [strict.Secret.Fingerprint]
	Elsewhere   bool   `yaml:"elsewhere,omitempty"` // other fields hold it, too
}

// Resolved returns the scenario as it is used, with what its recordings hold.
func (s *Scenario) Resolved(recordings []FileSum) ([]byte, error) {
	k := &s.source
	path, err := filepath.Abs(cmp.Or(k.origin, s.File()))
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(k.doc.Dir())
	if err != nil {
		return nil, err
	}
	r := Resolved{
		Format: resolvedFormat, Path: path, Dir: dir, SHA256: k.sum, FileSHA256: k.alone,
		Files: slices.Concat(recordings, s.Load.Series), Tree: *k.doc.Tree(), Secrets: s.secretRefs(),
	}
	for i := range r.Secrets {
		r.Secrets[i].Elsewhere = count(&r.Tree, strict.Placeholder(i), map[*yaml.Node]bool{}) > 1
	}
	return yaml.Dump(&r)
}

// secretRefs stand for the secrets of the scenario.
func (s *Scenario) secretRefs() []SecretRef {
	var refs []SecretRef
	for i, n := range s.source.doc.Secrets() {
		ref := SecretRef{Path: n.Path, Variable: n.Variable, Fingerprint: n.Secret.Fingerprint()}
		if s.source.variables != nil {
			ref.Variable = s.source.variables[i]
		}
		refs = append(refs, ref)
	}
	return refs
}

// count is how many scalars hold a text.
func count(node *yaml.Node, text string, seen map[*yaml.Node]bool) (n int) {
	if node == nil || seen[node] {
		return 0
	}
	seen[node] = true
	if strings.Contains(node.Value, text) {
		n++
	}
	for _, child := range node.Content {
		n += count(child, text, seen)
	}
	return n + count(node.Alias, text, seen)
}

// ErrOtherSecret says that a secret was given that is not the run's.
var ErrOtherSecret = errors.New("what is given is not what the run had")

// ParseResolved reads the text of a resolved scenario; file is its name in errors.
func ParseResolved(file string, text []byte) (*Resolved, error) {
	var r Resolved
	if len(text) > 2*strict.MaxFile {
		return nil, fmt.Errorf("cannot read %s: larger than %s", file, units.FormatBytes(2*strict.MaxFile))
	}
	if err := yaml.Load(text, &r); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	if r.Format != resolvedFormat {
		return nil, fmt.Errorf("cannot read %s: its format is %q, and only %q is known", file, units.Clip(r.Format),
			resolvedFormat)
	}
	return &r, nil
}

// Scenario makes the scenario again. find gives the value of a secret, if it is
// known; one that is not stays out, and is listed in missing. The error is
// ErrOtherSecret if find gives another than the run had.
func (r *Resolved) Scenario(
	file string, find func(*SecretRef) (string, bool),
) (s *Scenario, missing []SecretRef, err error) {
	for i := range r.Secrets {
		ref := &r.Secrets[i]
		value, found := find(ref)
		switch {
		case !found:
			missing = append(missing, *ref)
			continue
		case strict.NewSecret(value).Fingerprint() != ref.Fingerprint:
			return nil, nil, fmt.Errorf("%s: %w: its fingerprint is %s", units.Clip(ref.Path), ErrOtherSecret,
				units.Clip(ref.Fingerprint))
		}
		reveal(&r.Tree, strict.Placeholder(i), value, map[*yaml.Node]bool{})
	}
	doc := strict.OpenTree(file, &r.Tree, strict.Options{Dir: r.Dir, Secret: tokenPath})
	s = read(doc)
	if err := doc.Err(); err != nil {
		return nil, nil, fmt.Errorf("cannot use %s: %w", file, err)
	}
	s.keep(source{doc: doc, sum: r.SHA256, alone: r.FileSHA256, origin: r.Path})
	for _, n := range doc.Secrets() {
		variable := n.Variable
		if k := slices.IndexFunc(r.Secrets, func(was SecretRef) bool { return was.Path == n.Path }); k >= 0 {
			variable = r.Secrets[k].Variable
		}
		s.source.variables = append(s.source.variables, variable)
	}
	return s, missing, nil
}

// Is tells whether the scenario s is used just as this one was: the same file and
// overrides, and the same environment.
func (r *Resolved) Is(s *Scenario) bool {
	was, err := yaml.Dump(strict.Plain(&r.Tree)) // a copy, because it is changed by that
	now, failed := yaml.Dump(s.source.doc.Tree())
	same := func(a, b SecretRef) bool { return a.Path == b.Path && a.Fingerprint == b.Fingerprint }
	return err == nil && failed == nil && r.SHA256 == s.source.sum && bytes.Equal(was, now) &&
		slices.EqualFunc(r.Secrets, s.secretRefs(), same)
}

// Changed returns an error that names the first file which is not what it was; now
// are the files as they are, in their order.
func (r *Resolved) Changed(now []FileSum) error {
	for i, was := range r.Files {
		switch {
		case i >= len(now):
			return fmt.Errorf("%s is missing: the run read it", was.Path)
		case now[i].Path != was.Path:
			return fmt.Errorf("%s is read where the run read %s", now[i].Path, was.Path)
		case now[i] != was:
			return fmt.Errorf("%s is not what the run read: it has %d bytes with SHA-256 %s now, and had %d with %s",
				was.Path,
				now[i].Bytes, now[i].SHA256, was.Bytes, was.SHA256)
		}
	}
	if len(now) > len(r.Files) {
		return fmt.Errorf("%s is read, and the run did not read it", now[len(r.Files)].Path)
	}
	return nil
}

// reveal puts a secret where its placeholder stands.
func reveal(node *yaml.Node, stands, value string, seen map[*yaml.Node]bool) {
	if node == nil || seen[node] {
		return
	}
	seen[node] = true
	node.Value = strings.ReplaceAll(node.Value, stands, value)
	for _, child := range node.Content {
		reveal(child, stands, value, seen)
	}
	reveal(node.Alias, stands, value, seen)
}

// SecretAt returns the secret that the scenario has at a path, as in target.token.
func (s *Scenario) SecretAt(path string) (secret strict.Secret, known bool) {
	for _, n := range s.source.doc.Secrets() {
		if n.Path == path {
			return n.Secret, true
		}
	}
	return strict.Secret{}, false
}

// Restored tells whether the scenario was made again from a resolved one. A permit
// binds none of these: it binds the file.
func (s *Scenario) Restored() bool { return s.source.origin != "" }
