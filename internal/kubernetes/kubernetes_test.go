package kubernetes

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// full is a job with everything.
func full() Job {
	return Job{
		RunID: "import-1", Namespace: "staging", Image: "example.com/rehearse@sha256:00", Shards: 8,
		Scenario: []byte("name: import\ntarget: {url: 'https://capture.example'}\n"), Permit: []byte("id: p1\n"),
		Signature: []byte("sig\n"),
		Secret:    "capture-token", Recordings: Volume{Claim: "exports", Path: "recordings"},
		Results:   "results",
		Resources: Resources{CPU: 2000, Memory: 512 << 20, Longest: time.Hour},
		Pod:       map[string]any{"nodeSelector": map[string]any{"pool": "load"}, "hostNetwork": true},
	}
}

// The objects are as they were looked at.
func TestRender(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := full().Render(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/job.yaml"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the objects differ from %s (go test -update writes it anew):\n%s", golden, got.String())
	}
}

// What keeps a job from being rendered is named, all of it at once.
func TestValidate(t *testing.T) {
	t.Parallel()
	if err := full().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Job){
		"run id":               func(j *Job) { j.RunID = "Import 1" },
		"no image":             func(j *Job) { j.Image = "" },
		"1 shards":             func(j *Job) { j.Shards = 1 },
		"over 1 MB":            func(j *Job) { j.Scenario = make([]byte, 1_000_001) },
		"not from both":        func(j *Job) { j.Recordings.Image = "i" },
		"below the scenario's": func(j *Job) { j.Recordings.Path = "/recordings" },
		"no cores":             func(j *Job) { j.Resources.CPU = 0 },
		"of memory":            func(j *Job) { j.Resources.Memory = 1 << 20 },
		"no bound":             func(j *Job) { j.Resources.Longest = 0 },
		"pods' containers":     func(j *Job) { j.Pod = map[string]any{"containers": []any{}} },
	} {
		j := full()
		change(&j)
		if err := j.Validate(); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q alone", err, want)
		}
	}
}

// However a shard's output is cut into writes, it is passed on whole, and the line
// that says that it is ready is seen.
func TestWatcher(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOf(rapid.StringMatching(`[ -~]{0,20}`)).Draw(t, "before")
		says := rapid.Bool().Draw(t, "says")
		text := strings.Join(before, "\n") + "\n"
		if says {
			text += "x: " + readyLine + " /start/at says\n"
		}
		text += "last words\nhalf a li"
		var to bytes.Buffer
		w := &watcher{to: &to}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if to.String() != text || w.ready() != says || w.last() != "last words" {
			t.Fatalf("passed on %q, ready %v, last %q; of %q", to.String(), w.ready(), w.last(), text)
		}
	})
}

// A pod that cannot run says why.
func TestStuck(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		`{"phase": "Running"}`: "",
		`{"phase": "Pending", "containerStatuses": [{"state": {` +
			`"waiting": {"reason": "ContainerCreating"}}}]}`: "",
		`{"phase": "Pending", "containerStatuses": [{"state": {` +
			`"waiting": {"reason": "ErrImagePull", ` +
			`"message": "no such image\nmore"}}}]}`: "ErrImagePull: no such image",
		`{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", ` +
			`"message": "0/3 nodes"}]}`: "not scheduled: 0/3 nodes",
	} {
		var p pod
		if err := json.Unmarshal([]byte(status), &p.Status); err != nil {
			t.Fatal(err)
		}
		if got := p.stuck(); got != want {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
}
