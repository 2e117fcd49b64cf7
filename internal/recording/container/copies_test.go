package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRemoveCopies: what this process has copied goes, what another has copied stays.
func TestRemoveCopies(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir) // as Windows calls it
	other := filepath.Join(dir, fmt.Sprintf("rehearse-%d-1", os.Getpid()+1))
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "a.jsonl")
	if err := os.WriteFile(source, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	copied, err := newSpool().copy(Part{Path: source}, source)
	if err != nil {
		t.Fatal(err)
	}
	RemoveCopies()
	if _, err := os.Stat(copied.Path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", copied.Path, err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// TestSpoolIsBounded: a copy that grows beyond its bound is refused and removed.
func TestSpoolIsBounded(t *testing.T) {
	t.Parallel()
	s := &spool{dir: t.TempDir(), left: 1000, bound: 1000}
	if _, err := s.keep(strings.NewReader(strings.Repeat("x", 900)), "a"); err != nil {
		t.Fatal(err)
	}
	_, err := s.keep(strings.NewReader(strings.Repeat("x", 101)), "b")
	if err == nil || !strings.Contains(err.Error(), "more than the 1kB that copies may take") {
		t.Errorf("the second copy: %v", err)
	}
	s.remove()
	if left, _ := os.ReadDir(s.dir); len(left) != 0 {
		t.Errorf("%d copies are left", len(left))
	}
}
