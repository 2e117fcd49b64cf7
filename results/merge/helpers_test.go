package merge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/results"
	"rehearse/results/rundir"
)

// edit replaces a text in a file.
func edit(t *testing.T, path, old, with string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("no %q in %s: %v", old, path, err)
	}
	writeFile(t, path, []byte(strings.Replace(string(text), old, with, 1)))
}

// create makes a directory whose run is on a machine that is never busy: what the
// one that the tests are on does meanwhile would show in warnings and verdict.
func create(t testing.TB, path string, m results.Manifest) *rundir.Directory {
	t.Helper()
	m.Generator = &results.Generator{}
	d, err := rundir.Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// copyFile copies a file of one run over that of another.
func copyFile(from, to, name string) error {
	text, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, name), text, 0o644)
}

func open(t *testing.T, path string) *rundir.Run {
	t.Helper()
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// writeFile replaces a file.
func writeFile(t rapid.TB, path string, text []byte) {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
