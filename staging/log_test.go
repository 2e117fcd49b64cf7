package staging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"rehearse/internal/capture"
)

// TestRecordLine is the line itself, in the members of the wire recordings.
func TestRecordLine(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Body: []byte("{}")}, 200, at))
	want := `{"path":"/e/","method":"POST","content_encoding":"","content_type":"","ip":"",` +
		`"now":"2026-01-02T03:04:05.678901Z","status":200,"body":"e30="}` + "\n"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Query: []byte("data=x")}, 200,
		at)); !strings.Contains(got, `"path":"/e/?data=x","method":"GET"`) {
		t.Error(got)
	}
}

// TestRecordKeepsWhatIsThere: a recording is never written over, and says when
// it is not whole.
func TestRecordKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wire.jsonl")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRequestLog(path); err == nil {
		t.Error("written over")
	}
	r, err := NewRequestLog(path + ".zst")
	if err != nil {
		t.Fatal(err)
	}
	r.lines.file.Close() // the disk is gone
	r.Observe(&capture.Request{Path: []byte("/e/"), Body: []byte("x")}, 200)
	if _, err := r.Close(); err == nil {
		t.Error("no error")
	}
	if _, ok := r.lines.out.(*zstd.Encoder); !ok {
		t.Errorf("%T", r.lines.out)
	}
}

// TestRecordHeaders: who sent a request is recorded, its connection's affairs and
// its cookies are not.
func TestRecordHeaders(t *testing.T) {
	t.Parallel()
	headers := func(yield func(name, value []byte) bool) {
		for _, h := range [][2]string{{"Host", "a"}, {"User-Agent", "b\"c"}, {"Cookie", "d"}, {"Content-Type", "e"},
			{"X-Other", "f"}} {
			if !yield([]byte(h[0]), []byte(h[1])) {
				return
			}
		}
	}
	got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Body: []byte("{}"), Headers: headers}, 200,
		time.Time{}))
	if want := `"headers":{"User-Agent":"b\"c","X-Other":"f"},"body":"e30="`; !strings.Contains(got, want) {
		t.Errorf("%s has no %s", got, want)
	}
}
