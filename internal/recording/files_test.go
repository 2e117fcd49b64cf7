package recording

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// TestFilesKeepTheirEnds: what is appended to files after they were looked at is no
// part of them, in whatever container, and what is taken away while they are read is
// an error.
func TestFilesKeepTheirEnds(t *testing.T) {
	t.Parallel()
	const line = `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","properties":{}}` + "\n"
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("a.json")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, line)
	z.Close()
	long := strings.Repeat(line, 2*container.ReadAhead/len(line))
	r := written(t, line, gzipped(line), archive.String(), parquetOf(t, 1, struct {
		Event string `parquet:"event"`
		ID    string `parquet:"distinct_id"`
		At    int64  `parquet:"timestamp"`
	}{"a", "u", 1767225600}), long)
	files, err := Look(r.Paths)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range r.Paths {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, line+gzipped(line))
		file.Close()
	}
	count := func(then func()) (events int, err error) {
		reader, err := files.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for {
			if _, err := reader.Next(); err != nil {
				return events, err
			}
			events++
			if events == 5 {
				then()
			}
		}
	}
	all := 4 + len(long)/len(line)
	if n, err := count(func() {}); err != io.EOF || n != all {
		t.Errorf("%d events of %d: %v", n, all, err)
	}
	n, err := count(func() { os.Truncate(r.Paths[4], container.ReadAhead+10) })
	if err == nil || !strings.Contains(err.Error(), "became shorter while it was read") || n >= all {
		t.Errorf("%d events of a file that was cut off: %v", n, err)
	}
}

// TestBesideTheData: what lies around the files of an export is passed over and told,
// whether its name says what it is or its content does, and costs no bad line.
func TestBesideTheData(t *testing.T) {
	t.Parallel()
	names := []string{"_SUCCESS", ".part-0.crc", "a.jsonl~", "#a.jsonl#", ".a.jsonl.swp", "a.jsonl.bak", ".DS_Store",
		"Thumbs.db", "a.md5", ".hidden/b.jsonl", "_manifest.json"}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".hidden"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "a.jsonl") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(oneLine), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if !scenario.IsBeside(name) {
			t.Errorf("%s is taken for data", name)
		}
	}
	for _, name := range []string{"./a.jsonl", "../a.jsonl", "x/..y.json", "export_2026.csv", "manifesto.jsonl",
		"_a.jsonl"} {
		if scenario.IsBeside(name) != (name == "x/..y.json") {
			t.Errorf("%s is passed over", name)
		}
	}
	for pattern, passed := range map[string]string{dir: "7 files", filepath.Join(dir, "*"): "11 files",
		filepath.Join(dir, "a.jsonl*"): "2 files", filepath.Join(dir, "a.jsonl.bak"): ""} {
		s, err := scenario.Parse("a.yaml", fmt.Appendf(nil, "name: a\nreplay: {files: [%q]}\n", pattern),
			scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, counts := readAll(t, s.Replay)
		told := strings.Join(counts.Notes(), "\n")
		if len(got) != 1 || counts.Bad != 0 || !strings.HasPrefix(told, passed) || (passed == "") != (told == "") {
			t.Errorf("%s: %d events, %q", pattern, len(got), told)
		}
	}
}

// TestManifest: a list of files is no data, whatever it is called (a batch export of
// PostHog writes one beside its files).
func TestManifest(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths, _ = filepath.Glob("testdata/beside/s3/*")
	r.MaxBad = scenario.Limit{Set: true}
	got, counts := readAll(t, r)
	if len(got) != 20 || counts.Bad != 0 || len(counts.Left) != 1 || counts.Left[0].Reason != event.Manifest {
		t.Errorf("%d events of 20: %+v", len(got), counts)
	}
	for content, listed := range map[string]bool{
		`{"entries":[{"url":"s3://a/b"}],"schema":{}}`: true,
		"{\"files\": [\"a\"]}\n{\"event\":\"x\"}\n":    true,
		`{"files":["a"],"event":"x"}`:                  false,
		`{"files":"a"}`:                                false,
		`{"entries":[{"a":1}]}`:                        false,
	} {
		if _, counts := readAll(t, written(t, content)); (counts.Left[0].Reason == event.Manifest) != listed {
			t.Errorf("%s: %+v", content, counts)
		}
	}
}
