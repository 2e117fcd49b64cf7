package generator

import (
	"os"
	"path/filepath"
	"testing"
)

// TestProbe: the waits of threads are told from what they had waited before, and those
// of a thread that is gone, or new, count nothing.
func TestProbe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(thread, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, thread), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, thread, "schedstat"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := newProbe()
	defer p.close()
	p.tasks = dir
	write("7", "100 5000 1\n")
	write("8", "100 9000 1\n")
	if got := p.longestWait(); got != 0 {
		t.Errorf("at first: %v", got)
	}
	write("7", "100 7000 1\n")
	write("8", "100 9500 1\n")
	write("9", "100 70000 1\n")
	if err := os.MkdirAll(filepath.Join(dir, "10"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := p.longestWait(); got != 2000 {
		t.Errorf("then: %v, want 2 µs", got)
	}
	if got := p.longestWait(); got != 0 {
		t.Errorf("and no more: %v", got)
	}
	before := p.read()
	for p.read().used == before.used { // until the clock of the system moves
	}
	after := p.read()
	if e := after.since(&before); e.used <= 0 || e.waited < 0 || e.asleep < -ms || e.asleep > ms {
		t.Errorf("%+v of a moment's work", e)
	}
}
