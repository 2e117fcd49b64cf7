package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/staging"
)

// received keeps what arrived at an endpoint: each event as it stood in its request,
// by uuid, and when.
type received struct {
	mu      sync.Mutex
	decoder capture.Decoder
	raw     map[string]string
	at      map[string]time.Time
	times   map[string]int
}

func newReceived() *received {
	return &received{raw: map[string]string{}, at: map[string]time.Time{}, times: map[string]int{}}
}

func (r *received) observe(q *capture.Request, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got, err := r.decoder.Decode(q)
	if err != nil {
		return
	}
	for _, e := range got.Events {
		id := e.UUID.String()
		r.raw[id], r.at[id] = string(e.Raw), time.Now()
		r.times[id]++
	}
}

// uuidOf finds the uuid of a printed event.
var uuidOf = regexp.MustCompile(`"uuid":"([0-9a-f-]+)"`)

// A run is made again from its directory alone, byte for byte, whatever flags and
// environment it was given: here by an endpoint that refuses everything, so that
// everything is to be printed. The times of the directory are those of the endpoint.
func TestRunIsMadeAgainFromItsDirectory(t *testing.T) {
	t.Setenv("REHEARSE_TEST_EVENTS", "7")
	dir, got := t.TempDir(), newReceived()
	_, url := serveStaging(t, staging.Config{
		Observe: got.observe,
		Script:  []staging.Phase{{To: time.Hour, Reject: []staging.Rejection{{Status: 503, Share: 1}}}},
	})
	path, out := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "run")
	write(t, path, "name: a\nload: {profile: 'const(300, 900ms)'}\ntarget: {connections: 3, token: "+
		"phc_secret_of_the_file}\nbatching: {events: '${REHEARSE_TEST_EVENTS}'}\ntraffic: {properties: {bytes: {p50: "+
		"200, p99: 500}}}\n")
	start := time.Now().Add(1500 * time.Millisecond).Add(123_457 * time.Nanosecond)
	command(t, "run", path, "--target", url, "--seed", "11", "--token", "phc_another_secret", "--start-at",
		start.Format(time.RFC3339Nano), "--out", out, "-q")
	os.Unsetenv("REHEARSE_TEST_EVENTS")
	write(t, path, "name: replaced\n")
	run := open(t, out)
	if want := start.UTC().Format(time.RFC3339Nano); run.Result.Run.StartedAt != want {
		t.Errorf("started at %s, want %s", run.Result.Run.StartedAt, want)
	}
	code, stdout, stderr := command(t, "sample", "--rejected", out, "-n", "1000")
	if code != exitPass {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(lines) != len(got.raw) || int64(len(lines)) != run.Result.Events.Rejected {
		t.Errorf("%d events printed, %d arrived, %d in the books", len(lines), len(got.raw), run.Result.Events.Rejected)
	}
	for _, line := range lines {
		id := uuidOf.FindStringSubmatch(line)[1]
		if got.raw[id] != line {
			t.Fatalf("printed %s\narrived %s", line, got.raw[id])
		}
	}
	began, _ := run.Result.Run.Start()
	_, err := run.EachRejection(func(r *rundir.RejectionLine) error {
		sent := began.Add(time.Duration(r.SentMS * float64(time.Millisecond)))
		done := began.Add(time.Duration(r.DoneMS*float64(time.Millisecond)) + time.Microsecond)
		if at := got.at[uuidOf.FindStringSubmatch(lines[r.FirstEvent])[1]]; at.Before(sent.Add(-time.Millisecond)) ||
			at.After(done.Add(time.Millisecond)) {
			t.Errorf("event %d arrived at %v, and the directory has it sent at %v and answered at %v", r.FirstEvent, at,
				sent, done)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, secret := range []string{"phc_secret_of_the_file", "phc_another_secret"} {
		for _, name := range []string{"resolved.yaml", "scenario.yaml", "result.json", "report.html",
			"rejected.jsonl.gz"} {
			if text, _ := os.ReadFile(filepath.Join(out, name)); bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds a token", name)
			}
		}
	}
}

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

// Where no directory is named a run makes its own, which its id and scenario name.
func TestDefaultDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "s.yaml", "name: my.import\nload: {profile: 'const(10, 200ms)'}\ntarget: {connections: 1}\ntraffic: {}\n")
	command(t, "run", "s.yaml", "-q")
	found, err := filepath.Glob("results/runs/*")
	if err != nil || len(found) != 1 ||
		!regexp.MustCompile(`^results/runs/\d{8}T\d{6}Z-[0-9a-f]{4}-my-import$`).MatchString(found[0]) {
		t.Fatalf("made %v, error %v", found, err)
	}
	if id := open(t, found[0]).Result.Run.ID; !strings.HasPrefix(filepath.Base(found[0]), id+"-") {
		t.Errorf("run %s in %s", id, found[0])
	}
	if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// Directories of a version that had no resolved.yaml, no run.lock and another ledger
// are still shown, sampled and resumed; for that their scenario has to be named.
func TestEarlierVersion(t *testing.T) {
	t.Parallel()
	const earlier = "testdata/earlier/"
	path, out := earlier+"s.yaml", filepath.Join(t.TempDir(), "rest")
	killed := filepath.Join(t.TempDir(), "killed") // a copy, because resuming is noted in it
	if err := os.CopyFS(killed, os.DirFS(earlier+"killed")); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := command(t, "report", killed); code != exitInvalid ||
		!strings.Contains(stdout, "killed or still running") || strings.Contains(stdout, "second opinion") {
		t.Errorf("report: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := command(t, "report", earlier+"whole"); code != exitPass ||
		strings.Contains(stdout, "second opinion") {
		t.Errorf("report: exit %d\n%s", code, stdout)
	}
	run := open(t, earlier+"whole").Result
	if code, stdout, stderr := command(t, "sample", path, "--rejected", earlier+"whole", "-n", "1000", "--set",
		`load.profile="const(200, 2s)"`); code != exitPass ||
		int64(strings.Count(stdout, "\n")) != run.Events.Rejected {
		t.Errorf("sample: exit %d, %d events, want %d\n%s", code, strings.Count(stdout, "\n"),
			run.Events.Rejected, stderr)
	}
	if code, _, stderr := command(t, "run", "--resume", killed, "-q"); code != exitUsage ||
		!strings.Contains(stderr, "name the scenario file that it ran, and give the same flags") {
		t.Errorf("resume without the scenario: exit %d, %s", code, stderr)
	}
	_, _, stderr := command(t, "run", path, "--resume", killed, "--out", out, "-q")
	before, after := open(t, killed).Result, open(t, out).Result
	if before.Events.Accepted == 0 || before.Events.Accepted+after.Planned.Events != 800 ||
		!strings.Contains(stderr, "may have been ingested and are sent again") {
		t.Errorf("%d accepted before, %d planned\n%s", before.Events.Accepted, after.Planned.Events, stderr)
	}
}

// Every run against the embedded endpoint holds what that kept against what was sent,
// built again: of every shape of body, of recordings, and of shards. What is sent and
// refused or lost on purpose is no part of it.
func TestEndpointChecksum(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var export strings.Builder
	for i := range 60 {
		fmt.Fprintf(&export,
			`{"event":"caf\u00e9 \"%d\"","distinct_id":"user-%d","timestamp":%d,`+
				`"properties":{"a":[1.0,{"b":"\ud83d\ude00"}]}}`+"\n", i, i%7, 1767225600+i)
	}
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	const synth = "name: a\nload: {profile: 'const(400, 500ms)'}\nbatching: {events: 7}\n" +
		"traffic: {faults: {duplicates: 5%}, properties: {bytes: {p50: 300, p99: 900}}}\n"
	const half = "staging: {script: [{from: 0s, to: 1h, reject: {503: 40%}}]}\n"
	for name, c := range map[string]struct {
		text, want string
		args       []string
	}{
		"batch": {synth, results.SumMatches, nil},
		"array": {synth, results.SumMatches, []string{"--set", "target.endpoint=array"}},
		"v1": {synth, results.SumMatches,
			[]string{"--set", "target.endpoint=v1", "--set", "target.compression=zstd"}},
		"browser":  {synth, results.SumMatches, []string{"--set", "target.client=posthog-js"}},
		"refusals": {synth + half, results.SumMatches, nil},
		"shard":    {synth, results.SumMatches, []string{"--shard", "1/2"}},
		"lost":     {synth + "staging: {script: [{from: 0s, to: 1h, drop: 40%}]}\n", results.SumNotCompared, nil},
		"quota":    {synth + "staging: {over_quota: [phc_rehearsal]}\n", results.SumNotCompared, nil},
		"imports":  {synth + "staging: {mode: import}\n", results.SumNotCompared, nil},
		"rules":    {synth + "staging: {drop: [phc_rehearsal]}\n", results.SumNotCompared, nil},
		"replay": {"name: a\nbatching: {events: 4}\ntarget: {connections: 2}\nreplay: {files: [export.jsonl], " +
			"speed: 100}\n" + half, results.SumMatches, nil},
		"masked": {"name: a\nbatching: {events: 4}\ntarget: {connections: 2}\nreplay: {files: [export.jsonl], speed: " +
			"100, pseudonymize: true}\n", results.SumMatches, nil},
	} {
		path, out := filepath.Join(dir, name+".yaml"), filepath.Join(dir, name)
		write(t, path, c.text)
		_, stdout, stderr := command(t, append([]string{"run", path, "--out", out, "-q"}, c.args...)...)
		r := open(t, out).Result
		if r.EndpointSum == nil || r.EndpointSum.Verdict != c.want || r.Events.Accepted == 0 ||
			(c.want == results.SumMatches) != strings.Contains(stdout, "endpoint checksum matches: ") {
			t.Errorf("%s: %+v of %d accepted\n%s%s", name, r.EndpointSum, r.Events.Accepted, stdout, stderr)
		}
	}
}
