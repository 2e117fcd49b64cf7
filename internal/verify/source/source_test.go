package source

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"rehearse/internal/verify"
)

// read reads all rows of a source, each as a text.
func read(t *testing.T, pattern string) (rows []string, s *verify.Source, err error) {
	t.Helper()
	s, remove, err := Files(pattern, false)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(remove)
	r, err := s.Open()
	if err != nil {
		return nil, s, err
	}
	defer r.Close()
	for {
		var row verify.Row
		if err := r.Next(&row); errors.Is(err, io.EOF) {
			return rows, s, nil
		} else if err != nil {
			return rows, s, err
		}
		if row.Unusable != "" {
			rows = append(rows, string(row.Unusable))
			continue
		}
		rows = append(rows, fmt.Sprintf("%s %s %s %s %s %s %d", row.UUID, row.Name, row.DistinctID, row.Properties,
			row.Person, row.Time.Format(time.RFC3339Nano), row.Partition))
	}
}

// write writes a file of a test.
func write(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	uuid1 = "00000000-0000-4000-8000-000000000001"
	uuid2 = "00000000-0000-4000-8000-000000000002"
)

// TestExport: columns are found under any of their names, as objects or text.
func TestExport(t *testing.T) {
	t.Parallel()
	text := `{"uuid":"` + uuid1 + `","event":"caf\u00e9","distinct_id":"a\"b","properties":{"x":1},"person_id":"p1",` +
		`"created_at":"2026-11-30T05:42:07.25Z","inserted_at":"2026-11-30 05:42:09.123456","_timestamp":null}
{"id":"` + uuid2 + `","event":null,"distinct_id":7,"properties":"{\"y\":\"\\u00fc\"}","now":"2026-11-30T05:42:07Z",` +
		`"_partition":3}

{"event":"$pageview","distinct_id":"d"}
[1]
{"uuid":"` + uuid2 + `","properties":"no object"}
`
	want := []string{
		uuid1 + ` café a"b {"x":1} p1 2026-11-30T05:42:09.123456Z 0`,
		uuid2 + ` ` + ` 7 {"y":"\u00fc"}  2026-11-30T05:42:07Z 3`,
		"no_uuid", "not_json",
		uuid2 + `     0001-01-01T00:00:00Z 0`,
	}
	var zipped, zstded bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(text))
	z.Close()
	zs, _ := zstd.NewWriter(&zstded)
	zs.Write([]byte(text))
	zs.Close()
	for name, content := range map[string][]byte{
		"a.jsonl":    []byte(text),
		"a.jsonl.gz": zipped.Bytes(),
		"a.zst":      zstded.Bytes(),
	} {
		got, s, err := read(t, write(t, name, content))
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if s.Kind != "export" || s.Sent || s.InOrder || s.Arrival {
			t.Errorf("%s: %+v", name, s)
		}
		if at, all := s.Position(); at != all || all != int64(len(content)) {
			t.Errorf("%s: %d of %d bytes were read, there are %d", name, at, all, len(content))
		}
	}
	dir := filepath.Dir(write(t, "a.jsonl", []byte(text)))
	if err := os.WriteFile(filepath.Join(dir, "b.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{dir, dir + "/*.jsonl"} {
		if got, _, err := read(t, pattern); err != nil || len(got) != 10 {
			t.Errorf("%s: %d rows, %v", pattern, len(got), err)
		}
	}
}

// TestParquet: rows of a Parquet file are those of JSON with the same columns.
func TestParquet(t *testing.T) {
	t.Parallel()
	type row struct {
		UUID       string    `parquet:"uuid"`
		Event      string    `parquet:"event"`
		DistinctID string    `parquet:"distinct_id"`
		Properties string    `parquet:"properties"`
		Other      []int64   `parquet:"other"`
		Created    time.Time `parquet:"created_at,timestamp(microsecond)"`
	}
	at := time.Date(2026, 11, 30, 5, 42, 7, 123456000, time.UTC)
	path := filepath.Join(t.TempDir(), "events.parquet")
	if err := parquet.WriteFile(path,
		[]row{{uuid1, "e", "d", `{"x":1}`, []int64{1, 2}, at},
			{uuid2, "f", "d", `{}`, nil, at.Add(time.Second)}}); err != nil {
		t.Fatal(err)
	}
	want := uuid1 + ` e d {"x":1}  2026-11-30T05:42:07.123456Z 0` + "\n" + uuid2 +
		` f d {}  2026-11-30T05:42:08.123456Z 0`
	if got, _, err := read(t, path); err != nil || strings.Join(got, "\n") != want {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), want)
	}
}

// TestRequests: events of recorded requests are those that the endpoint took.
func TestRequests(t *testing.T) {
	t.Parallel()
	request := func(status, body string) string {
		return `{"path":"/batch/","method":"POST","now":"2026-11-30T05:42:07.000001Z"` + status + `,"body":"` +
			base64.StdEncoding.EncodeToString([]byte(body)) + `"}` + "\n"
	}
	event := func(uuid string) string {
		return `{"event":"e","distinct_id":"d","uuid":"` + uuid + `","properties":{ "x":1 }}`
	}
	batch := func(events ...string) string { return `{"api_key":"k","batch":[` + strings.Join(events, ",") + `]}` }
	text := request(`,"status":200`, batch(event(uuid1), event(uuid2))) +
		request(`,"status":503`, batch(event(uuid1))) +
		request("", batch(event(uuid2))) + request(`,"status":200`, "nothing") +
		`{"path":"/flags/","method":"GET","now":"2026-11-30T05:42:07Z","status":200,"body":""}` + "\n"
	got, s, err := read(t, write(t, "wire.jsonl", []byte(text)))
	row := ` e d { "x":1 }  2026-11-30T05:42:07.000001Z 0`
	want := strings.Join([]string{uuid1 + row, uuid2 + row, "refused", uuid2 + row, "not_events", "not_events"}, "\n")
	if err != nil || strings.Join(got, "\n") != want {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), want)
	}
	if !s.Sent || !s.InOrder || !s.Arrival || s.Kind != "requests" {
		t.Errorf("%+v", s)
	}
	if notes := s.Notes(); len(notes) != 1 || notes[0] != (verify.Note{Code: verify.NoteAnswers, Count: 1}) {
		t.Errorf("%+v", notes)
	}
}

// TestManyEvents: a request may have more events than a decoder keeps.
func TestManyEvents(t *testing.T) {
	t.Parallel()
	const events = 20_000
	var body strings.Builder
	body.WriteString(`{"api_key":"k","batch":[`)
	for i := range events {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"event":"e","distinct_id":"d","uuid":"00000000-0000-4000-8000-%012d"}`, i)
	}
	body.WriteString(`]}`)
	text := `{"path":"/batch/","now":"2026-11-30T05:42:07Z","status":200,"body":"` +
		base64.StdEncoding.EncodeToString([]byte(body.String())) + `"}` + "\n"
	got, _, err := read(t, write(t, "wire.jsonl", []byte(text+text)))
	if err != nil || len(got) != 2*events {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, row := range got {
		if want := fmt.Sprintf("%012d e d", i%events); !strings.Contains(row, want) {
			t.Fatalf("row %d is %s, want %s", i, row, want)
		}
	}
}

// TestBrokenOff: a source that breaks off is not read to its end.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	line := `{"uuid":"` + uuid1 + `","event":"e","distinct_id":"d"}` + "\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for i := range 10_000 {
		fmt.Fprintf(z, `{"uuid":"00000000-0000-4000-8000-%012d"}`+"\n", i)
	}
	z.Close()
	for name, content := range map[string][]byte{
		"cut.jsonl.gz": zipped.Bytes()[:zipped.Len()/2],
		"cut.jsonl":    []byte(line + line[:30]),
		"wire.jsonl": []byte(`{"path":"/e/","now":"2026-11-30T05:42:07Z","status":200,"body":""}` + "\n" +
			`{"path":"/e/","body":"ey`),
	} {
		if _, _, err := read(t, write(t, name, content)); err == nil ||
			!strings.Contains(err.Error(), "breaks off (was it copied whole?)") {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := filepath.Dir(write(t, "a.jsonl", []byte(line+line[:30])))
	if err := os.WriteFile(filepath.Join(dir, "b.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t, dir); err == nil || !strings.Contains(err.Error(), "a.jsonl:2") {
		t.Errorf("the first of two files breaks off: %v", err)
	}
	if _, _, err := read(t, write(t, "empty.jsonl", nil)); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	if _, _, err := read(t, filepath.Join(t.TempDir(), "none")); err == nil ||
		!strings.Contains(err.Error(), "no file is there") {
		t.Errorf("no file: %v", err)
	}
}

// TestWatched: files that come later or grow are read again, and only if they did.
func TestWatched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, remove, err := Watched(dir+"/*.jsonl", false)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	if _, err := s.Again.Reopen(); err == nil || !strings.Contains(err.Error(), "no file is there") {
		t.Errorf("an empty directory: %v", err)
	}
	line := `{"uuid":"` + uuid1 + `","event":"e","distinct_id":"d"}` + "\n"
	for step, c := range []struct {
		name, text string
		rows       int
		broken     bool
	}{
		{"a.jsonl", line, 1, false}, {"a.jsonl", line + line[:9], 1, true}, {"a.jsonl", line + line, 2, false},
		{"b.jsonl", line, 3, false},
	} {
		if err := os.WriteFile(filepath.Join(dir, c.name), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if changed, err := s.Again.Reopen(); err != nil || changed != want {
				t.Errorf("step %d: changed is %t, want %t: %v", step, changed, want, err)
			}
		}
		r, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		var row verify.Row
		for err == nil {
			if err = r.Next(&row); err == nil && row.Unusable == "" {
				rows++
			}
		}
		if r.Close(); rows != c.rows || errors.Is(err, io.EOF) == c.broken {
			t.Errorf("step %d: %d rows, then %v", step, rows, err)
		}
	}
	if _, _, err := Watched("-", false); err == nil {
		t.Error("standard input can be watched")
	}
}
