package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// arrivals counts how often each event arrived at an endpoint, and lets it answer
// no more once there are enough of them.
type arrivals struct {
	mu      sync.Mutex
	decoder capture.Decoder
	times   map[string]int
	all     int
	enough  int
	over    chan struct{} // closed when the endpoint may answer again
}

func (a *arrivals) observe(q *capture.Request, _ int) {
	if over := a.note(q); over != nil {
		<-over
	}
}

// note counts the events of a request, and returns what to wait for.
func (a *arrivals) note(q *capture.Request) (over chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := a.decoder.Decode(q)
	if err != nil {
		return nil
	}
	for _, e := range got.Events {
		a.times[e.UUID.String()]++
		a.all++
	}
	if a.all < a.enough {
		return nil
	}
	return a.over
}

// stopAt makes n more events enough until release is called, and returns how many
// that are in all.
func (a *arrivals) stopAt(n int) (all int, release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	over := make(chan struct{})
	a.enough, a.over = a.all+n, over
	return a.enough, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.over = nil
		close(over)
	}
}

// count returns how many events arrived, and how many different ones.
func (a *arrivals) count() (all, different int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all, len(a.times)
}

// killable is a replay in a directory of its own, sent by this very program.
type killable struct {
	dir, path, self, url string
}

// newKillable writes a recording of so many events and a scenario that replays it
// to an endpoint.
func newKillable(t *testing.T, events int, observe func(*capture.Request, int)) *killable {
	dir := t.TempDir()
	var export strings.Builder
	for i := range events {
		fmt.Fprintf(&export,
			`{"event":"a","distinct_id":"user-%d","timestamp":%d,"uuid":"%08x-0000-4000-8000-000000000000",`+
				`"properties":{}}`+"\n", i*i%97, 1767225600+i, i)
	}
	write(t, filepath.Join(dir, "export.jsonl"), export.String())
	k := &killable{dir: dir, path: filepath.Join(dir, "s.yaml"), self: filepath.Join(dir, "rehearse")}
	write(t, k.path, "name: a\ntarget: {connections: 3}\nbatching: {events: 10, age: 100s}\n"+
		"replay: {files: [export.jsonl], speed: 1000}\n")
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, k.self); err != nil {
		t.Fatal(err)
	}
	_, k.url = serveStaging(t, staging.Config{Observe: observe})
	return k
}

// run sends the replay, or what is left of the run in the directory last, until
// the condition holds, when it is killed; nil: to its end. It returns the run's
// directory and what it said.
func (k *killable) run(t *testing.T, round int, last string, kill func() bool) (out, said string) {
	out = filepath.Join(k.dir, fmt.Sprint("run", round))
	args := []string{"run", k.path, "--target", k.url, "--out", out, "-q"}
	if last != "" {
		args = append(args, "--resume", last)
	}
	c := exec.Command(k.self, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if kill != nil {
		until(t, "events from the run", kill)
		c.Process.Kill()
	}
	c.Wait()
	return out, stderr.String()
}

// TestKilledAndResumed: a replay that is killed again and again without warning, and
// resumed each time, brings every event to the endpoint, and twice only what it
// said might be.
func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	const events, kills = 3000, 3
	arrived := arrivals{times: map[string]int{}}
	k := newKillable(t, events, arrived.observe)
	random, doubtful := rand.New(rand.NewPCG(5, 6)), map[int64]bool{}
	last, said := "", ""
	for round := range kills + 1 {
		release := func() {}
		var kill func() bool
		if round < kills {
			_, different := arrived.count()
			enough, goOn := arrived.stopAt(min(50+random.IntN(1200), (events-different)/2))
			release = goOn
			kill = func() bool {
				all, _ := arrived.count()
				return all >= enough
			}
		}
		last, said = k.run(t, round, last, kill)
		release()
		for _, r := range doubts(t, last) {
			for i := r.First; i < r.First+r.Count; i++ {
				doubtful[i] = true
			}
		}
	}
	if !strings.Contains(said, "resuming") {
		t.Errorf("the last run says\n%s", said)
	}
	again := 0
	arrived.mu.Lock() // Nothing is sent any more, but the detector of races cannot know.
	defer arrived.mu.Unlock()
	for i, uuid := range numbered(t, k.path) {
		if n := arrived.times[uuid]; n == 0 || n > 1 && !doubtful[int64(i)] {
			t.Errorf("event %d arrived %d times, in doubt: %v", i, n, doubtful[int64(i)])
		} else if n > 1 {
			again++
		}
	}
	t.Logf("%d events arrived again, %d were in doubt", again, len(doubtful))
	if len(arrived.times) != events || again == events {
		t.Errorf("%d different events arrived of %d, %d of them again", len(arrived.times), events, again)
	}
}

// doubts is what a run said might have been ingested before.
func doubts(t *testing.T, directory string) []results.Range {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, "resumed.json"))
	if os.IsNotExist(err) {
		return nil
	}
	var r struct {
		Ambiguous []results.Range `json:"ambiguous"`
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Ambiguous
}

// numbered returns the uuids of a scenario's events by their numbers.
func numbered(t *testing.T, path string) (uuids []string) {
	t.Helper()
	s, err := scenario.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := source.Sample(&out, s, time.Unix(0, 0), 0, math.MaxInt32); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(out.Bytes()) {
		var e struct{ UUID string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		uuids = append(uuids, e.UUID)
	}
	return uuids
}
