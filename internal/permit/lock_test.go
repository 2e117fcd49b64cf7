package permit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// copied is a permit in a file of its own.
func copied(t *testing.T, text string) *Permit {
	t.Helper()
	path := filepath.Join(t.TempDir(), "permit.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Permit{File: path, Text: []byte(text)}
}

// TestLock: one run at a time has a permit, or as many as its shards that do not
// overlap; whoever comes second hears who has it. A copy is the same permit.
func TestLock(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	type share struct{ i, n int }
	for _, c := range []struct {
		first  []share
		second share
		by     string // who has it; empty: the second gets it
	}{
		{nil, share{}, ""},
		{[]share{{}}, share{}, "run 0 (process"},
		{[]share{{0, 1}}, share{}, "run 0 (process"},
		{[]share{{}}, share{3, 4}, "run 0 (process"},
		{[]share{{0, 4}, {1, 4}, {3, 4}}, share{2, 4}, ""},
		{[]share{{0, 4}, {1, 4}, {3, 4}}, share{3, 4}, "shard 3 of 4, run 2 (process"},
		{[]share{{0, 4}, {1, 4}}, share{}, "shard 0 of 4, run 0 (process"},
		{[]share{{0, 2}}, share{1, 4}, "shard 0 of 2, run 0 (process"},
		{[]share{{0, 2}}, share{2, 4}, ""},
		{[]share{{0, 3}, {1, 3}}, share{2, 3}, ""},
	} {
		for _, where := range []string{"the same file", "a copy", "a link"} {
			p := copied(t, "id: "+t.Name())
			second := p
			switch where {
			case "a copy":
				second = copied(t, "id: "+t.Name())
			case "a link":
				t.Setenv("XDG_CACHE_HOME", "not absolute") // so that there is the lock beside alone
				second = &Permit{File: filepath.Join(t.TempDir(), "link"), Text: p.Text}
				if err := os.Symlink(p.File, second.File); err != nil {
					t.Skip(err)
				}
			}
			var releases []func()
			for k, s := range c.first {
				release, err := p.Lock("run "+string(rune('0'+k)), s.i, s.n)
				if err != nil {
					t.Fatalf("%+v: %v", c, err)
				}
				releases = append(releases, release)
			}
			release, err := second.Lock("run x", c.second.i, c.second.n)
			var used *inUse
			if errors.As(err, &used) != (c.by != "") || err != nil && !strings.Contains(err.Error(), "in use by "+c.by) {
				t.Errorf("%s: %+v: %v", where, c, err)
			}
			if err == nil {
				release()
			}
			for _, release := range releases {
				release()
			}
			if again, err := second.Lock("run y", 0, 1); err != nil {
				t.Errorf("%s: %+v: it is not given back: %v", where, c, err)
			} else {
				again()
			}
		}
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
	}
}

// TestNoLock: a permit that cannot be locked anywhere cannot be used.
func TestNoLock(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "not absolute")
	p := copied(t, "id: a")
	p.File = filepath.Join(p.File, "no directory", "permit.yaml")
	if _, err := p.Lock("run x", 0, 1); err == nil || !strings.Contains(err.Error(), "cannot lock the permit") {
		t.Error(err)
	}
}
