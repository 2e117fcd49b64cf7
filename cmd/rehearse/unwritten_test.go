package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestUnwritten: a run whose directory can no longer be written says all the same
// what it came to, and that it is invalid for that.
func TestUnwritten(t *testing.T) {
	t.Parallel()
	scene, out := filepath.Join(t.TempDir(), "s.yaml"), filepath.Join(t.TempDir(), "out")
	text := "name: small\ntarget: {connections: 2}\nload: {profile: \"const(200, 1s)\"}\nbatching: {events: 10}\ntraffic: {}\n"
	if err := os.WriteFile(scene, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	var printed bytes.Buffer
	err := rehearse(env{strings.NewReader(""), &printed, io.Discard, nil}, scene, runFlags{out: out, quiet: true,
		dial: func(ctx context.Context, addr string) (net.Conn, error) {
			once.Do(func() { os.RemoveAll(out) })
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}})
	if code := codeOf(err); code != exitInvalid {
		t.Errorf("exit %d (%v), want %d", code, err, exitInvalid)
	}
	plain := strings.Join(strings.Fields(printed.String()), " ")
	for _, want := range []string{"accepted 20 200", "cannot write run directory", "verdict: invalid (exit 120)"} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %q in\n%s", want, &printed)
		}
	}
}
