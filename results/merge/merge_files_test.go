package merge

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
)

// One run in 1, 2, 3 or 8 inputs, named in any order, is one run in every file of the
// directory.
func TestMergedDirectoryIsThatOfOneRun(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const n = 3000
	path, random := t.TempDir(), rand.New(rand.NewPCG(3, 4))
	change := func(m *results.Manifest) {
		m.StartedAt = runtest.Manifest(0).StartedAt // all at once
		m.ScenarioYAML, m.Resolved = []byte("name: acme-import # as given\n"), []byte("format: rehearse/resolved/v1\n")
	}
	single := filepath.Join(path, "single")
	part(t, single, n, results.Shard{Index: 0, Of: 1}, change)
	besides := map[string]string{
		rundir.CheckFile:  `{"format": "rehearse/check/v1"}`,
		rundir.PermitFile: "rate: 5000/s\n",
	}
	for _, of := range []int{2, 3, 8} {
		var dirs []string
		for i := range of {
			dirs = append(dirs, filepath.Join(path, fmt.Sprint(of, "-", i)))
			part(t, dirs[i], n, results.Shard{Index: i, Of: of}, change)
			for name, text := range besides {
				writeFile(t, filepath.Join(dirs[i], name), []byte(text))
			}
		}
		random.Shuffle(of, func(i, j int) { dirs[i], dirs[j] = dirs[j], dirs[i] })
		merged := filepath.Join(path, fmt.Sprint("merged", of))
		if _, err := Merge(merged, Directories(dirs)); err != nil {
			t.Fatal(err)
		}
		for name, want := range besides {
			if text, err := os.ReadFile(filepath.Join(merged, name)); err != nil || string(text) != want {
				t.Errorf("%d shards: %s is %q, %v", of, name, text, err)
			}
		}
		compareDirectories(t, single, merged, of)
	}
}

// compareDirectories makes sure that a merge of so many inputs is as the single run
// in all that does not tell of the machine or the merge.
func compareDirectories(t *testing.T, single, merged string, of int) {
	t.Helper()
	one, all := open(t, single), open(t, merged)
	for _, name := range []string{rundir.ScenarioFile, rundir.ResolvedFile} {
		a, _ := os.ReadFile(filepath.Join(single, name))
		b, err := os.ReadFile(filepath.Join(merged, name))
		if err != nil || len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%d shards: %s is %q, want %q (%v)", of, name, b, a, err)
		}
	}
	rejections := func(r *rundir.Run) (lines []string) {
		_, err := r.EachRejection(func(line *rundir.RejectionLine) error {
			lines = append(lines, fmt.Sprintf("%+v", *line))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(rejections(one), rejections(all)); diff != "" || len(rejections(one)) == 0 {
		t.Errorf("%d shards: refused requests differ:\n%s", of, diff)
	}
	ledgers := [2][]results.Range{}
	for i, run := range []*rundir.Run{one, all} {
		l, err := run.Ledger()
		if err != nil || len(l.Damage) > 0 {
			t.Fatalf("%+v, %v", l, err)
		}
		ledgers[i] = l.Ranges
		run.CrossCheck()
		r := run.Result
		r.Generator = results.Generator{Bottleneck: r.Generator.Bottleneck, ScheduleKept: r.Generator.ScheduleKept}
		r.Ledger, r.Run.Starts, r.Run.Merged = nil, nil, 0
	}
	if diff := cmp.Diff(ledgers[0], ledgers[1]); diff != "" {
		t.Errorf("%d shards: the ledgers differ:\n%s", of, diff)
	}
	if diff := cmp.Diff(one.Result, all.Result); diff != "" {
		t.Errorf("%d shards: the results differ (-single +merged):\n%s", of, diff)
	}
	if diff := cmp.Diff(timelineText(one), timelineText(all)); diff != "" {
		t.Errorf("%d shards: the timelines differ (-single +merged):\n%s", of, diff)
	}
	tags := func(r *rundir.Run) (all []string) {
		text, _ := os.ReadFile(filepath.Join(r.Path, rundir.LatencyFile))
		for line := range strings.Lines(string(text)) {
			if name, _, found := strings.Cut(line, ",0"); found {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	for tag, h := range map[string][2]*results.Histogram{
		"latency": {one.Latency, all.Latency},
		"service": {one.Service, all.Service},
		"lag":     {one.Lag, all.Lag},
	} {
		if !slices.Equal(h[0].Buckets(), h[1].Buckets()) {
			t.Errorf("%d shards: the buckets of %s differ", of, tag)
		}
	}
	if diff := cmp.Diff(tags(one), tags(all)); diff != "" {
		t.Errorf("%d shards: latency.hlog differs:\n%s", of, diff)
	}
}

// timelineText is the timeline as its file has it, but for what the rates of the inputs
// lose in theirs.
func timelineText(r *rundir.Run) (rows []string) {
	for _, row := range r.Timeline {
		row.Target = math.Round(row.Target*100) / 100
		rows = append(rows, fmt.Sprintf("%+v", row))
	}
	return rows
}
