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
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
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
	if err := r.close(); err != nil || r.lines != 1 {
		t.Fatalf("%v, %d lines", err, r.lines)
	}
	s, err := scenario.Parse("a.yaml", []byte("name: a\nreplay: {files: ["+path+"], format: capture}\n"), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := generator.Open(s, generator.Part{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	plan := source.Plan
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

// TestRecordOfV1IsReplayed: what v1 got, headers and all, does the same to another
// endpoint when it is sent again; and so does a v0 request beside it.
func TestRecordOfV1IsReplayed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wire := filepath.Join(dir, "wire.jsonl.gz")
	r, err := newRecorder(wire)
	if err != nil {
		t.Fatal(err)
	}
	first, firstURL := serveStaging(t, staging.Config{Observe: r.observe, NotPersisted: 0.1})
	const head = "name: a\nload: {profile: 'const(100, 200ms)'}\nbatching: {events: 10}\ntraffic: {}\n"
	rehearsed := func(name, text, target string) {
		t.Helper()
		file := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var problems strings.Builder
		run([]string{"run", file, "--quiet", "--out", filepath.Join(dir, name), "--target", target}, env{nil, io.Discard, &problems, nil})
		if problems.Len() > 0 {
			t.Errorf("%s: %s", name, problems.String())
		}
	}
	rehearsed("v1", head+"target: {endpoint: v1, compression: zstd}\n", firstURL)
	rehearsed("v0", head+"target: {client: posthog-node}\n", firstURL)
	if err := r.close(); err != nil || r.lines != 4 {
		t.Fatalf("%v, %d lines", err, r.lines)
	}
	if _, stdout, stderr := command(t, "profile", wire); !strings.HasPrefix(stdout, "40 events ") {
		t.Errorf("the profile of 40 recorded events is\n%s%s", stdout, stderr)
	}
	second, url := serveStaging(t, staging.Config{NotPersisted: 0.1})
	rehearsed("replay", "name: a\nreplay: {files: ["+wire+"], format: capture, speed: 100}\ntarget: {connections: 1} # so that they come in their order\n", url)
	was, is := first.Stats(), second.Stats()
	if was.Checksum != is.Checksum || was.Events != is.Events || is.Events.Returned == 0 || is.Events.Accepted+is.Events.Returned != 40 {
		t.Errorf("recorded %+v, replayed %+v", was.Events, is.Events)
	}
	result, err := results.Open(filepath.Join(dir, "replay"))
	if err != nil {
		t.Fatal(err)
	}
	if e := result.Result.Events; e.Accepted != is.Events.Accepted || e.Rejected != is.Events.Returned || len(result.Result.Said) != 2 {
		t.Errorf("%+v, %+v", e, result.Result.Said)
	}
}

// TestRecordHeaders: who sent a request is recorded, its connection's affairs and
// its cookies are not.
func TestRecordHeaders(t *testing.T) {
	t.Parallel()
	headers := func(yield func(name, value []byte) bool) {
		for _, h := range [][2]string{{"Host", "a"}, {"User-Agent", "b\"c"}, {"Cookie", "d"}, {"Content-Type", "e"}, {"X-Other", "f"}} {
			if !yield([]byte(h[0]), []byte(h[1])) {
				return
			}
		}
	}
	got := string(appendRequest(nil, &capture.Request{Path: []byte("/e/"), Body: []byte("{}"), Headers: headers}, time.Time{}))
	if want := `"headers":{"User-Agent":"b\"c","X-Other":"f"},"body":"e30="`; !strings.Contains(got, want) {
		t.Errorf("%s has no %s", got, want)
	}
}
