package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/staging"
)

// interruptedAt runs a scenario until so many events have arrived, and interrupts it.
func interruptedAt(t *testing.T, events int, got *received, args ...string) string {
	t.Helper()
	interrupts := make(chan os.Signal, 1)
	var out, notes bytes.Buffer // notes are written beside what is printed
	code := make(chan int)
	go func() {
		code <- run(append([]string{"run", "-q"}, args...),
			env{stdin: strings.NewReader(""), stdout: &out, stderr: &notes, interrupts: interrupts})
	}()
	until(t, "events", func() bool {
		got.mu.Lock()
		defer got.mu.Unlock()
		return len(got.raw) >= events
	})
	interrupts <- syscall.SIGHUP
	if c := <-code; c != exitInterrupted {
		t.Fatalf("exit %d: %s%s", c, &notes, &out)
	}
	return out.String()
}

// Synthesized traffic is resumed as a recording is, and so is a shard of it, without
// a flag repeated: all together bring every event once.
func TestResumeSynthesized(t *testing.T) {
	t.Parallel()
	dir, got := t.TempDir(), newReceived()
	_, url := serveStaging(t, staging.Config{Observe: got.observe})
	path := filepath.Join(dir, "s.yaml")
	write(t, path, "name: a\nload: {profile: 'const(400, 3s)'}\ntarget: {connections: 3}\nbatching: {events: 5}\n"+
		"traffic: {properties: {bytes: {p50: 1, p99: 1}}}\n")
	var group sync.WaitGroup
	for index, shard := range []string{"0/2", "1/2"} {
		first, second := filepath.Join(dir, fmt.Sprint(index)), filepath.Join(dir, fmt.Sprint(index, "-rest"))
		interruptedAt(t, 100+400*index, got, path, "--set", "traffic.seed=5", "--target", url, "--token",
			"phc_not_in_the_file", "--shard", shard, "--out", first)
		group.Go(func() {
			if code, _, stderr := command(t, "run", "--resume", first, "--out", second, "-q"); code != exitUsage ||
				!strings.Contains(stderr, "target.token: give --token") {
				t.Errorf("without the token: exit %d, %s", code, stderr)
			}
			if code, _, stderr := command(t, "run", "--resume", first, "--token", "phc_wrong", "--out", second,
				"-q"); code != exitScenario || !strings.Contains(stderr, "what is given is not what the run had") {
				t.Errorf("with another token: exit %d, %s", code, stderr)
			}
			if code, _, stderr := command(t, "run", "--resume", first, "--token", "phc_not_in_the_file", "--shard",
				"0/3", "-q"); code != exitUsage || !strings.Contains(stderr, "leave --shard out") {
				t.Errorf("as another shard: exit %d, %s", code, stderr)
			}
			code, _, stderr := command(t, "run", "--resume", first, "--token", "phc_not_in_the_file", "--out",
				second, "-q")
			if code != exitPass || !strings.Contains(stderr, "resuming "+first) {
				t.Errorf("exit %d, %s", code, stderr)
			}
			if got := open(t, second).Result.Run.Shard; got != (results.Shard{Index: index, Of: 2}) {
				t.Errorf("resumed as shard %+v", got)
			}
			if code, _, stderr := command(t, "run", "--resume", first, "--token", "phc_not_in_the_file",
				"-q"); code != exitUsage || !strings.Contains(stderr, "has resumed it already") {
				t.Errorf("resumed twice: exit %d, %s", code, stderr)
			}
		})
		group.Wait()
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	for id, n := range got.times {
		if n != 1 {
			t.Errorf("event %s arrived %d times", id, n)
		}
	}
	if len(got.times) != 1200 {
		t.Errorf("%d events arrived of 1200", len(got.times))
	}
	wantWhole(t, dir, path)
}

// wantWhole merges both shards with what resumed them: every event was accepted once, as
// of one run, the books balance, and what arrived is verified together.
func wantWhole(t *testing.T, dir, path string) {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	code, stdout, stderr := command(t, "merge", in("0"), in("0-rest"), in("1-rest"), in("1"), "--out", in("whole"))
	if code != exitInvalid || !strings.Contains(stdout, "shard 0 of 2, with 50 % of the load, broke off, and was resumed") {
		t.Errorf("exit %d, %s%s", code, stderr, stdout)
	}
	whole := open(t, in("whole"))
	whole.CrossCheck()
	if warned := strings.Join(whole.Result.Warnings, "; "); strings.Contains(warned, "second opinion") ||
		len(whole.Result.Run.Lost) != 2 || whole.Result.Run.Ended != results.Completed {
		t.Errorf("%+v: %s", whole.Result.Run, warned)
	}
	ledger, err := whole.Ledger()
	if want := []results.Range{{Count: 1200, Fate: capture.FateAccepted}}; err != nil || !slices.Equal(ledger.Ranges, want) {
		t.Errorf("%v, %v: want %v", ledger, err, want)
	}
	if r := whole.Result; r.Balance() != nil || r.Planned.Events != 1200 || r.Latency.Count != r.Requests.Accepted ||
		r.Requests.Sent != r.Planned.Requests {
		t.Errorf("%v: %+v of %+v, %d latencies", r.Balance(), r.Requests, r.Planned, r.Latency.Count)
	}
	_, events, _ := command(t, "sample", path, "--set", "traffic.seed=5", "-n", "1200")
	write(t, in("export.jsonl"), events)
	code, stdout, stderr = command(t, "verify", in("whole"), "--from", in("export.jsonl"))
	if code != exitPass || !strings.Contains(stdout, "1,200") {
		t.Errorf("verify: exit %d, %s%s", code, stderr, stdout)
	}
}

// One flipped bit in the ledger is told with its place, and what stood there counts
// as ambiguous; only that is sent again.
func TestResumeOfADamagedLedger(t *testing.T) {
	t.Parallel()
	dir, got := t.TempDir(), newReceived()
	_, url := serveStaging(t, staging.Config{Observe: got.observe})
	path, first, second := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "1"), filepath.Join(dir, "2")
	write(t, path, "name: a\nload: {profile: 'const(200, 4s)'}\ntarget: {connections: 1}\nbatching: {events: 5}\n"+
		"traffic: {properties: {bytes: {p50: 1, p99: 1}}}\n")
	interruptedAt(t, 500, got, path, "--target", url, "--out", first)
	ledger := filepath.Join(first, rundir.LedgerFile)
	text, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("SEGM")) + 17 // in the payload of the first second
	text[at] ^= 0x20
	write(t, ledger, string(text))
	before := open(t, first).Result.Events.Accepted
	if code, stdout, _ := command(t, "report", first); code == exitPass ||
		!strings.Contains(stdout, "ledger is damaged at byte 24") {
		t.Errorf("the report, exit %d, does not tell:\n%s", code, stdout)
	}
	_, _, stderr := command(t, "run", "--resume", first, "--out", second, "-q")
	if want := filepath.Join(first, "ledger") + " is damaged at byte 24"; !strings.Contains(stderr, want) ||
		!strings.Contains(stderr, "may have been ingested and are sent again") {
		t.Errorf("stderr lacks %q:\n%s", want, stderr)
	}
	doubtful := int64(0)
	for _, r := range doubts(t, second) {
		doubtful += r.Count
	}
	again := int64(0)
	for _, n := range got.times {
		again += int64(n - 1)
	}
	if again == 0 || again > doubtful || doubtful >= before || len(got.times) != 800 {
		t.Errorf("%d events arrived twice, %d were in doubt, %d had been accepted, %d arrived in all", again, doubtful,
			before, len(got.times))
	}
	if warnings := strings.Join(open(t, second).Result.Warnings, "\n"); !strings.Contains(warnings,
		"may be stored twice") {
		t.Errorf("the result does not tell: %s", warnings)
	}
	if text, _ := os.ReadFile(filepath.Join(second, "resumed.json")); !bytes.Contains(text,
		[]byte(`"fate": "ambiguous"`)) {
		t.Errorf("resumed.json says\n%s", text)
	}
}

// A run that still goes on is not resumed; once it was killed its directory is free.
func TestResumeOfARunningRun(t *testing.T) {
	t.Parallel()
	got := newReceived()
	_, url := serveStaging(t, staging.Config{Observe: got.observe})
	path, out := writeScenario(t, slowScenario)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(filepath.Dir(out), "rehearse")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, "run", path, "--target", url, "--out", out, "-q")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "event", func() bool { got.mu.Lock(); defer got.mu.Unlock(); return len(got.raw) > 100 })
	code, _, stderr := command(t, "run", "--resume", out, "--out", out+"2", "-q")
	if code != exitUsage || !strings.Contains(stderr, "the run still goes on") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, err := os.Stat(out + "2"); err == nil {
		t.Error("a refused run leaves a directory")
	}
	c.Process.Kill()
	c.Wait()
	r := open(t, out).Result
	got.mu.Lock()
	arrived := int64(len(got.raw))
	got.mu.Unlock()
	if sent := r.Events.Sent; r.Run.Ended != results.Killed || sent < arrived || sent > arrived+1000 {
		t.Errorf("%s: %d events arrived, and the books say %+v", r.Run.Ended, arrived, r.Events)
	}
}
