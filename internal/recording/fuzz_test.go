package recording

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"rehearse/scenario"
)

// fuzzed writes a file over the one of the run before and returns a replay of it.
func fuzzed(t *testing.T, dir string, content []byte) *scenario.Replay {
	t.Helper()
	path := filepath.Join(dir, "a")
	if len(content) > 1<<16 || os.WriteFile(path, content, 0o600) != nil {
		t.Skip()
	}
	r := scenario.DefaultReplay()
	r.Paths = []string{path}
	return r
}

// drain reads all events, or finds out that they cannot be read.
func drain(t *testing.T, r *scenario.Replay) {
	t.Helper()
	files, remove, err := Spool(r.Paths)
	if err != nil {
		return
	}
	defer remove()
	reader, err := files.Open(r)
	if err != nil {
		return
	}
	defer reader.Close()
	for {
		if _, err := reader.Next(); err != nil {
			if c := reader.Counts(); err == io.EOF && c.Events-c.Added+sum(c.Left) != c.Lines {
				t.Errorf("the books do not balance: %+v", c)
			}
			return
		}
	}
}

// sum is how many lines were left out.
func sum(left []LeftOut) (lines int64) {
	for _, l := range left {
		lines += l.Lines
	}
	return lines
}

// FuzzContainers: no file makes what unpacks it panic, go on for ever, or keep a copy.
func FuzzContainers(f *testing.F) {
	const line = `{"a":1}`
	tarred := packed(f, "tar", "a", line)[:1024]
	for _, seed := range []string{
		gzipped("x"), gzipped(tarred), packed(f, "zip", "a", line), tarred, "BZh9\x17rE8P\x90\x00\x00\x00\x00",
		"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00x", "\xff\xfe{\x00}\x00", "7z\xbc\xaf\x27\x1c",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Setenv("TMPDIR", filepath.Join(dir)) // copies would stay here
	f.Fuzz(func(t *testing.T, content []byte) {
		drain(t, fuzzed(t, dir, content))
		if left, _ := os.ReadDir(dir); len(left) > 1 {
			t.Errorf("%d files are left", len(left))
		}
	})
}
