package recording

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
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
	long := strings.Repeat(line, 2*readAhead/len(line))
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
			if events++; events == 5 {
				then()
			}
		}
	}
	all := 4 + len(long)/len(line)
	if n, err := count(func() {}); err != io.EOF || n != all {
		t.Errorf("%d events of %d: %v", n, all, err)
	}
	n, err := count(func() { os.Truncate(r.Paths[4], readAhead+10) })
	if err == nil || !strings.Contains(err.Error(), "became shorter while it was read") || n >= all {
		t.Errorf("%d events of a file that was cut off: %v", n, err)
	}
}
