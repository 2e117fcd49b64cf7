package merge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/results"
	"rehearse/results/rundir"
)

// TestMergeFarEnds: what embedded endpoints of inputs counted is added up, unless
// it is not known of all; how their pipelines fared is left out; and inputs that
// had different targets are told of.
func TestMergeFarEnds(t *testing.T) {
	t.Parallel()
	const zero = `{"format": "rehearse/stage/v1", "requests": [{"route": "/batch", "status": 200, "requests": 40},
		{"route": "/e", "status": 400, "requests": 1}],
		"refusals": [{"status": 400, "text": "no", "requests": 1, "events": 3}],
		"events": {"accepted": 400, "lost": 7}, "bytes": {"wire": 10},
		"names": [{"name": "a", "events": 5}], "verdicts": [{"result": "ok", "detail": "", "events": 4}],
		"pipeline": {"over_quota": 2, "hot_ids": [{"distinct_id": "x", "events": 9}]}, "other_names": 1,
		"checksum": "fffffffffffffff0"}`
	const one = `{"format": "rehearse/stage/v1", "requests": [{"route": "/batch", "status": 200, "requests": 50},
		{"route": "/batch", "status": 503, "requests": 2}],
		"refusals": [], "events": {"accepted": 500}, "bytes": {"wire": 1, "plain": 2},
		"names": [{"name": "b", "events": 6}, {"name": "a", "events": 1}], "verdicts": [],
		"pipeline": {"over_quota": 1}, "checksum": "0000000000000020"}`
	const whole = `{"format": "rehearse/stage/v1", "joined": 2,
		"requests": [{"route": "/batch", "status": 200, "requests": 90},
		{"route": "/e", "status": 400, "requests": 1}, {"route": "/batch", "status": 503, "requests": 2}],
		"refusals": [{"status": 400, "text": "no", "requests": 1, "events": 3}],
		"events": {"accepted": 900, "refused": 0, "filtered": 0, "dropped": 0, "returned": 0, "lost": 7, "stored": 0},
		"bytes": {"wire": 11, "plain": 2},
		"names": [{"name": "a", "events": 6}, {"name": "b", "events": 6}],
		"verdicts": [{"result": "ok", "detail": "", "events": 4}],
		"pipeline": {"over_quota": 3}, "other_names": 1, "checksum": "0000000000000010"}`
	for name, row := range map[string]struct {
		files   [2]string
		targets [2]string
		want    string // endpoint.json
		warning string
	}{
		"each its own":      {files: [2]string{zero, one}, want: whole, warning: "an embedded endpoint of its own"},
		"one has none":      {files: [2]string{zero, ""}, warning: "not all shards have an endpoint.json"},
		"the first is torn": {files: [2]string{"{", one}, warning: "not all shards have an endpoint.json"},
		"a common target":   {targets: [2]string{"http://127.0.0.1:1", "http://127.0.0.1:1"}},
		"two targets": {targets: [2]string{"http://127.0.0.1:1", "http://127.0.0.1:2"},
			warning: "different targets: shard 1 http://127.0.0.1:2, the first http://127.0.0.1:1"},
	} {
		path := t.TempDir()
		dirs := []string{filepath.Join(path, "0"), filepath.Join(path, "1")}
		for i, dir := range dirs {
			part(t, dir, 10, results.Shard{Index: i, Of: 2}, func(m *results.Manifest) { m.Target = row.targets[i] })
			if text := row.files[i]; text != "" {
				if err := os.WriteFile(filepath.Join(dir, rundir.EndpointFile), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		r, err := Merge(filepath.Join(path, "whole"), Directories(dirs))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		warned := strings.Join(r.Warnings, "\n")
		if !strings.Contains(warned, row.warning) || row.warning == "" && strings.Contains(warned, "target") {
			t.Errorf("%s: warnings %q", name, warned)
		}
		text, _ := os.ReadFile(filepath.Join(path, "whole", rundir.EndpointFile)) // none is empty
		if diff := cmp.Diff(tree(t, row.want), tree(t, string(text))); diff != "" {
			t.Errorf("%s: endpoint.json\n%s", name, diff)
		}
	}
}

// tree is a JSON text, nil if it is empty.
func tree(t *testing.T, text string) (value any) {
	t.Helper()
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestMergeBadFarEnd: counts that do not add up are an error that names them.
func TestMergeBadFarEnd(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dirs := []string{filepath.Join(path, "0"), filepath.Join(path, "1"), filepath.Join(path, "single")}
	for i, dir := range dirs[:2] {
		part(t, dir, 100, results.Shard{Index: i, Of: 2}, nil)
		if err := os.WriteFile(filepath.Join(dir, rundir.EndpointFile),
			[]byte(`{"format": "rehearse/stage/v1", "checksum": "x"}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Merge(filepath.Join(path, "whole"), Directories(dirs[:2])); err == nil ||
		!strings.Contains(err.Error(), `its checksum is not one`) {
		t.Errorf("a checksum that is none: %v", err)
	}
	part(t, dirs[2], 100, results.Shard{Index: 0, Of: 1}, nil)
	if _, err := Merge(filepath.Join(path, "other"), Directories([]string{dirs[2], dirs[0]})); err == nil ||
		!strings.Contains(err.Error(), "is a whole run") {
		t.Errorf("a whole run and a shard: %v", err)
	}
}

// TestMergeClocks: a shard whose clock is off that of the others is named, and no other.
func TestMergeClocks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		ahead []time.Duration // of the endpoint's clock, by each shard's
		want  []string
	}{
		{[]time.Duration{0, 0, 0}, nil},
		{[]time.Duration{0, 0, -400 * time.Millisecond}, nil},
		{[]time.Duration{0, 0, 3200 * time.Millisecond}, []string{"shard 2 is about 3.2 s behind"}},
		{[]time.Duration{-4 * time.Second, 0, 0}, []string{"shard 0 is about 4.0 s ahead of"}},
		{[]time.Duration{-4 * time.Second, 0}, []string{"shard 0 is about 4.0 s ahead of"}},
		{[]time.Duration{0, 4 * time.Second}, []string{"shard 1 is about 4.0 s behind"}},
		{[]time.Duration{time.Hour, time.Hour, time.Hour}, nil}, // it is the endpoint's that is wrong
	} {
		path := t.TempDir()
		var dirs []string
		for i, ahead := range row.ahead {
			dirs = append(dirs, filepath.Join(path, strconv.Itoa(i)))
			d := begun(t, dirs[i], 10, 10, results.Shard{Index: i, Of: len(row.ahead)}, nil)
			final := results.Final{Ended: results.Completed, TargetState: results.TargetState{ClockAhead: ahead}}
			if _, err := d.Close(final); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Merge(filepath.Join(path, "whole"), Directories(dirs))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, warning := range r.Warnings {
			if strings.HasPrefix(warning, "the clock of ") {
				got = append(got, warning)
			}
		}
		if len(got) != len(row.want) || len(got) > 0 && !strings.Contains(got[0], row.want[0]) {
			t.Errorf("%v: %q, want %q", row.ahead, got, row.want)
		}
	}
}
