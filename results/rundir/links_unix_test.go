//go:build unix

package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Links, pipes and directories in a run directory are not opened, and nobody waits
// for the other end of a pipe.
func TestOpenFollowsNothing(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if err := errors.Join(
		os.Symlink("/etc/passwd", filepath.Join(path, "link")),
		os.Symlink("nowhere", filepath.Join(path, "dangling")),
		syscall.Mkfifo(filepath.Join(path, "pipe"), 0o600),
		os.Mkdir(filepath.Join(path, "directory"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "dangling", "pipe", "directory"} {
		if _, err := ReadFile(path, name); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
