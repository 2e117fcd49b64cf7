package rundir

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rehearse/results"
	"rehearse/results/runtest"
)

// torn are the files that a killed run may leave torn.
var torn = [...]string{LatencyFile, TimelineFile, RejectedFile, LedgerFile}

// A run killed in mid-write leaves its last interval torn in any of the files, or
// missing in some. Everything that result.json covers is still there, and what
// goes beyond is passed over.
func TestKilledRunIsReadable(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	before, after := t.TempDir(), t.TempDir()
	rehearse(t, before, 2000, runtest.Reason)
	rehearse(t, after, 3000, runtest.Reason) // the same, and an interval more
	old, grown := readFiles(t, before), readFiles(t, after)
	want, err := Open(before)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range torn {
			cut := rapid.IntRange(len(old[name]), len(grown[name])).Draw(t, name)
			writeFile(t, filepath.Join(path, name), grown[name][:cut])
		}
		writeFile(t, filepath.Join(path, ResultFile), old[ResultFile])
		got, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Result, got.Result); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		if !slices.Equal(got.Timeline, want.Timeline) {
			t.Errorf("timeline of %d rows, want %d", len(got.Timeline), len(want.Timeline))
		}
		if !slices.Equal(got.Latency.Buckets(), want.Latency.Buckets()) {
			t.Errorf("%d latencies, want %d", got.Latency.Count(), want.Latency.Count())
		}
		if ledger, err := got.Ledger(); err != nil || len(ledger.Ranges) == 0 || len(ledger.Damage) > 0 {
			t.Errorf("ledger %+v, error %v", ledger, err)
		}
	})
}

// Files cut anywhere, or gone, cost what they held and no more.
func TestMutilatedDirectoryIsReadable(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	whole, path := t.TempDir(), t.TempDir()
	if _, err := rehearse(t, whole, 1500, runtest.Reason).Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	files := readFiles(t, whole)
	writeFile(t, filepath.Join(path, ResultFile), files[ResultFile])
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range torn {
			cut := rapid.IntRange(-1, len(files[name])).Draw(t, name)
			if cut < 0 {
				os.Remove(filepath.Join(path, name))
				continue
			}
			writeFile(t, filepath.Join(path, name), files[name][:cut])
		}
		run, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if run.Result.Requests.Sent == 0 || run.Result.Run.Ended != results.Completed {
			t.Errorf("result %+v", run.Result)
		}
	})
}
