package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/staging"
)

// TestVerifyDocument runs the commands of docs/verify.md, each of which says how it
// exits.
func TestVerifyDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	_, yaml, _ := strings.Cut(string(text), "```yaml\n")
	yaml, _, _ = strings.Cut(yaml, "```")
	if err := os.WriteFile("small.yaml", []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			runDocumented(t, strings.TrimSpace(line))
			ran++
		}
	}
	if ran < 7 {
		t.Errorf("the document has %d commands", ran)
	}
}

// runDocumented runs a command line as a document has it: rehearse …, perhaps > FILE,
// perhaps # exit CODE or CODE.
func runDocumented(t *testing.T, line string) {
	t.Helper()
	command, comment, _ := strings.Cut(line, "#")
	command, file, redirected := strings.Cut(command, " > ")
	var args []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
		args = append(args, m[1]+m[2])
	}
	var out, problems bytes.Buffer
	code := run(args[1:], env{strings.NewReader(""), &out, &problems, nil})
	want := []int{0}
	if codes := regexp.MustCompile(`exit (\d+)(?: or (\d+))?`).FindStringSubmatch(comment); codes != nil {
		want = nil
		for _, c := range codes[1:] {
			for _, known := range []int{exitPass, exitThreshold, exitInvalid} {
				if c != "" && strings.TrimSpace(c) == strconv.Itoa(known) {
					want = append(want, known)
				}
			}
		}
	}
	for _, w := range want {
		if code == w {
			if redirected {
				if err := os.WriteFile(filepath.Clean(strings.TrimSpace(file)), out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return
		}
	}
	t.Fatalf("%s: exit %d, want one of %d\n%s%s", line, code, want, &out, &problems)
}

// TestVerifyKilledAndResumed: of a run that was killed and resumed, what its ledgers do
// not know is settled by what arrived, and what a resumed run sent again for that is no
// duplicate. What is taken out of what arrived is lost.
func TestVerifyKilledAndResumed(t *testing.T) {
	t.Parallel()
	const events = 3000
	wire := filepath.Join(t.TempDir(), "wire.jsonl")
	log, err := staging.NewRequestLog(wire)
	if err != nil {
		t.Fatal(err)
	}
	arrived := arrivals{times: map[string]int{}}
	k := newKillable(t, 1, func(q *capture.Request, status int) {
		log.Observe(q, status)
		arrived.observe(q, status)
	})
	write(t, k.path, "name: a\nload: {profile: 'const(2000, 1500ms)'}\ntarget: {connections: 3}\n"+
		"batching: {events: 10}\ntraffic: {seed: 3}\n")
	enough, release := arrived.stopAt(900)
	first, _ := k.run(t, 0, "", func() bool {
		all, _ := arrived.count()
		return all >= enough
	})
	release()
	last, said := k.run(t, 1, first, nil)
	if _, err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "resuming") {
		t.Fatal(said)
	}
	r := verified(t, last, wire, exitPass)
	if e := &r.Events; e.Planned != events || e.Accepted.Present != events || e.Duplicated != 0 ||
		r.Run.Attempts != 2 || r.Content.Altered != 0 || !r.Content.Bytes {
		t.Errorf("resumed: %+v, rows %+v", r.Events, r.Rows)
	}
	r = verified(t, first, wire, -1)
	if e := &r.Events; e.Planned != events || e.Accepted.Lost != 0 || e.Unsure.Arrived == 0 ||
		e.Accepted.Present+e.Unsure.Arrived < int64(enough) {
		t.Errorf("killed: %+v, rows %+v", r.Events, r.Rows)
	}
	text, err := os.ReadFile(wire)
	if err != nil {
		t.Fatal(err)
	}
	fewer := filepath.Join(t.TempDir(), "fewer.jsonl")
	write(t, fewer, string(text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1]))
	if r = verified(t, last, fewer, exitThreshold); r.Events.Accepted.Lost != 10 {
		t.Errorf("the last request is missing: %+v", r.Events)
	}
}

// verified is what verify finds; it exits with a code, -1 for any.
func verified(t *testing.T, directory, from string, want int) *verify.Report {
	t.Helper()
	code, out, problems := command(t, "verify", directory, "--from", from, "--json")
	if want >= 0 && code != want {
		t.Fatalf("exit %d, want %d: %s%s", code, want, out, problems)
	}
	r, err := verify.Parse([]byte(out))
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, problems)
	}
	return r
}

// TestVerifyInterrupted: the first interrupt ends a watch, which is said at once, and what was
// seen by then is reported.
func TestVerifyInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, directory, source := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "run"), filepath.Join(dir, "rows.jsonl")
	write(t, file, "name: a\nload: {profile: 'const(10, 1s)'}\nbatching: {events: 10}\n")
	write(t, source, "{}\n")
	if code, out, problems := command(t, "run", file, "-q", "-o", directory); code != exitPass {
		t.Fatalf("exit %d: %s%s", code, out, problems)
	}
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	var out, problems bytes.Buffer
	code := run([]string{"verify", directory, "--from", source, "--watch", "--json"},
		env{strings.NewReader(""), &out, &problems, interrupts})
	r, err := verify.Parse(out.Bytes())
	if err != nil || code == exitPass || r.Events.Accepted.Present != 0 || r.Events.Planned != 10 {
		t.Errorf("exit %d, %v: %s", code, err, &out)
	}
	if !strings.Contains(problems.String(), "no more is read of what arrived") {
		t.Errorf("it says %q", &problems)
	}
	if kept, err := os.ReadFile(filepath.Join(directory, verify.File)); err != nil || !bytes.Equal(kept, out.Bytes()) {
		t.Errorf("verify.json: %v, %s", err, kept)
	}
}
