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
	"time"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// TestPosition: in every kind of container, the position rises from 0 to the size of
// all that there is to read.
func TestPosition(t *testing.T) {
	t.Parallel()
	var plain strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&plain, `{"event":"a","distinct_id":"u-%d","timestamp":%d,"properties":{"n":"%x"}}`+"\n",
			i*i%101, 1767225600+i, i*i*i)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"1.json.gz", "2.json.gz"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, gzipped(plain.String()))
	}
	z.Close()
	type row struct {
		Event      string    `parquet:"event"`
		DistinctID string    `parquet:"distinct_id"`
		At         time.Time `parquet:"timestamp,timestamp"`
	}
	rows := make([]row, 5000)
	for i := range rows {
		rows[i] = row{"a", "u", time.Unix(int64(1767225600+i), 0)}
	}
	r := written(t, plain.String(), gzipped(plain.String()), archive.String(), parquetOf(t, 1000, rows...))
	size, reader := Size(r.Paths), openAt0(t, r)
	last, steps := int64(0), 0
	for {
		_, err := reader.Next()
		at := reader.Position()
		if at < last || at > size {
			t.Fatalf("from %d to %d of %d", last, at, size)
		}
		if at > last {
			steps++
		}
		last = at
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if last != size || steps < 5000 {
		t.Errorf("the end is at %d of %d, reached in %d steps", last, size, steps)
	}
}

// openAt0 opens a recording, of which nothing counts as read yet.
func openAt0(t *testing.T, r *scenario.Replay) *Reader {
	t.Helper()
	reader, err := Open(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	if at := reader.Position(); at != 0 {
		t.Errorf("%d bytes are read before the first event", at)
	}
	return reader
}

// TestRequestPosition: recorded requests tell how far they were read, too.
func TestRequestPosition(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths = []string{filepath.Join("..", "..", "scenarios", "recordings", "posthog_wire_2023-09.jsonl")}
	info, err := os.Stat(r.Paths[0])
	if err != nil {
		t.Fatal(err)
	}
	requests, err := OpenRequests(r)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	var q Request
	seen := map[int64]bool{}
	for err == nil {
		err = requests.Next(&q, func(*Request) event.Reason { return "" })
		seen[requests.Position()] = true
	}
	if requests.Position() != info.Size() || len(seen) < 16 || Size(r.Paths) != info.Size() {
		t.Errorf("%v, %d of %d bytes, %d different places", err, requests.Position(), info.Size(), len(seen))
	}
}
