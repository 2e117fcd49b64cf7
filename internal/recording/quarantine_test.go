package recording

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/scenario"
)

// The quarantine is a whole gzip file whenever it is looked at, and has every line
// once it is closed.
func TestQuarantineIsAlwaysWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), QuarantineFile)
	q := NewQuarantine(path, scenario.KeptLines)
	read := func() string {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		zip, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const n = 300
	for i := range n {
		if err := q.Write(Bad{Text: []byte(fmt.Sprint(i, strings.Repeat("x", 4000)))}); err != nil {
			t.Fatal(err)
		}
		if got := read(); strings.Count(got, "\n") > i+1 || strings.Count(got, "\n") == 0 || !strings.HasSuffix(got, "\n") {
			t.Fatalf("after line %d it has %d", i, strings.Count(got, "\n"))
		}
	}
	if got := strings.Count(read(), "\n"); got < n/2 {
		t.Errorf("before it is closed it has %d of %d lines", got, n)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(read(), "\n"); got != n {
		t.Errorf("it has %d lines, want %d", got, n)
	}
}
