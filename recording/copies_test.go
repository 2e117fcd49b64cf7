package recording

import (
	"fmt"
	"os"
	"path/filepath"
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
	copied, err := newSpool().copy(part{path: source}, source)
	if err != nil {
		t.Fatal(err)
	}
	RemoveCopies()
	if _, err := os.Stat(copied.path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", copied.path, err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}
