package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"rehearse/results"
)

// made makes a run directory that the test discards.
func made(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Make(path, "20261201T090000Z-acme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// names lists what is in a directory; nil: it is not there.
func names(t *testing.T, path string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// Of twenty that race for a directory one gets it, whether it was there or not,
// and the others leave nothing of theirs.
func TestOneOfManyMakesTheDirectory(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "runs", "one")
		if there {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var group sync.WaitGroup
		won := make(chan *Dir, 20)
		for range cap(won) {
			group.Go(func() {
				d, err := Make(path, "x")
				if err == nil {
					won <- d
				} else if !errors.Is(err, ErrNotEmpty) {
					t.Errorf("the loser is told %v", err)
				}
			})
		}
		group.Wait()
		if len(won) != 1 {
			t.Fatalf("%d runs have one directory", len(won))
		}
		d := <-won
		if err := d.Release(); err != nil {
			t.Error(err)
		}
		if got := names(t, path); len(got) != 1 || got[0] != LockFile {
			t.Errorf("in the directory lies %v", got)
		}
		d.Close()
	}
}

// A directory that comes to nothing is gone, and one that was there is empty again.
func TestDiscard(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := made(t, filepath.Join(path, "new"))
	if err := Replace(d.Path, "scenario.yaml", []byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, path); got != nil {
		t.Errorf("left over: %v", got)
	}
	if err := made(t, path).Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil || names(t, path) != nil {
		t.Errorf("a directory that was there: %v, holds %v", err, names(t, path))
	}
}

// While a run holds its directory nobody else gets it, and everybody can see that;
// afterwards it is free, with what it said last.
func TestLock(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := made(t, path)
	reach := results.Reach{Below: 12_345, Events: 12_001, Requests: 121}
	if err := d.Advance(reach); err != nil {
		t.Fatal(err)
	}
	if s, held, err := ReadState(path); err != nil || !held || s.Reach != reach || s.Phase != Running ||
		s.Run != "20261201T090000Z-acme" {
		t.Errorf("state %+v, held %v, error %v", s, held, err)
	}
	if _, err := Hold(path); !errors.Is(err, ErrHeld) {
		t.Errorf("a second holder: error %v", err)
	}
	if err := errors.Join(d.Enter(Unwritten), d.Close()); err != nil {
		t.Fatal(err)
	}
	if s, held, err := ReadState(path); err != nil || held || s.Phase != Unwritten || s.Reach != reach {
		t.Errorf("afterwards: state %+v, held %v, error %v", s, held, err)
	}
	l, err := Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if l, err := Hold(t.TempDir()); l != nil || err != nil {
		t.Errorf("a directory without a lock: %v, %v", l, err)
	}
}

// What is made can be read by its owner alone.
func TestModes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	d := made(t, path)
	if err := Replace(path, "result.json", nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"":            0o700,
		LockFile:      0o600,
		reserveFile:   0o600,
		"result.json": 0o600,
	} {
		info, err := os.Stat(filepath.Join(d.Path, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: mode %v, want %v (%v)", name, info.Mode().Perm(), want, err)
		}
	}
}

// A file is replaced whole, and a link that lies in its place, or in that of the
// file beside it, is not written through.
func TestReplaceFollowsNothing(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	for _, name := range []string{"a", "a.next"} {
		if err := os.Symlink(outside, filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ReplaceSoon(path, "a", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(path, "a"); err != nil || string(text) != "new" {
		t.Errorf("read %q, error %v", text, err)
	}
	if text, _ := os.ReadFile(outside); string(text) != "mine" {
		t.Errorf("the file outside holds %q", text)
	}
	if got := names(t, path); len(got) != 1 {
		t.Errorf("left over: %v", got)
	}
}

// FuzzParseState: no lock file makes a reader fall.
func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"format":"rehearse/lock/v1","run":"a","phase":"running","may_have_left":{"below":1,"events":1,` +
		`"requests":1}}`))
	f.Add([]byte(`{"format":"rehearse/lock/v1","phase":"closed","may_have_left":{"below":-1}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err == nil && (s.Reach.Below < 0 || s.Reach.Events < 0 || s.Reach.Requests < 0 || s.Format != lockFormat) {
			t.Errorf("read %+v from %q", s, text)
		}
	})
}
