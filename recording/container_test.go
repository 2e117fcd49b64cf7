package recording

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

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
// unpacked by what they are, whatever their names.
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
	r := written(t, line, gzipped(line), string(encoder.EncodeAll([]byte(line), nil)), archive.String(), "\xef\xbb\xbf"+line)
	if got, counts := readAll(t, r); len(got) != 6 {
		t.Errorf("%d events, want one of each of 4 files and 2 of the archive: %+v", len(got), counts)
	}
}
