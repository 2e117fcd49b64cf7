package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// quoting is an endpoint that refuses every request and quotes it, in one coding after
// the other.
func quoting() http.HandlerFunc {
	var asked atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
				body, _ = io.ReadAll(z)
			}
		}
		w.WriteHeader(http.StatusBadRequest)
		switch asked.Add(1) % 4 {
		case 0:
			fmt.Fprintf(w, "not good: %s", body)
		case 1:
			fmt.Fprintf(w, "not good: %s", base64.StdEncoding.EncodeToString(body))
		case 2:
			fmt.Fprintf(w, "not good: %x", body)
		case 3:
			fmt.Fprintf(w, `{"error": %q}`, body)
		}
	}
}

// TestQuotingEndpoint: an endpoint that quotes the request in every coding puts
// neither the token nor what a customer recorded into a file of the run, a report or
// onto the terminal.
func TestQuotingEndpoint(t *testing.T) {
	t.Parallel()
	const token, person = "phc_Zx9Kq2LmW7vR4tYb8NcD1fGhJ3sQpA", "anna.schmidt@example.com"
	server := httptest.NewServer(quoting())
	defer server.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var lines strings.Builder
	for i := range 40 {
		fmt.Fprintf(&lines,
			`{"event":"Paid","distinct_id":%q,"timestamp":"2026-11-22T09:00:%02dZ","properties":{"who":"Anna `+
				`Schmidt"}}`+"\n", person, i/4)
	}
	write("a.jsonl", lines.String())
	tokenFile := write("token", token+"\n")
	scene := write("s.yaml", "name: quoting\ntarget: {url: '"+server.URL+"'}\nload: {profile: 'const(200, 200ms)'}\n"+
		"batching: {events: 2}\nreplay: {files: [a.jsonl], clock: profile, pseudonymize: false}\n")
	var out bytes.Buffer
	e := env{strings.NewReader(""), &out, &out, nil}
	path := filepath.Join(dir, "run")
	run([]string{"run", scene, "--token-file", tokenFile, "--out", path}, e)
	run([]string{"report", path, "--format", "markdown"}, e)
	if !strings.Contains(out.String(), "not good: [redacted") {
		t.Errorf("no word of what the endpoint said:\n%s", &out)
	}
	leaks := func(where string, text []byte) {
		t.Helper()
		for _, secret := range []string{token, person, "Anna Schmidt"} {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))[:12],
				fmt.Sprintf("%x", secret)[:16]} {
				if bytes.Contains(text, []byte(form)) {
					t.Errorf("%s holds %q, of %q", where, form, secret)
				}
			}
		}
	}
	leaks("the terminal", out.Bytes())
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		leaks(file, text)
		if z, bad := gzip.NewReader(bytes.NewReader(text)); bad == nil {
			plain, _ := io.ReadAll(z)
			leaks(file, plain)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
