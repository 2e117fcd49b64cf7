package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rehearse/scenario/strict"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"":                            true,
		"http://127.0.0.1:8010":       true,
		"https://[::1]:8010/a/b/":     true,
		"https://capture.example":     true,
		"capture.example":             false,
		"ftp://capture.example":       false,
		"https://":                    false,
		"https://u@capture.example":   false,
		"https://capture.example?x":   false,
		"https://capture.example/?":   false,
		"https://capture.example/#":   false,
		"https://capture.example:80x": false,
	} {
		_, err := Parse("a.yaml", []byte(minimal+"target: {url: '"+url+"'}\n"), Options{})
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":  "name: a\nreplay: {files: ['*.jsonl']}\n",
		"2.jsonl": "", "1.jsonl": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(filepath.Join(dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "1.jsonl"), filepath.Join(dir, "2.jsonl")}
	if diff := cmp.Diff(want, s.Replay.Paths); diff != "" {
		t.Errorf("paths differ (-want +got):\n%s", diff)
	}
	s, err = Parse("a.yaml", []byte("name: a\nreplay: {files: ['.', '-']}\n"), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want = append([]string{filepath.Join(dir, "1.jsonl"), filepath.Join(dir, "2.jsonl")},
		filepath.Join(dir, "a.yaml"), "-")
	if diff := cmp.Diff(want, s.Replay.Paths); diff != "" {
		t.Errorf("paths of a directory differ (-want +got):\n%s", diff)
	}
	s, err = Parse("a.yaml", []byte("name: a\nreplay: {files: ['2.jsonl', '*.jsonl', '-', './2.jsonl', '-']}\n"),
		Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want = []string{filepath.Join(dir, "2.jsonl"), filepath.Join(dir, "1.jsonl"), "-"}
	if diff := cmp.Diff(want, s.Replay.Paths); diff != "" {
		t.Errorf("paths that several entries name differ (-want +got):\n%s", diff)
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, make([]byte, strict.MaxFile+1), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"testdata/none.yaml": "testdata/none.yaml: cannot read the scenario: no such file or directory",
		"testdata":           "testdata: cannot read the scenario: is a directory",
		large:                large + ": larger than 1MiB",
	} {
		_, err := Load(path)
		var all strict.Errors
		if !errors.As(err, &all) || err.Error() != want {
			t.Errorf("Load(%q): %v, want %s", path, err, want)
		}
	}
}
