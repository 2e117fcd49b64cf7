package rundir

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/results"
	"rehearse/results/runtest"
)

// A directory agrees with itself, also of an earlier version and of a run that was
// killed; where one of its files has another content than was written the result is
// invalid, and says which it is.
func TestCrossCheck(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	agrees := func(name, path string) {
		run := open(t, path)
		before := strings.Join(run.Result.Warnings, "\n")
		if run.CrossCheck(); strings.Join(run.Result.Warnings, "\n") != before {
			t.Errorf("%s: %s", name, run.Result.Warnings[0])
		}
	}
	agrees("an earlier version", filepath.Join("testdata", "small-import"))
	path := t.TempDir()
	d := rehearse(t, path, 2500, runtest.Reason)
	agrees("a run that goes on", path)
	kill(t, d)
	agrees("a run that was killed", path)
	for want, damage := range map[string]func(t *testing.T, path string){
		"ledger is damaged at byte 24: ": func(t *testing.T, path string) {
			edit(t, filepath.Join(path, LedgerFile), "SEGM", "SEGN")
		},
		"timeline.csv has 1": func(t *testing.T, path string) {
			file := filepath.Join(path, TimelineFile)
			lines := bytes.SplitAfter(readFiles(t, path)[TimelineFile], []byte("\n"))
			writeFile(t, file, bytes.Join(lines[:3], nil))
		},
		"latency.hlog has 1": func(t *testing.T, path string) {
			edit(t, filepath.Join(path, LatencyFile), "Tag=latency,0", "Tag=elsewhere,0")
		},
		"rejected.jsonl.gz accounts for 0 refused requests": func(t *testing.T, path string) {
			writeFile(t, filepath.Join(path, RejectedFile), []byte(emptyMember))
		},
	} {
		path := t.TempDir()
		_, err := rehearse(t, path, 2500, runtest.Reason).Close(results.Final{Ended: results.Completed})
		if err != nil {
			t.Fatal(err)
		}
		agrees("an undamaged run", path)
		damage(t, path)
		run := open(t, path)
		run.CrossCheck()
		got := strings.Join(run.Result.Warnings, "\n")
		if run.Result.Verdict != results.Invalid || !strings.Contains(got, want) {
			t.Errorf("%s, warnings %q, want %q", run.Result.Verdict, got, want)
		}
	}
}
