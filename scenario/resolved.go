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
)

// ResolvedFormat names the layout of a resolved scenario.
const ResolvedFormat = "rehearse/resolved/v1"

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
	Path        string `yaml:"path"`                // of the field, as in target.token
	Variable    string `yaml:"variable,omitempty"`  // of the environment, that it was taken from; empty: it stood in the file or in a flag
	Fingerprint string `yaml:"fingerprint"`         // see FingerprintOf
	Elsewhere   bool   `yaml:"elsewhere,omitempty"` // other fields hold it, too
	value       string
}

// FileSum identifies what a file held.
type FileSum struct {
	Path   string `yaml:"path"` // absolute; - is standard input
	Bytes  int64  `yaml:"bytes"`
	SHA256 string `yaml:"sha256"`
}

// placeholder stands in a resolved scenario for the secret of that number.
func placeholder(number int) string { return fmt.Sprintf("[redacted:%d]", number+1) }

// Resolved returns the scenario as it is used, with what its recordings hold.
func (s *Scenario) Resolved(recordings []FileSum) ([]byte, error) {
	k := &s.source
	path, err := filepath.Abs(cmp.Or(k.origin, k.file))
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(k.dir)
	if err != nil {
		return nil, err
	}
	r := Resolved{
		Format: ResolvedFormat, Path: path, Dir: dir, SHA256: k.sum, FileSHA256: k.alone,
		Files: append(recordings[:len(recordings):len(recordings)], k.tree.files...),
		Tree:  *k.tree.plain(k.tree.root, map[*yaml.Node]*yaml.Node{}),
	}
	for i, ref := range k.tree.secrets {
		ref.Elsewhere = count(&r.Tree, placeholder(i), map[*yaml.Node]bool{}) > 1
		r.Secrets = append(r.Secrets, ref)
	}
	return yaml.Dump(&r)
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

// tree is what a scenario was read from, and what was found in it.
type tree struct {
	root     *yaml.Node
	expanded map[*yaml.Node]string // scalars with references, and what they stand for
	secrets  []SecretRef           // in the order in which they were read
	others   secrets               // that must not be told either
	files    []FileSum             // that were read to load it
}

// plain returns a copy of a node without references, comments and secrets.
func (t *tree) plain(node *yaml.Node, copied map[*yaml.Node]*yaml.Node) *yaml.Node {
	if known := copied[node]; known != nil || node == nil {
		return known
	}
	plain := &yaml.Node{Kind: node.Kind, Tag: node.Tag, Style: node.Style, Anchor: node.Anchor}
	copied[node] = plain
	text, expanded := t.expanded[node]
	if !expanded {
		text = node.Value
	} else {
		plain.Tag, plain.Style = tagText, yaml.DoubleQuotedStyle
	}
	if plain.Value = t.strike(text); plain.Value != text {
		plain.Style = yaml.DoubleQuotedStyle
	}
	plain.Alias = t.plain(node.Alias, copied)
	for _, child := range node.Content {
		plain.Content = append(plain.Content, t.plain(child, copied))
	}
	return plain
}

// strike puts placeholders for the secrets in a text.
func (t *tree) strike(text string) string {
	for i, s := range t.secrets {
		if text == s.value || len(s.value) >= minSecret {
			text = strings.ReplaceAll(text, s.value, placeholder(i))
		}
	}
	return t.others.strike(text)
}

// ErrOtherSecret says that a secret was given that is not the run's.
var ErrOtherSecret = errors.New("what is given is not what the run had")

// ParseResolved reads the text of a resolved scenario; file is its name in errors.
func ParseResolved(file string, text []byte) (*Resolved, error) {
	var r Resolved
	if len(text) > 2*MaxFile {
		return nil, fmt.Errorf("cannot read %s: larger than %s", file, units.FormatBytes(2*MaxFile))
	}
	if err := yaml.Load(text, &r); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	if r.Format != ResolvedFormat {
		return nil, fmt.Errorf("cannot read %s: its format is %q, and only %q is known", file, units.Clip(r.Format), ResolvedFormat)
	}
	return &r, nil
}

// Scenario makes the scenario again. find gives the value of a secret, if it is
// known; one that is not stays out, and is listed in missing. The error is
// ErrOtherSecret if find gives another than the run had.
func (r *Resolved) Scenario(file string, find func(*SecretRef) (string, bool)) (s *Scenario, missing []SecretRef, err error) {
	for i := range r.Secrets {
		ref := &r.Secrets[i]
		value, found := find(ref)
		switch {
		case !found:
			missing = append(missing, *ref)
			continue
		case FingerprintOf(Secret{value}) != ref.Fingerprint:
			return nil, nil, fmt.Errorf("%s: %w: its fingerprint is %s", units.Clip(ref.Path), ErrOtherSecret, units.Clip(ref.Fingerprint))
		}
		reveal(&r.Tree, placeholder(i), value, map[*yaml.Node]bool{})
	}
	s, err = parseNode(&r.Tree, file, Options{Dir: r.Dir})
	if err != nil {
		return nil, nil, fmt.Errorf("cannot use %s: %w", file, err)
	}
	s.source.sum, s.source.alone, s.source.origin = r.SHA256, r.FileSHA256, r.Path
	for i := range s.source.tree.secrets {
		ref := &s.source.tree.secrets[i]
		if k := slices.IndexFunc(r.Secrets, func(was SecretRef) bool { return was.Path == ref.Path }); k >= 0 {
			ref.Variable = r.Secrets[k].Variable
		}
	}
	return s, missing, nil
}

// Is tells whether the scenario s is used just as this one was: the same file and
// overrides, and the same environment.
func (r *Resolved) Is(s *Scenario) bool {
	was, err := yaml.Dump(new(tree).plain(&r.Tree, map[*yaml.Node]*yaml.Node{})) // a copy, because it is changed by that
	now, failed := yaml.Dump(s.source.tree.plain(s.source.tree.root, map[*yaml.Node]*yaml.Node{}))
	return err == nil && failed == nil && r.SHA256 == s.source.sum && bytes.Equal(was, now) && slices.EqualFunc(r.Secrets, s.source.tree.secrets, func(a, b SecretRef) bool {
		return a.Path == b.Path && a.Fingerprint == b.Fingerprint
	})
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
func (s *Scenario) SecretAt(path string) (Secret, bool) {
	for _, ref := range s.source.tree.secrets {
		if ref.Path == path {
			return Secret{ref.value}, true
		}
	}
	return Secret{}, false
}

// Series identifies the files that were read to load the scenario.
func (s *Scenario) Series() []FileSum { return s.source.tree.files }

// Restored tells whether the scenario was made again from a resolved one. A permit
// binds none of these: it binds the file.
func (s *Scenario) Restored() bool { return s.source.origin != "" }

// FileSHA256 is a fingerprint of the file without overrides, in hexadecimal.
func (s *Scenario) FileSHA256() string { return s.source.alone }

// Keep makes text the copy of the scenario file that Redacted returns.
func (s *Scenario) Keep(text []byte) { s.source.redacted = text }

// secret notes that a value is one.
func (v value) secret(text string) {
	if text == "" {
		return
	}
	ref := SecretRef{Path: v.path, Fingerprint: FingerprintOf(Secret{text}), value: text}
	if inside, ok := strings.CutPrefix(v.node.Value, opening); ok && !v.d.plain {
		name, _, _ := strings.Cut(strings.TrimSuffix(inside, "}"), ":-")
		if isVariable(name) {
			ref.Variable = name
		}
	}
	v.d.tree.secrets = append(v.d.tree.secrets, ref)
}
