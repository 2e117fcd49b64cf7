package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// besideRun is a run with that as its endpoint.json.
func besideRun(t *testing.T, text string) *Run {
	t.Helper()
	path := t.TempDir()
	if err := os.CopyFS(path, os.DirFS("testdata/small-import")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, EndpointFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// TestFarEnd: what was answered with yes and dropped is held against the books.
func TestFarEnd(t *testing.T) {
	t.Parallel()
	run := besideRun(t, `{"format": "rehearse/stage/v1", "events": {"accepted": 7060, "lost": 940}, "pipeline": {"over_quota": 60}}`)
	if diff := cmp.Diff(&FarEnd{Kept: 7000, Lost: 940, OverQuota: 60}, run.FarEnd); diff != "" {
		t.Error(diff)
	}
	want := "the endpoint kept 7,000 events; it answered yes and lost 940; it answered yes and dropped 60 over quota"
	for width := MinTextWidth; width <= TextWidth; width += 20 {
		if text := wantWidth(t, run, width); !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%d columns: no %q in\n%s", width, want, text)
		}
	}
	if got := run.FarEnd.Against(6_999); !strings.HasPrefix(got, "the endpoint kept 7,000 events, some of them more than once, ") {
		t.Errorf("%q of 6,999 that were sent", got)
	}
	for _, bad := range []string{"", "{", `{"format": "x\u001b[31m"}`, "\x96\x00"} {
		run := besideRun(t, bad)
		text := wantWidth(t, run, TextWidth)
		if run.FarEnd != nil || !strings.Contains(text, "endpoint.json: ") {
			t.Errorf("%q is %+v, and no warning in\n%s", bad, run.FarEnd, text)
		}
	}
}

// TestCauses: what was met on the way is named, the most frequent first, and few.
func TestCauses(t *testing.T) {
	t.Parallel()
	many := &RetryFacts{}
	for i := range int64(8) {
		many.Refused = append(many.Refused, RejectionRow{Reason: "unavailable", Status: 503, Requests: 1000 + i})
	}
	for _, c := range []struct {
		facts *RetryFacts
		want  string
	}{
		{&RetryFacts{}, ""},
		{&RetryFacts{Refused: []RejectionRow{{Reason: "connect_refused", Requests: 1}, {Reason: "rate_limited", Status: 429, Requests: 1200}}}, "1,200 × rate_limited 429, 1 × connect_refused"},
		{many, "1,007 × unavailable 503, 1,006 × unavailable 503, 1,005 × unavailable 503, 1,004 × unavailable 503, 1,003 × unavailable 503, 1,002 × unavailable 503, and others"},
	} {
		if got := c.facts.Causes(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestMergeOwnEndpoints: what the embedded endpoints of shards counted is not
// joined, and the whole says so.
func TestMergeOwnEndpoints(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dirs := []string{filepath.Join(path, "0"), filepath.Join(path, "1"), filepath.Join(path, "whole"), filepath.Join(path, "single")}
	for i, dir := range dirs[:2] {
		part(t, dir, 100, Shards{i, 2}, nil)
	}
	part(t, dirs[3], 100, Shards{0, 1}, nil)
	if err := os.WriteFile(filepath.Join(dirs[1], EndpointFile), []byte(`{"format": "rehearse/stage/v1"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Merge(dirs[2], dirs[:2])
	if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "an embedded endpoint of its own") {
		t.Errorf("%v, warnings %q", err, r.Warnings)
	}
	if _, err := Merge(filepath.Join(path, "other"), []string{dirs[3], dirs[0]}); err == nil || !strings.Contains(err.Error(), "is a whole run") {
		t.Errorf("a whole run and a shard: %v", err)
	}
}
