package recording

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// example is a file of the page on recordings, how it is read, and what comes of it.
var example = regexp.MustCompile("(?s)```(jsonl|csv|log|har)\n(.*?)```\n\n" +
	"```yaml\n(.*?)```\n\n```(events|requests)\n(.*?)```")

// TestRecordingsPage: each example of docs/recordings.md does what it says there.
func TestRecordingsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/recordings.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := example.FindAllStringSubmatch(string(page), -1)
	if blocks := strings.Count(string(page), "\n```yaml\n"); len(examples) != blocks || len(examples) < 12 {
		t.Errorf("%d examples, but %d mappings", len(examples), blocks)
	}
	for i, parts := range examples {
		content, fields, kind, want := parts[2], strings.TrimSpace(parts[3]), parts[4], strings.TrimSpace(parts[5])
		path := written(t, content).Paths[0]
		text := fmt.Sprintf("name: a\nreplay:\n  files: [%q]\n  %s\n", path, fields)
		s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{})
		if err != nil {
			t.Errorf("example %d: %v", i, err)
			continue
		}
		var got []string
		var bad int64
		if kind == "requests" {
			got = requestLines(t, s.Replay)
		} else {
			var counts Counts
			got, counts = readAll(t, s.Replay)
			bad = counts.Bad
		}
		if all := strings.Join(got, "\n"); all != want || bad != 0 {
			t.Errorf("example %d gives\n%s\nwant\n%s\n(%d bad lines)", i, all, want, bad)
		}
	}
}

// requestLines reads requests, a line each.
func requestLines(t *testing.T, r *scenario.Replay) (lines []string) {
	t.Helper()
	requests, err := OpenRequests(r)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	for q := (Request{}); ; {
		err := requests.Next(&q, func(*Request) event.Reason { return "" })
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", q.Time.UTC().Format(time.RFC3339), q.Path, q.Body))
	}
}
