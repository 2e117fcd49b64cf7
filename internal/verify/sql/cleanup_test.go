package sql

import (
	"strings"
	"testing"
	"time"

	"rehearse/internal/verify"
	"rehearse/scenario"
)

// What a run directory calls its run cannot become a statement of its own.
func TestCleanupOfAHostileDirectory(t *testing.T) {
	t.Parallel()
	run := &verify.Run{
		ID: "x\n; DROP TABLE events; --", Name: "x", Attempts: []verify.Attempt{{Starts: []time.Time{time.Unix(1e9, 0)}}},
		Scenario: &scenario.Scenario{Traffic: &scenario.Traffic{DistinctIDs: scenario.Population{Prefix: "run-7-"}}},
	}
	text, err := Cleanup(run, time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "DROP TABLE") && !strings.HasPrefix(line, "--") {
			t.Errorf("a line of the directory's own: %s", line)
		}
	}
	if strings.Contains(text, "{") || strings.Count(text, "'run-7-'") < 7 {
		t.Errorf("a placeholder is left, or the prefix is missing:\n%s", text)
	}
}
