//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNoCopyIsLeft: a recording that comes through a pipe is copied to be read twice,
// and no copy outlives the command, be the run refused, the recording empty, or all
// well.
func TestNoCopyIsLeft(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	dir := t.TempDir()
	pipe, path := filepath.Join(dir, "pipe"), filepath.Join(dir, "s.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	write(t, path, "name: a\nreplay: {files: [pipe], speed: 1000}\n")
	const line = `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z"}` + "\n"
	for _, c := range []struct {
		content, says string
		args          []string
	}{
		{line, "needs a permit", []string{"run", path, "--target", "http://203.0.113.9"}},
		{"nonsense\n", "(first at " + pipe + ":1; ", []string{"run", path}},
		{line, "verdict: ", []string{"run", path, "-q", "--out", filepath.Join(dir, "run")}},
		{line, "verdict: ", []string{"check", path}},
		{line, "1 events of 1 distinct_ids", []string{"profile", pipe}},
		{line, "would send 1 events", []string{"sample", path, "--survey"}},
		{line + "nonsense\n", "(first at " + pipe + ":2; ", []string{"sample", path, "--survey"}},
		{"nonsense\n", "(first at " + pipe + ":1; ", []string{"sample", path, "--survey"}},
	} {
		go os.WriteFile(pipe, []byte(c.content), 0)
		_, stdout, stderr := command(t, c.args...)
		if !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout+stderr, temporary) {
			t.Errorf("%s says\n%s%s", c.args[0], stdout, stderr)
		}
		left, err := os.ReadDir(temporary)
		if err != nil || len(left) != 0 {
			t.Errorf("%v leaves %v (%v)", c.args, left, err)
		}
	}
}
