package merge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/results/rundir"
)

// TestMergedRejectionsKeepTheirTime: where the details of a merged run do not fit, what
// stands in their place says until when it speaks, on the clock of the whole.
func TestMergedRejectionsKeepTheirTime(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	part(t, filepath.Join(path, "0"), 200, results.Shard{Index: 0, Of: 2}, nil)
	s := &input{Run: open(t, filepath.Join(path, "0")), offset: 1500 * time.Millisecond}
	last := 0.0
	if _, err := s.EachRejection(func(line *rundir.RejectionLine) error {
		last = line.DoneMS
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var until time.Duration
	var wrote []rundir.RejectionLine
	if _, err := s.copyRejected(func(lines []rundir.RejectionLine, _ int64, to time.Duration) error {
		wrote, until = append(wrote, lines...), to
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n := len(wrote); n == 0 || wrote[n-1].DoneMS != last+1500 || until != results.FromSeconds((last+1500)/1000) {
		t.Errorf("%d written, up to %v, want %v ms", n, until, last+1500)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	dir := func(name string) string { return filepath.Join(path, name) }
	part(t, dir("0"), 100, results.Shard{Index: 0, Of: 2}, nil)
	part(t, dir("1"), 100, results.Shard{Index: 1, Of: 2}, nil)
	part(t, dir("again"), 100, results.Shard{Index: 1, Of: 2}, nil)
	part(t, dir("third"), 100, results.Shard{Index: 1, Of: 3}, nil)
	part(t, dir("whole"), 100, results.Shard{Index: 0, Of: 1}, nil)
	part(t, dir("seed"), 100, results.Shard{Index: 1, Of: 2}, func(m *results.Manifest) { m.Seed++ })
	part(t, dir("overlap"), 100, results.Shard{Index: 1, Of: 2}, nil)
	for _, name := range []string{rundir.LedgerFile, rundir.ResultFile} { // shard 0 once more, under another number
		if err := copyFile(dir("0"), dir("overlap"), name); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, filepath.Join(dir("overlap"), rundir.ResultFile), `"index": 0`, `"index": 1`)
	part(t, dir("other"), 100, results.Shard{Index: 1, Of: 2}, func(m *results.Manifest) { m.RunID = "import-2" })
	for want, dirs := range map[string][]string{
		"no shard that can be read":       {path},
		"of run import-2, and":            {dir("0"), dir("other")},
		"are both shard 1":                {dir("0"), dir("1"), dir("again")},
		"ran another scenario or seed":    {dir("0"), dir("seed")},
		"is a whole run, no shard of one": {dir("whole"), dir("whole")},
		"they are no parts of one run":    {dir("0"), dir("third")},
		"the shards overlap":              {dir("0"), dir("overlap")},
		"more parts than shards":          {dir("0"), dir("1"), path},
	} {
		if _, err := Merge(dir("out"), Directories(dirs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", dirs, err, want)
		}
	}
	if _, err := os.Stat(dir("out")); err == nil {
		t.Error("a refused merge leaves a directory")
	}
}

// mergeWantRejections makes sure that rejected.jsonl.gz has what result.json counts.
func wantRejections(t *testing.T, path string, r *results.Result) {
	t.Helper()
	file, err := os.Open(filepath.Join(path, rundir.RejectedFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got := map[results.RejectionRow]int64{}
	leftOut, err := rundir.ReadRejections(file, func(line *rundir.RejectionLine) error {
		got[results.RejectionRow{
			Reason:      line.Reason,
			Side:        line.Side,
			Status:      line.Status,
			MayBeStored: line.MayBeStored,
		}]++
		return nil
	})
	if err != nil || leftOut != 0 {
		t.Fatalf("%d left out, error %v", leftOut, err)
	}
	for _, row := range r.Rejections {
		want := row.Requests
		if row.Side == "ours" {
			want = 0 // never left
		}
		if got[row.Kind()] != want {
			t.Errorf("%d lines of %v, want %d", got[row.Kind()], row.Kind(), want)
		}
	}
}
