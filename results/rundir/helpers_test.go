package rundir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

// create makes a directory whose run is on a machine that is never busy: what the
// one that the tests are on does meanwhile would show in warnings and verdict.
func create(t testing.TB, path string, m results.Manifest) *Directory {
	t.Helper()
	m.Generator = &results.Generator{}
	d, err := Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rehearse writes a run of n requests, and does not close it.
func rehearse(t testing.TB, path string, n int, reasonOf func(int) (capture.Reason, int)) *Directory {
	t.Helper()
	d := create(t, path, runtest.Manifest(n))
	runtest.Feed(t, n, reasonOf, d.Write)
	return d
}

// kill leaves a directory as the end of its process does.
func kill(t *testing.T, d *Directory) {
	t.Helper()
	if err := d.Lock.Close(); err != nil {
		t.Fatal(err)
	}
}

// readFiles reads a directory.
func readFiles(t *testing.T, path string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range append(torn[:], ResultFile) {
		text, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}

// writeFile replaces a file.
func writeFile(t rapid.TB, path string, text []byte) {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *Run {
	t.Helper()
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// edit replaces a text in a file.
func edit(t *testing.T, path, old, with string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("no %q in %s: %v", old, path, err)
	}
	writeFile(t, path, []byte(strings.Replace(string(text), old, with, 1)))
}
