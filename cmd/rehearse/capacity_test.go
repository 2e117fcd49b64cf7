package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capacity"
)

// TestCapacityStopped: an interrupt ends the trial and the search, and what is known by
// then is kept.
func TestCapacityStopped(t *testing.T) {
	t.Parallel()
	path, out := writeScenario(t, strings.Replace(slowScenario, "target:", "thresholds: [p99 < 1m]\ntarget:", 1))
	interrupts := make(chan os.Signal, 1)
	var stdout, stderr locked
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"capacity", path, "--from", "50", "--budget", "1h", "--trial", "6s", "--out", out},
			env{strings.NewReader(""), &stdout, &stderr, interrupts})
	}()
	deadline := time.Now().Add(5 * time.Minute)
	for ; !strings.Contains(stderr.String(), "held"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no trial held: %s", stderr.String())
		}
	}
	interrupts <- os.Interrupt
	if got := <-code; got != exitInterrupted {
		t.Fatalf("exit %d: %s", got, stderr.String())
	}
	if text := stdout.String(); !strings.Contains(text, "stopped by a signal: capacity at least") {
		t.Errorf("not told:\n%s", text)
	}
	text, err := os.ReadFile(filepath.Join(out, "capacity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept capacity.Document
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if a := kept.Answer; a.End != capacity.Interrupted || a.Low < 50 || len(kept.Trials) == 0 {
		t.Errorf("kept %+v", a)
	}
}
