package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/recording"
	"rehearse/results/rundir"
)

// command runs the program in this process.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(args, env{stdin: strings.NewReader(""), stdout: &out, stderr: &err})
	return code, out.String(), err.String()
}

// TestBadLinesAreQuarantined: a run with lines that cannot be sent sends the
// others, says so, and keeps the bad ones in its directory.
func TestBadLinesAreQuarantined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var export strings.Builder
	for i := range 50 {
		fmt.Fprintf(&export, `{"event":"a","distinct_id":"user-%d","timestamp":%d,"properties":{}}`+"\n", i%7,
			1767225600+i)
	}
	export.WriteString("no event\n" + `{"event":"a","distinct_id":"NaN","timestamp":1767225700,"properties":{}}` + "\n")
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	write(t, filepath.Join(dir, "s.yaml"),
		"name: a\ntarget: {connections: 2}\nreplay: {files: [export.jsonl], speed: 1000}\n"+
			"thresholds: [rejected == 0]\n")
	out := filepath.Join(dir, "run")
	_, _, stderr := command(t, "run", filepath.Join(dir, "s.yaml"), "--out", out)
	if !strings.Contains(stderr, "1 recorded lines left out: an illegal distinct_id") {
		t.Errorf("stderr says\n%s", stderr)
	}
	r, err := rundir.Open(out)
	if err != nil || r.Result.Events.Accepted != 50 {
		t.Fatalf("%v, %+v", err, r)
	}
	file, err := os.Open(filepath.Join(out, recording.QuarantineFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(z)
	for _, want := range []string{`"line":51,"reason":"not a JSON object","text":"no event"`,
		`"line":52,"reason":"an illegal distinct_id"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the quarantine lacks %s:\n%s", want, text)
		}
	}
	for set, kept := range map[string]bool{"": false, "replay.quarantine=lines": true} {
		out := filepath.Join(t.TempDir(), "run")
		args := []string{"run", filepath.Join(dir, "s.yaml"), "--out", out, "--set", "replay.pseudonymize=true"}
		if set != "" {
			args = append(args, "--set", set)
		}
		command(t, args...)
		packed, err := os.Open(filepath.Join(out, recording.QuarantineFile))
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		z, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(z)
		if strings.Contains(string(text), "no event") != kept || !strings.Contains(string(text), `"line":51,`) {
			t.Errorf("under pseudonyms, with %q, the quarantine is\n%s", set, text)
		}
	}
	if code, _, stderr := command(t, "run", filepath.Join(dir, "s.yaml"), "--set",
		"replay.max_bad=1"); code != exitScenario || !strings.Contains(stderr, "2 of 52") {
		t.Errorf("two bad lines where one is allowed: exit %d, %s", code, stderr)
	}
}

// TestWrongClock: a replay that would last for decades because one clock was wrong is
// refused by check, which says where and what to do, and run says so before it starts.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := func(at string) string {
		return fmt.Sprintf(`{"event":"a","distinct_id":"u","timestamp":%q,"properties":{}}`+"\n", at)
	}
	write(t, filepath.Join(dir, "export.jsonl"),
		line("1970-01-01T00:00:00Z")+strings.Repeat(line("2026-01-01T00:00:00Z"), 9))
	path := filepath.Join(dir, "s.yaml")
	write(t, path, "name: a\nreplay: {files: [export.jsonl]}\n")
	code, stdout, _ := command(t, "check", path)
	text := strings.Join(strings.Fields(stdout), " ")
	for _, want := range []string{"refuse long-pause", "20454 days", "export.jsonl:2)", "replay.max_gap",
		"replay.from: 2026-01-01T00:00:00Z"} {
		if code != exitRefused || !strings.Contains(text, want) {
			t.Errorf("exit %d, and check does not say %q:\n%s", code, want, stdout)
		}
	}
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	var out, stderr bytes.Buffer
	run([]string{"run", path, "--out", filepath.Join(dir, "run")},
		env{stdin: strings.NewReader(""), stdout: &out, stderr: &stderr, interrupts: interrupts})
	if before, _, _ := strings.Cut(stderr.String(), "writing "); !strings.Contains(before,
		"note: nothing is sent for 20454 days") || !strings.Contains(before, "over 20454 days") {
		t.Errorf("run begins without a word of it:\n%s", stderr.String())
	}
	if _, stdout, _ := command(t, "check", path, "--set", "replay.max_gap=1s"); strings.Contains(stdout, "long-pause") {
		t.Errorf("a pause that is cut is still long:\n%s", stdout)
	}
}

// TestOrderHasAPrice: what order per id costs in rate is said before the run, in its
// report and in its result.
func TestOrderHasAPrice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var export strings.Builder
	for i := range 1000 {
		id := i
		if i%2 == 0 {
			id = 0 // half of the events, and no other id on its connection but by chance
		}
		fmt.Fprintf(&export, `{"event":"a","distinct_id":"user-%d","timestamp":%d,"properties":{}}`+"\n", id,
			1767225600+i)
	}
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	path, out := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "run")
	write(t, path, "name: a\ntarget: {connections: 8}\nreplay: {files: [export.jsonl], speed: 10000}\n")
	_, stdout, stderr := command(t, "run", path, "--out", out, "-q")
	_, result, _ := command(t, "report", out, "--json")
	// The busy connection has 50 % and an eighth of the rest, about 56 %, of the events.
	for where, text := range map[string]string{"notes": stderr, "report": stdout, "result": result} {
		if !strings.Contains(text, "order per-id: one of 8 connections carries 5") ||
			!strings.Contains(text, "times the rate") {
			t.Errorf("the %s do not say what order costs:\n%s", where, text)
		}
	}
}

// TestResumeByCommand: an interrupted run is continued in another directory, and
// the two together accepted every event once.
func TestResumeByCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var export strings.Builder
	for i := range 400 {
		fmt.Fprintf(&export, `{"event":"a","distinct_id":"user-%d","timestamp":%d,"properties":{}}`+"\n", i%7,
			1767225600+i)
	}
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	path := filepath.Join(dir, "s.yaml")
	write(t, path, "name: a\ntarget: {connections: 2}\nbatching: {events: 5}\nreplay: {files: [export.jsonl], "+
		"speed: 400}\n")
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt // before the first batch is due
	first, second := filepath.Join(dir, "1"), filepath.Join(dir, "2")
	var out, notes bytes.Buffer // notes are written beside what is printed
	if code := run([]string{"run", path, "--out", first, "-q"},
		env{
			stdin:      strings.NewReader(""),
			stdout:     &out,
			stderr:     &notes,
			interrupts: interrupts,
		}); code != exitInterrupted {
		t.Fatalf("exit %d: %s%s", code, &notes, &out)
	}
	if code, _, stderr := command(t, "run", path, "--resume", first, "--set",
		"batching.events=6"); code != exitScenario || !strings.Contains(stderr, "another scenario") {
		t.Errorf("resumed with other batches: exit %d, %s", code, stderr)
	}
	lines := strings.SplitAfter(export.String(), "\n")
	lines[7], lines[8] = lines[8], lines[7] // as many events, in another order
	write(t, filepath.Join(dir, "export.jsonl"), strings.Join(lines, ""))
	if code, _, stderr := command(t, "run", path, "--resume", first); code != exitScenario ||
		!strings.Contains(stderr, "export.jsonl is not what the run read") {
		t.Errorf("resumed with a changed file: exit %d, %s", code, stderr)
	}
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	_, _, stderr := command(t, "run", path, "--resume", first, "--out", second, "-q")
	var accepted int64
	for _, directory := range []string{first, second} {
		r, err := rundir.Open(directory)
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr)
		}
		accepted += r.Result.Events.Accepted
	}
	if accepted != 400 || !strings.Contains(stderr, "resuming "+first) {
		t.Errorf("%d events were accepted of 400\n%s", accepted, stderr)
	}
	if code, _, stderr := command(t, "run", path, "--resume", second); code != exitScenario ||
		!strings.Contains(stderr, "nothing is left") {
		t.Errorf("resumed what was complete: exit %d, %s", code, stderr)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
