package preflight_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rehearse/internal/preflight"
	"rehearse/scenario"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestReadyScenarios: the verdict on each of them, and what is found, does not
// change unnoticed.
func TestReadyScenarios(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d scenarios (%v)", len(files), err)
	}
	var got strings.Builder
	for _, file := range files {
		s, err := scenario.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		r := foretell(t, s, nil)
		var ids []string
		for _, f := range r.Findings {
			if !slices.Contains(ids, f.ID) {
				ids = append(ids, f.ID)
			}
		}
		fmt.Fprintf(&got, "%-24s %-12s %s\n", filepath.Base(file), r.Verdict, strings.Join(ids, " "))
	}
	golden(t, "ready.txt", []byte(got.String()))
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not as it was (%v): run with -update and look at the difference\n%s", path, err, got)
	}
}

// TestFlood: the ready flood is refused for its shape, and goes when it is
// batched, ramped and of ids that have it.
func TestFlood(t *testing.T) {
	t.Parallel()
	load := func(set ...string) *preflight.Report {
		s, err := scenario.LoadWith("../../scenarios/single-event-flood.yaml", scenario.Options{Set: append(set, "intake={committed: yes, starts: 2026-12-03T10:00:00+01:00, overlap: yes, apps: no}")})
		if err != nil {
			t.Fatal(err)
		}
		return foretell(t, s, nil)
	}
	flood := load()
	if flood.Verdict != preflight.Refuse || find(flood, "no-ramp") == nil || find(flood, "single-events") == nil {
		t.Errorf("%s: %+v", flood.Verdict, flood.Findings)
	}
	for _, half := range [][]string{
		{"load.profile=line(0, 600, 2s) const(600, 9s)"},
		{"target.endpoint=batch"},
	} {
		if r := load(half...); r.Verdict != preflight.Refuse {
			t.Errorf("%q: %s", half, r.Verdict)
		}
	}
	fixed := load("load.profile=line(0, 600, 2s) const(600, 9s)", "target.endpoint=batch", "target.compression=gzip",
		"traffic.faults=null", "traffic.distinct_ids={count: 1000, skew: 0.5}")
	if fixed.Verdict != preflight.Go || len(fixed.Findings) != 0 {
		t.Errorf("%s: %+v", fixed.Verdict, fixed.Findings)
	}
}

// TestReplay: a recording is judged by what it holds. One line is not an event,
// one is older than the one before, and a minute lies between the last two.
func TestReplay(t *testing.T) {
	t.Parallel()
	lines := ""
	for i := range 1500 {
		lines += fmt.Sprintf(`{"event":"a","distinct_id":"robot","timestamp":"2026-12-01T10:00:%02d.%03dZ"}`+"\n", i/100, i%100*10)
	}
	lines += "nonsense\n" +
		`{"event":"$identify","distinct_id":"u","timestamp":"2026-12-01T10:00:01Z","properties":{"$anon_distinct_id":"undefined"}}` + "\n" +
		`{"event":"a","distinct_id":"u","timestamp":"2026-12-01T10:01:20Z"}` + "\n"
	file := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "name: a\nbatching: {events: 10}\nreplay: {files: ['" + file + "'], format: jsonl, order: none}\n"
	r := foretell(t, parse(t, text), nil)
	p := &r.Plan
	if !p.Counted || p.Events != 1502 || p.Persons != 2 || p.Pause < 55 || p.Merges != 1 || r.Merges.Refused != 1 || r.HotIDs[0].DistinctID != "robot" || r.HotIDs[0].Events != 1500 {
		t.Errorf("%+v, %+v", p, r.HotIDs)
	}
	if find(r, "recording") == nil || find(r, "no-ramp") != nil || find(r, "hot-ids") != nil || !strings.HasPrefix(r.Findings[len(r.Findings)-1].Where, "a.yaml:") {
		t.Errorf("%+v", r.Findings)
	}
	// A hundred times as fast it is a jump, and 10,000/s of one id overflow.
	r = foretell(t, parse(t, text, "replay.speed=100"), nil)
	if find(r, "no-ramp") == nil || find(r, "hot-ids") == nil || r.Verdict != preflight.Refuse || r.HotIDs[0].Overflow < 450 || r.HotIDs[0].Overflow > 500 {
		t.Errorf("%s: %+v, %+v", r.Verdict, r.Findings, r.HotIDs)
	}
	if f := find(r, "no-ramp"); f != nil && !strings.Contains(f.Hint, "replay.speed") {
		t.Errorf("%+v", f)
	}
}

// TestRequestsAsRecorded: no finding about requests that are sent byte for byte
// asks for a field that would not change them.
func TestRequestsAsRecorded(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load("../../scenarios/replay-wire.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := foretell(t, s, nil)
	for _, id := range []string{"not-historical", "batch-small"} {
		if f := find(r, id); f == nil || strings.Contains(f.Hint, "set ") {
			t.Errorf("%s: %+v", id, f)
		}
	}
}
