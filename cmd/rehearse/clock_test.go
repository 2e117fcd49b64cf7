package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/results/rundir"
)

// TestClockOfTarget: a target whose clock is wrong is told of while the run goes on
// and in its report.
func TestClockOfTarget(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		fmt.Fprint(w, `{"status":"Ok"}`)
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(file,
		[]byte("name: clock\nload: {profile: 'const(100, 200ms)'}\ntarget: {connections: 2, url: '"+server.URL+
			"'}\nbatching: {events: 10}\ntraffic: {seed: 7}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	run([]string{"run", file, "--out", filepath.Join(dir, "run")},
		env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr})
	const want = "the endpoint's clock is 9m5"
	if !strings.Contains(stderr.String(), want) {
		t.Errorf("stderr %q", stderr.String())
	}
	r, err := rundir.Open(filepath.Join(dir, "run"))
	if err != nil || !strings.Contains(strings.Join(r.Result.Warnings, "\n"), want) {
		t.Errorf("%v, warnings of %+v", err, r)
	}
}
