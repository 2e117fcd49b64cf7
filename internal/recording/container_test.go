package recording

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"rehearse/scenario"
)

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// packed writes members, whose names and contents alternate, into an archive.
func packed(t testing.TB, kind string, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	z, a := zip.NewWriter(&b), tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		var w io.Writer = a
		err := error(nil)
		if kind == "zip" {
			w, err = z.Create(members[i])
		} else {
			err = a.WriteHeader(&tar.Header{Name: members[i], Mode: 0o600, Size: int64(len(members[i+1]))})
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, members[i+1])
	}
	if kind == "zip" {
		z.Close()
	} else {
		a.Close()
	}
	return b.String()
}

const oneLine = `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","properties":{}}` + "\n"

// named writes a file with this name and returns a replay of it.
func named(t testing.TB, name, content string) *scenario.Replay {
	t.Helper()
	r := written(t, content)
	path := filepath.Join(filepath.Dir(r.Paths[0]), name)
	if err := os.Rename(r.Paths[0], path); err != nil {
		t.Fatal(err)
	}
	r.Paths[0] = path
	return r
}

// TestContainers: whatever a line is packed in, and however often, it is read once,
// and nothing else is.
func TestContainers(t *testing.T) {
	t.Parallel()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var squeezed bytes.Buffer
	b := brotli.NewWriter(&squeezed)
	io.WriteString(b, oneLine)
	b.Close()
	zstandard := string(encoder.EncodeAll([]byte(oneLine), nil))
	bzip2, err := os.ReadFile("testdata/tar/a.jsonl.bz2")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Event string `parquet:"event"`
		ID    string `parquet:"distinct_id"`
		At    int64  `parquet:"timestamp"`
	}
	table := parquetOf(t, 1, row{"a", "u", 1767225600})
	inner := packed(t, "tar", "./x/1.json", oneLine, "x/.hidden", "no", "x/2.json.gz", gzipped(oneLine))
	for _, c := range []struct {
		name, content string
		events        int
	}{
		{"plain", oneLine, 1},
		{"a byte order mark", "\xef\xbb\xbf" + oneLine, 1},
		{"UTF-16", utf16Of(oneLine, binary.LittleEndian), 1},
		{"UTF-16, the other way", utf16Of(oneLine, binary.BigEndian), 1},
		{"gzip", gzipped(oneLine), 1},
		{"gzip, zeros behind", gzipped(oneLine) + strings.Repeat("\x00", 1000), 1},
		{"gzip, two members", gzipped(oneLine) + gzipped(oneLine), 2},
		{"zstd", zstandard, 1},
		{"zstd, two frames", zstandard + zstandard, 2},
		{"a.br", squeezed.String(), 1},
		{"bzip2", string(bzip2), 10},
		{"zip of gzip", packed(t, "zip", "1_a#0.json.gz", gzipped(oneLine), "1_b#0.json.gz", gzipped(oneLine),
			"__MACOSX/x", "y", "d/.DS_Store", "z", "_SUCCESS", ""), 2},
		{"tar", inner, 2},
		{"tar.gz", gzipped(inner), 2},
		{"tar.zst", string(encoder.EncodeAll([]byte(inner), nil)), 2},
		{"zip in zip", packed(t, "zip", "a.zip", packed(t, "zip", "1", oneLine, "2", oneLine), "b", oneLine), 3},
		{"tar.gz in zip", packed(t, "zip", "a.tgz", gzipped(inner)), 2},
		{"zip in tar.gz", gzipped(packed(t, "tar", "a.zip", packed(t, "zip", "1", oneLine))), 1},
		{"Parquet", table, 1},
		{"Parquet in zip", packed(t, "zip", "a.parquet", table), 1},
		{"Parquet in tar", packed(t, "tar", "a.parquet", table), 1},
		{"Parquet in gzip", gzipped(table), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, counts := readAll(t, named(t, c.name, c.content)); len(got) != c.events || counts.Bad != 0 {
				t.Errorf("%d events, want %d: %+v", len(got), c.events, counts)
			}
		})
	}
}

// utf16Of is a text in UTF-16 with a byte order mark.
func utf16Of(text string, order binary.AppendByteOrder) string {
	b := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestContainersRefused: what cannot be unpacked says what it is.
func TestContainersRefused(t *testing.T) {
	t.Parallel()
	xz, err := os.ReadFile("testdata/tar/a.jsonl.xz")
	if err != nil {
		t.Fatal(err)
	}
	var squeezed bytes.Buffer
	b := brotli.NewWriter(&squeezed)
	io.WriteString(b, oneLine)
	b.Close()
	deep := oneLine
	for range 5 {
		deep = packed(t, "zip", "a", deep)
	}
	locked := []byte(packed(t, "zip", "a.json", oneLine))
	locked[bytes.LastIndex(locked, []byte("PK\x01\x02"))+8] |= 1 // the flag of a password
	whole := packed(t, "tar", "a.json", strings.Repeat(oneLine, 100))
	for _, c := range []struct{ name, content, want string }{
		{"a.xz", string(xz), "it is xz, which is not read here: unpack it first"},
		{"a.7z", "7z\xbc\xaf\x27\x1c\x00\x04", "it is a 7z archive"},
		{"a.orc", "ORC\n\x0b\x00\x00", "it is ORC"},
		{"in a zip", packed(t, "zip", "a.7z", "7z\xbc\xaf\x27\x1c\x00\x04"), `a.7z": it is a 7z archive`},
		{"torn.br", squeezed.String()[:squeezed.Len()-3], "breaks off"},
		{"torn.tar", whole[:len(whole)-3000], "breaks off"},
		{"torn.tar.gz", gzipped(whole)[:200], "breaks off"},
		{"torn.zip", packed(t, "zip", "a", oneLine)[:60], "damaged or breaks off"},
		{"locked.zip", string(locked), "wants a password"},
		{"deep.zip", deep, "more than 4 deep"},
		{"trailing.gz", gzipped(oneLine) + "more than a header", "not gzip's"},
	} {
		reader, err := spooled(t, named(t, c.name, c.content))
		for err == nil {
			_, err = reader.Next()
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if got, _ := readAll(t, written(t, "ORC,distinct_id,timestamp,event\nx,u,2026-01-01,a\n")); len(got) != 1 {
		t.Errorf("a table that begins with ORC: %q", got)
	}
}
