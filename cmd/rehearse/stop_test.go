package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rehearse/results/rundir"
	"rehearse/staging"
)

// slowScenario lasts longer than any test, and what is predicted of it is little work.
const slowScenario = `
name: slow
load: {profile: "const(500, 1h)"}
target: {connections: 4, timeout: 5m, compression: none}
batching: {events: 10}
traffic: {seed: 7, properties: {bytes: {p50: 1, p99: 1}}}
`

// writeScenario writes a scenario into a directory of its own.
func writeScenario(t *testing.T, text string) (path, out string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, filepath.Join(dir, "out")
}

// serveStaging runs a staging endpoint and returns it with its URL.
func serveStaging(t *testing.T, c staging.Config) (*staging.Server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := staging.New(c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { listener.Close(); <-served })
	return server, "http://" + listener.Addr().String()
}

// locked is a buffer that is written and read from several goroutines.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// until waits for something to come about: long enough for the slowest machine.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s within five minutes", what)
		}
	}
}

// TestFirstInterrupt: the run ends at once and in good order; what was accepted
// is what the endpoint counted, and the rest of the plan is unsent.
func TestFirstInterrupt(t *testing.T) {
	t.Parallel()
	server, url := serveStaging(t, staging.Config{})
	path, out := writeScenario(t, slowScenario)
	interrupts := make(chan os.Signal, 2)
	var stdout, stderr locked
	code := make(chan int)
	go func() {
		code <- run([]string{"run", path, "--target", url, "--out", out}, env{nil, &stdout, &stderr, interrupts})
	}()
	until(t, "event", func() bool { return server.Stats().Events.Accepted > 0 })
	interrupts <- os.Interrupt
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", got, exitInterrupted, stderr.String())
	}
	if !strings.HasSuffix(stdout.String(), "(exit 105)\n") {
		t.Errorf("the last line is not the verdict:\n%s", stdout.String())
	}
	r := open(t, out).Result
	if got := server.Stats().Events.Accepted; r.Events.Accepted != got || r.Events.Unsent != r.Planned.Events-got {
		t.Errorf("the endpoint accepted %d events, the books say %+v", got, r.Events)
	}
}

// TestSecondInterrupt: an endpoint that hangs holds a run only until the second
// interrupt; what was in flight is ambiguous.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connected := make(chan net.Conn, 16)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 64<<10)) // the request, whole
			connected <- c
		}
	}()
	path, out := writeScenario(t, slowScenario)
	interrupts := make(chan os.Signal, 2)
	var stdout, stderr locked
	code := make(chan int)
	go func() {
		code <- run([]string{"run", path, "--target", "http://" + listener.Addr().String(), "--out", out},
			env{nil, &stdout, &stderr, interrupts})
	}()
	defer (<-connected).Close()
	interrupts <- os.Interrupt
	interrupts <- os.Interrupt
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", got, exitInterrupted, stderr.String())
	}
	if r := open(t, out).Result; r.Requests.Ambiguous == 0 || r.Requests.Accepted != 0 {
		t.Errorf("the books say %+v, want requests that are ambiguous and none accepted", r.Requests)
	}
}

// open reads a run directory whose books balance.
func open(t *testing.T, dir string) *rundir.Run {
	t.Helper()
	r, err := rundir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Result.Balance(); err != nil {
		t.Error(err)
	}
	return r
}

// TestKilledRun: kill -9 leaves a directory that report reads.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, out := writeScenario(t, slowScenario)
	// The test binary becomes the command when it is called by that name.
	command := filepath.Join(filepath.Dir(out), "rehearse")
	if err := os.Symlink(self, command); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(command, "run", path, "--out", out, "--quiet")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "second interval", func() bool {
		text, _ := os.ReadFile(filepath.Join(out, rundir.TimelineFile))
		return bytes.Count(text, []byte("\n")) >= 3
	})
	c.Process.Kill()
	c.Wait()
	var stdout, stderr locked
	if code := run([]string{"report", out}, env{nil, &stdout, &stderr, nil}); code != exitInvalid {
		t.Errorf("exit code %d, want %d\n%s", code, exitInvalid, stderr.String())
	}
	if !strings.Contains(stdout.String(), "killed") {
		t.Errorf("the report does not say that the run was killed:\n%s", stdout.String())
	}
	if r := open(t, out).Result; r.Events.Accepted == 0 || r.Run.Seconds <= 0 {
		t.Errorf("%d events accepted in %v s, want some", r.Events.Accepted, r.Run.Seconds)
	}
}

// TestStageCounts: stage serves, tells its counts, and prints them at the end.
func TestStageCounts(t *testing.T) {
	t.Parallel()
	interrupts := make(chan os.Signal, 2)
	var stdout, stderr locked
	code := make(chan int)
	go func() {
		code <- run([]string{"stage", "--listen", "127.0.0.1:0", "--reject", "503:50%"},
			env{nil, &stdout, &stderr, interrupts})
	}()
	until(t, "address", func() bool { return strings.Contains(stderr.String(), "/_rehearse/stats") })
	_, url, _ := strings.Cut(stderr.String(), "serving ")
	url, _, _ = strings.Cut(url, "\n")
	for range 10 {
		resp, err := http.Post(url+"/batch/", "application/json",
			strings.NewReader(`{"api_key":"phc_x","batch":[{"event":"a","distinct_id":"b"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	resp, err := http.Get(url + "/_rehearse/stats")
	if err != nil {
		t.Fatal(err)
	}
	var stats staging.Stats
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if stats.Events.Accepted+stats.Events.Refused != 10 || stats.Events.Accepted == 0 || stats.Events.Refused == 0 {
		t.Errorf("counted %+v of ten events", stats.Events)
	}
	interrupts <- os.Interrupt
	if got := <-code; got != exitPass || !strings.Contains(stdout.String(), "events: ") {
		t.Errorf("exit code %d, printed %q", got, stdout.String())
	}
}
