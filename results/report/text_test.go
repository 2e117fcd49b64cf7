package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
)

// textOf is the report of a directory, with what depends on the machine put to a
// fixed value.
func textOf(t *testing.T, path string) string {
	t.Helper()
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	run.Result.Generator.CPUSeconds, run.Result.Generator.RSSBytes = 0.731, 21_400_000
	var page bytes.Buffer
	if err := WriteText(&page, run, text.Columns); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestText(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, c := range []struct {
		name     string
		reasonOf func(int) (capture.Reason, int)
		final    *results.Final // nil: killed
	}{
		{"pass", runtest.Accept, &results.Final{Ended: results.Completed}},
		{"fail", runtest.Reason, &results.Final{Ended: results.Completed}},
		{"aborted", runtest.Accept,
			&results.Final{Ended: results.Aborted, Why: "http(5xx, 10%, 30s): 12 % of the answers of the last 30 s"}},
		{"killed", runtest.Reason, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			d := rehearse(t, path, 2500, c.reasonOf)
			if c.final == nil {
				kill(t, d)
			} else if _, err := d.Close(*c.final); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, textOf(t, path))
		})
	}
}

// golden compares page with testdata/<name>.txt.
func golden(t *testing.T, name, page string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if page != string(want) {
		t.Errorf("got\n%s\nwant\n%s", page, want)
	}
}

// Whatever a server, a scenario or a forged result.json says, the report stays
// plain page of the promised width.
func TestTextIsHarmless(t *testing.T) {
	t.Parallel()
	evil := "\x1b[2J\x07\u202e" + strings.Repeat("wide ", 40) + strings.Repeat("W", 300)
	kind := results.RejectionRow{Reason: evil, Side: "server", Status: 429}
	run := &rundir.Run{
		Result: &results.Result{
			Run:        results.RunInfo{Scenario: evil, ID: evil, Target: evil, Why: evil, Ended: results.Completed},
			Rejections: []results.RejectionRow{kind},
			Thresholds: []results.ThresholdRow{{Text: evil, Value: evil}},
			Warnings:   []string{evil}, Verdict: results.Invalid,
		},
		Answers: map[results.RejectionRow]string{kind: evil},
	}
	for width := text.MinColumns; width <= text.Columns; width += 5 {
		wantWidth(t, run, width)
	}
}

// The table of times as a terminal of 40, 60 and 80 columns shows it, and
// everything else within them.
func TestTextIsAsNarrowAsItMustBe(t *testing.T) {
	t.Parallel()
	run := open(t, "../rundir/testdata/small-import")
	run.Result.Requests.Retried, run.Result.Retries = 180, &results.Retries{Amplification: 1.25, Settled: 12}
	for width, want := range map[int]string{
		20:  "time             p50       p99       max",
		40:  "time             p50       p99       max",
		60:  "time              p50        p99      p99.9        max",
		80:  "time             mean        p50        p90        p99      p99.9        max",
		100: "time              count       mean        p50        p90        p95        p99      p99.9        max",
		300: "time              count       mean        p50        p90        p95        p99      p99.9        max",
	} {
		page := wantWidth(t, run, width)
		if !strings.Contains(page, want+"\n") {
			t.Errorf("%d columns: no line %q in\n%s", width, want, page)
		}
		for _, must := range []string{
			"rate_limited", "429", "transient error", "261.4 ms", "7,200", "connections",
			"amplified 1.25 requests for each one, the last event in after 12 s",
		} {
			if !strings.Contains(strings.Join(strings.Fields(page), " "), must) {
				t.Errorf("%d columns: no %q in\n%s", width, must, page)
			}
		}
	}
}

// wantWidth sets a run in so many columns, and sees to it that it commands no
// terminal and needs no more.
func wantWidth(t *testing.T, run *rundir.Run, width int) string {
	t.Helper()
	var page bytes.Buffer
	if err := WriteText(&page, run, width); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(page.String(), "\x1b\x07\u202e") {
		t.Errorf("control characters in\n%q", page.String())
	}
	for line := range strings.Lines(page.String()) {
		n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n"))
		if n > min(max(width, text.MinColumns), text.Columns) {
			t.Errorf("%d columns of %d: %s", n, width, line)
		}
	}
	return page.String()
}

func TestTextReportsAWriteError(t *testing.T) {
	t.Parallel()
	err := WriteText(brokenWriter{}, &rundir.Run{Result: &results.Result{}}, text.Columns)
	if err == nil || err.Error() != "cannot write report: pipe closed" {
		t.Errorf("error %v", err)
	}
}
