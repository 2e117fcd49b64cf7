package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// TestRecordIsReplayed: what was recorded is what a replay sends, byte for byte.
func TestRecordIsReplayed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wire.jsonl.zst")
	r, err := staging.NewRequestLog(path)
	if err != nil {
		t.Fatal(err)
	}
	const sent = "{\"api_key\":\"t\",\"batch\":[{\"event\":\"e\",\"distinct_id\":\"\x01ö\"}]}"
	r.Observe(&capture.Request{
		Path: []byte("/batch/"), Query: []byte(`compression=x&"=%22`), ContentType: []byte("text/plain"),
		ContentEncoding: []byte("gzip"),
		ForwardedFor:    []byte("10.0.0.1"), Body: []byte(sent),
	}, 200)
	if n, err := r.Close(); err != nil || n != 1 {
		t.Fatalf("%v, %d lines", err, n)
	}
	s, err := scenario.Parse("a.yaml", []byte("name: a\nreplay: {files: ["+path+"], format: capture}\n"),
		scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := source.Open(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	plan := source.Plan
	var b body.Batch
	if err := source.Next(&b); err != nil {
		t.Fatal(err)
	}
	if plan.Requests != 1 || b.Path != `/batch/?compression=x&"=%22` || b.ContentType != "text/plain" ||
		b.ContentEncoding != "gzip" || b.ForwardedFor != "10.0.0.1" || string(b.Body) != sent {
		t.Errorf("%d requests, %+v", plan.Requests, b)
	}
}

// TestRecordOfV1IsReplayed: what v1 got, headers and all, does the same to another
// endpoint when it is sent again; and so does a v0 request beside it.
func TestRecordOfV1IsReplayed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wire := filepath.Join(dir, "wire.jsonl.gz")
	r, err := staging.NewRequestLog(wire)
	if err != nil {
		t.Fatal(err)
	}
	first, firstURL := serveStaging(t, staging.Config{Observe: r.Observe, NotPersisted: 0.1})
	const head = "name: a\nload: {profile: 'const(100, 200ms)'}\nbatching: {events: 10}\ntraffic: {}\n"
	rehearsed := func(name, text, target string) {
		t.Helper()
		file := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var problems strings.Builder
		run([]string{"run", file, "--quiet", "--out", filepath.Join(dir, name), "--target", target},
			env{nil, io.Discard, &problems, nil})
		if problems.Len() > 0 {
			t.Errorf("%s: %s", name, problems.String())
		}
	}
	rehearsed("v1", head+"target: {endpoint: v1, compression: zstd}\n", firstURL)
	rehearsed("v0", head+"target: {client: posthog-node}\n", firstURL)
	if n, err := r.Close(); err != nil || n != 4 {
		t.Fatalf("%v, %d lines", err, n)
	}
	if _, stdout, stderr := command(t, "profile", wire); !strings.HasPrefix(stdout, "40 events ") {
		t.Errorf("the profile of 40 recorded events is\n%s%s", stdout, stderr)
	}
	second, url := serveStaging(t, staging.Config{NotPersisted: 0.1})
	rehearsed("replay", "name: a\nreplay: {files: ["+wire+"], format: capture, speed: 100}\n"+
		"target: {connections: 1} # so that they come in their order\n", url)
	was, is := first.Stats(), second.Stats()
	if was.Checksum != is.Checksum || was.Events != is.Events || is.Events.Returned == 0 ||
		is.Events.Accepted+is.Events.Returned != 40 {
		t.Errorf("recorded %+v, replayed %+v", was.Events, is.Events)
	}
	result, err := rundir.Open(filepath.Join(dir, "replay"))
	if err != nil {
		t.Fatal(err)
	}
	if e := result.Result.Events; e.Accepted != is.Events.Accepted || e.Rejected != is.Events.Returned ||
		len(result.Result.Said) != 2 {
		t.Errorf("%+v, %+v", e, result.Result.Said)
	}
}
