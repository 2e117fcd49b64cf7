package recording

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// TestContainers: gzip, zstd, a zip of gzip files and a byte order mark are
// unpacked by what they are, whatever their names, and brotli by its name.
func TestContainers(t *testing.T) {
	t.Parallel()
	const line = `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","properties":{}}` + "\n"
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"1_a#0.json.gz", "1_b#0.json.gz", "__MACOSX/x"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, gzipped(line))
	}
	z.Close()
	var packed bytes.Buffer
	b := brotli.NewWriter(&packed)
	io.WriteString(b, line)
	b.Close()
	r := written(t, line, gzipped(line), string(encoder.EncodeAll([]byte(line), nil)), archive.String(), "\xef\xbb\xbf"+line, packed.String())
	last := len(r.Paths) - 1
	if err := os.Rename(r.Paths[last], r.Paths[last]+".jsonl.br"); err != nil {
		t.Fatal(err)
	}
	r.Paths[last] += ".jsonl.br"
	if got, counts := readAll(t, r); len(got) != 7 {
		t.Errorf("%d events, want one of each of 5 files and 2 of the archive: %+v", len(got), counts)
	}
	torn := written(t, packed.String()[:packed.Len()-3])
	if err := os.Rename(torn.Paths[0], torn.Paths[0]+".br"); err != nil {
		t.Fatal(err)
	}
	torn.Paths[0] += ".br"
	if _, err := Open(torn); err == nil || !strings.Contains(err.Error(), "breaks off") {
		t.Errorf("a file of brotli that breaks off: %v", err)
	}
}
