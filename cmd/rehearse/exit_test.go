package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rehearse/rehearsal"
	"rehearse/results"
	"rehearse/scenario/strict"
)

// Every end of a run has its exit code.
func TestVerdictCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		ended   results.Ended
		rule    string
		shards  int
		verdict results.Verdict
		want    int
	}{
		{"pass", results.Completed, "", 1, results.Pass, 0},
		{"fail", results.Completed, "", 1, results.Fail, 99},
		{"invalid", results.Completed, "", 1, results.Invalid, 120},
		{"interrupted", results.Interrupted, "", 1, results.Fail, 105},
		{"aborted by a rule", results.Aborted, "net(20%, 10s)", 1, results.Fail, 108},
		{"aborted by a rule, and invalid", results.Aborted, "net(20%, 10s)", 1, results.Invalid, 108},
		{"out of time", results.Aborted, "", 1, results.Invalid, 120},
		{"a shard", results.Completed, "", 4, results.Invalid, 0},
		{"a shard, interrupted", results.Interrupted, "", 4, results.Invalid, 105},
	} {
		r := &results.Result{Verdict: c.verdict}
		r.Run.Ended, r.Run.Rule, r.Run.Shard.Of = c.ended, c.rule, c.shards
		if got := verdictCode(r); got != c.want {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		0: nil, 1: errors.New("x"), 2: fmt.Errorf("y: %w", exitError{exitUsage, errors.New("x")}),
		99: status(99), 104: strict.Errors{{What: "x"}},
	} {
		if got := codeOf(err); got != want {
			t.Errorf("%v: exit %d, want %d", err, got, want)
		}
	}
}

func TestReadShardAndStart(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for _, c := range []struct {
		shard, start string
		want         rehearsal.Options
		ok           bool
	}{
		{"", "", rehearsal.Options{}, true},
		{"0/4", "", rehearsal.Options{Group: rehearsal.Group{Shard: results.Shard{Index: 0, Of: 4}}}, true},
		{"3/4", soon.Format(time.RFC3339),
			rehearsal.Options{Group: rehearsal.Group{Shard: results.Shard{Index: 3, Of: 4}, Start: soon}}, true},
		{"4/4", "", rehearsal.Options{}, false}, {"-1/4", "", rehearsal.Options{}, false},
		{"1", "", rehearsal.Options{}, false}, {"1/4x", "", rehearsal.Options{}, false},
		{"1/0", "", rehearsal.Options{}, false}, {"", "tomorrow", rehearsal.Options{}, false},
		{"", "2999-01-01T00:00:00Z", rehearsal.Options{}, false},
	} {
		f := runFlags{shard: c.shard, start: c.start}
		err := f.read()
		got := f.options
		if (err == nil) != c.ok || c.ok && (got.Shard != c.want.Shard || !got.Start.Equal(c.want.Start)) {
			t.Errorf("%q %q: %+v, %v", c.shard, c.start, got, err)
		}
		if err != nil && codeOf(err) != exitUsage {
			t.Errorf("%q %q: exit %d", c.shard, c.start, codeOf(err))
		}
	}
}

// TestWrongCommandLines: a word too many, or a number that counts nothing, is the
// command line's mistake, and the complaint names it.
func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"stage extra": `"extra"`,
		"stage --listen 127.0.0.1:0 --max-body 0 --retry-after 500ms": "--retry-after: cannot say 500ms",
		"stage --listen 127.0.0.1:0 --max-body 0":                     "--max-body: no body",
		"init extra":              `"extra"`,
		"version extra":           `"extra"`,
		"sample a.yaml -n -1":     "must not be negative",
		"sample a.yaml --from -1": "must not be negative",
	} {
		var stdout, stderr locked
		if code := run(strings.Fields(line), env{nil, &stdout, &stderr, nil}); code != exitUsage ||
			!strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d, %s", line, code, stderr.String())
		}
	}
}
