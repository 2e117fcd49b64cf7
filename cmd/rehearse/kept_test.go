package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
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
