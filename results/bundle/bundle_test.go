package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// made is a directory with some files.
func made(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// content is what a directory holds.
func content(t interface{ Fatal(...any) }, dir string) map[string]string {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[f.Name()] = string(text)
	}
	return found
}

// A directory comes back from the midst of a log, without the lock of the machine
// that ran, whatever its files hold.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		from, to := filepath.Join(base, fmt.Sprint("from", n)), filepath.Join(base, fmt.Sprint("to", n))
		if err := os.Mkdir(from, 0o700); err != nil {
			t.Fatal(err)
		}
		want := rapid.MapOf(rapid.SampledFrom([]string{"result.json", "ledger", "latency.hlog", "permit.yaml.sig"}),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "files")
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(from, "run.lock"), []byte("of this machine"), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		log.WriteString("progress\n-----BEGIN nothing\n")
		if err := Write(&log, from, Label{"r1", "0/2"}); err != nil {
			t.Fatal(err)
		}
		log.WriteString("verdict: pass (exit 0)\n")
		strangers := rapid.SliceOf(rapid.SampledFrom([]string{
			"report: /results/run/report.html\n", "note: 3 of 8\n", "Other: header\n", "two words\r\n",
		})).Draw(t, "strangers")
		for _, line := range strangers { // from its other output
			lines := bytes.SplitAfter(log.Bytes(), []byte("\n"))
			at := rapid.IntRange(0, len(lines)-1).Draw(t, "at")
			log.Reset()
			log.Write(bytes.Join(slices.Insert(lines, at, []byte(line)), nil))
		}
		if err := Read(log.Bytes(), Label{"r1", "0/2"}, to); err != nil {
			t.Fatal(err)
		}
		got := content(t, to)
		if len(got) != len(want) {
			t.Fatalf("%d files, want %d", len(got), len(want))
		}
		for name, text := range want {
			if got[name] != text {
				t.Fatalf("%s differs", name)
			}
		}
	})
}

// A log that lacks something is told as that, and leaves no directory.
func TestCutLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	dir := made(t, map[string]string{"result.json": strings.Repeat("0123456789 abc ", 300)})
	if err := Write(&b, dir, Label{"r1", "0/2"}); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	swapped := strings.Replace(whole, "KLUv", "KLUw", 1)
	for _, c := range []struct {
		name, log string
		want      Label
		says      string
	}{
		{"empty", "", Label{}, "no bundle in it"},
		{"beginning lost", whole[200:], Label{}, "no bundle in it"},
		{"end lost", whole[:len(whole)-60], Label{}, "a beginning and no end"},
		{"changed", swapped, Label{}, "damaged"},
		{"another run", whole, Label{Run: "r2"}, `of run "r1"`},
		{"another shard", whole, Label{"r1", "1/2"}, `shard "0/2"`},
	} {
		to := filepath.Join(t.TempDir(), "to")
		err := Read([]byte(c.log), c.want, to)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: left a directory", c.name)
		}
	}
	if _, err := find(nil); !errors.Is(err, ErrNone) {
		t.Errorf("an empty log: %v", err)
	}
}

// What a bundle from elsewhere may not hold is refused before it is written.
func TestForeignBundle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		head tar.Header
		says string
	}{
		{"path", tar.Header{Name: "../result.json", Typeflag: tar.TypeReg}, "no file of a run directory"},
		{"absolute", tar.Header{Name: "/etc/passwd", Typeflag: tar.TypeReg}, "no file of a run directory"},
		{"hidden", tar.Header{Name: ".profile", Typeflag: tar.TypeReg}, "no file of a run directory"},
		{"control", tar.Header{Name: "a\x1b[2J", Typeflag: tar.TypeReg}, "no file of a run directory"},
		{"link", tar.Header{Name: "ledger", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
			"no file of a run directory"},
	} {
		err := Read(foreign(t, c.head), Label{}, filepath.Join(t.TempDir(), "to"))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// What unpacks to more than it may is no run directory.
func TestBomb(t *testing.T) {
	t.Parallel()
	block, err := find(foreign(t, tar.Header{Name: "ledger", Typeflag: tar.TypeReg, Size: 1 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	if err := unpack(block.Bytes, t.TempDir(), 1<<20); err == nil ||
		!strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
}

// foreign is a bundle with one entry.
func foreign(t *testing.T, head tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressor, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressor)
	if err := archive.WriteHeader(&head); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(archive, zeros{}, head.Size); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Close(), compressor.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(packed.Bytes())
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: packed.Bytes(),
		Headers: map[string]string{headerSum: hex.EncodeToString(sum[:])}})
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A directory that would not fit is refused before a byte is written.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	noise := make([]byte, Bound)
	for i, x := 0, uint64(1); i < len(noise); i++ {
		x = x*6364136223846793005 + 1442695040888963407
		noise[i] = byte(x >> 56)
	}
	var b bytes.Buffer
	err := Write(&b, made(t, map[string]string{"rejected.jsonl.gz": string(noise)}), Label{})
	if !errors.Is(err, ErrTooLarge) || b.Len() > 0 {
		t.Errorf("error %v, %d bytes written", err, b.Len())
	}
}
