package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"rehearse/capture"
	"rehearse/generator"
	"rehearse/scenario"
)

// TestRecordIsReplayed: what was recorded is what a replay sends, byte for byte.
func TestRecordIsReplayed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wire.jsonl.zst")
	r, err := newRecorder(path)
	if err != nil {
		t.Fatal(err)
	}
	const body = "{\"api_key\":\"t\",\"batch\":[{\"event\":\"e\",\"distinct_id\":\"\x01ö\"}]}"
	r.observe(&capture.Request{
		Path: []byte("/batch/"), Query: []byte(`compression=x&"=%22`), ContentType: []byte("text/plain"), ContentEncoding: []byte("gzip"),
		ForwardedFor: []byte("10.0.0.1"), Body: []byte(body),
	}, 200)
	r.observe(&capture.Request{Path: []byte(capture.PathV1), Body: []byte("{}")}, 200)
	if err := r.close(); err != nil || r.lines != 1 || r.others != 1 {
		t.Fatalf("%v, %d lines, %d others", err, r.lines, r.others)
	}
	s, err := scenario.Parse("a.yaml", []byte("name: a\nreplay: {files: ["+path+"], format: capture}\n"), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, plan, err := generator.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := source.(io.Closer); ok {
		defer c.Close()
	}
	var b generator.Batch
	if err := source.Next(&b); err != nil {
		t.Fatal(err)
	}
	if plan.Requests != 1 || b.Path != `/batch/?compression=x&"=%22` || b.ContentType != "text/plain" || b.ContentEncoding != "gzip" || b.ForwardedFor != "10.0.0.1" || string(b.Body) != body {
		t.Errorf("%d requests, %+v", plan.Requests, b)
	}
}

// TestRecordLine is the line itself, in the members of the wire recordings.
func TestRecordLine(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Body: []byte("{}")}, at))
	want := `{"path":"/e/","method":"POST","content_encoding":"","content_type":"","ip":"","now":"2026-01-02T03:04:05.678901Z","body":"e30="}` + "\n"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Query: []byte("data=x")}, at)); !strings.Contains(got, `"path":"/e/?data=x","method":"GET"`) {
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
	if _, err := newRecorder(path); err == nil {
		t.Error("written over")
	}
	r, err := newRecorder(path + ".zst")
	if err != nil {
		t.Fatal(err)
	}
	r.file.Close() // the disk is gone
	r.observe(&capture.Request{Path: []byte("/e/"), Body: []byte("x")}, 200)
	if err := r.close(); err == nil {
		t.Error("no error")
	}
	if _, ok := r.out.(*zstd.Encoder); !ok {
		t.Errorf("%T", r.out)
	}
}
