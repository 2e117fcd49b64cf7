//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStopped: an interrupt ends the verbs that read long recordings and have
// nothing to bring to its end, here while they wait for a pipe that nobody writes.
func TestStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "a.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(file, []byte("name: a\nreplay: {files: ['"+pipe+"']}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"profile", pipe}, {"check", file}, {"sample", file, "--survey"}, {"shape", file}} {
		interrupts := make(chan os.Signal, 1)
		interrupts <- os.Interrupt
		var out, problems bytes.Buffer
		code := run(args, env{strings.NewReader(""), &out, &problems, interrupts})
		if code != exitInterrupted || problems.String() != "rehearse: stopped by a signal\n" {
			t.Errorf("%v: exit %d, %s", args, code, &problems)
		}
	}
}
