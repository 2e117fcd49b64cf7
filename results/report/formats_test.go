package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// Every form of the report of the committed run stays what it is.
func TestForms(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open("../rundir/testdata/small-import")
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]func(io.Writer, *rundir.Run) error{
		"small-import.md": WriteMarkdown, "small-import.xml": WriteJUnit, "small-import.github": WriteAnnotations,
		"small-import.rejected": wideRejected, "small-import.csv": WriteEvents,
	} {
		var got bytes.Buffer
		if err := form(&got, run); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got.Bytes(), want)
		}
		if err := form(brokenWriter{}, run); err == nil {
			t.Errorf("%s: a broken pipe is no error", name)
		}
	}
}

// What others wrote commands neither a terminal, nor a page, nor a build server.
func TestHostileForms(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open(hostile(t))
	if err != nil {
		t.Fatal(err)
	}
	var markdown, junit, github, rejected bytes.Buffer
	for out, form := range map[*bytes.Buffer]func(io.Writer, *rundir.Run) error{
		&markdown: WriteMarkdown, &junit: WriteJUnit, &github: WriteAnnotations, &rejected: wideRejected,
	} {
		if err := form(out, run); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e") {
			t.Errorf("control characters in\n%q", out.String())
		}
	}
	if strings.Contains(markdown.String(), "<script") || strings.Contains(markdown.String(), "<img") {
		t.Errorf("markup in\n%s", markdown.String())
	}
	if err := xml.Unmarshal(junit.Bytes(), &suites{}); err != nil {
		t.Errorf("no XML: %v", err)
	}
	for line := range strings.Lines(github.String()) {
		if !strings.HasPrefix(line, "::error title=rehearse") && !strings.HasPrefix(line, "::warning title=rehearse") {
			t.Errorf("a command of others: %q", line)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("pipe closed") }

// wideRejected is the list where there is room for a table.
func wideRejected(w io.Writer, run *rundir.Run) error {
	return WriteRejected(w, run, text.Columns)
}

// Where there is no room for a table, the list is one of paragraphs.
func TestNarrowRejections(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open("../rundir/testdata/small-import")
	if err != nil {
		t.Fatal(err)
	}
	for width, want := range map[int]string{
		0: "- 19 requests, 190 events: rate_limited\n  429 (server), due from 0.4 s to\n  15.7 s: \"rate " +
			"limited\"\n- 10",
		40: "- 19 requests, 190 events: rate_limited\n  429 (server), due from 0.4 s to\n  15.7 s: \"rate " +
			"limited\"\n- 10",
		80: "- 19 requests, 190 events: rate_limited 429 (server), due from 0.4 s to 15.7 s:\n  \"rate limited\"\n- 10",
	} {
		var text bytes.Buffer
		if err := WriteRejected(&text, run, width); err != nil || !strings.HasPrefix(text.String(), want) {
			t.Errorf("%d columns: error %v\n%s, want\n%s", width, err, text.String(), want)
		}
	}
}

// Answers that differ in numbers and ids alone are of one kind.
func TestLikeness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b  string
		alike bool
	}{
		{`{"results":{"8b6c5ffd-aea4-435b-80ab-fcbd5126f516":{"result":"retry"`,
			`{"results":{"2cd6ae97-2cdd-4fea-87f0-76bb7f6cc584":{"result":"retry"`, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 97\r\nDate: Sun, 22 Nov 2026 07:40:01 GMT\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 1171\r\nDate: Sun, 22 Nov 2026 07:41:59 GMT\r\n", true},
		{"rate limited", "transient error", false},
		{"a bad face", "a bad deed", false}, // words, though of hexadecimal digits
	} {
		if alike := likeness(c.a) == likeness(c.b); alike != c.alike {
			t.Errorf("%q and %q: alike %t", likeness(c.a), likeness(c.b), alike)
		}
	}
}
