package merge

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
	"rehearse/scenario"
)

// lossCase is a run of three shards of which not all did their part.
type lossCase struct {
	parts []Part
	lost  []results.LostShard
	says  string
	// of the events that no shard accounts for, how many may have left and how many
	// have not
	ambiguous, unsent int64
}

// TestLostShards: whatever became of a shard, the run is invalid and names it, its
// books balance, no event is forgotten, and the parts of its directory agree.
func TestLostShards(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	dir := func(name string) string { return filepath.Join(path, name) }
	const n = 300 // of which each shard has 100, of ten events
	for i := range 3 {
		part(t, dir(string(rune('0'+i))), n, results.Shard{Index: i, Of: 3}, nil)
	}
	killed(t, dir("killed"), n, 150, 180, results.Shard{Index: 1, Of: 3})
	part(t, dir("again"), n, results.Shard{Index: 1, Of: 3}, func(m *results.Manifest) { m.Seed, m.Version = 42, "" })
	edit(t, filepath.Join(dir("again"), rundir.ResultFile), `"ended": "completed"`,
		`"ended": "interrupted"`)
	part(t, dir("other"), n, results.Shard{Index: 1, Of: 3}, func(m *results.Manifest) { m.Version = "0.3.0" })
	part(t, dir("damaged"), n, results.Shard{Index: 1, Of: 3}, nil)
	ledger := filepath.Join(dir("damaged"), rundir.LedgerFile)
	info, err := os.Stat(ledger)
	if err != nil || os.Truncate(ledger, info.Size()-3) != nil {
		t.Fatal(err)
	}
	third := 1.0 / 3
	second, began := 0.0, 7.5
	whole := func(path string) Part { return Part{Path: path, Shard: -1} }
	at, _ := time.Parse(time.RFC3339, "2026-12-01T09:00:07.750123457Z") // 7.5 s into the run
	for name, row := range map[string]lossCase{
		"missing": {parts: []Part{whole(dir("0")), whole(dir("2"))}, ambiguous: 1000,
			lost: []results.LostShard{{Index: 1, How: results.LossMissing, Because: "nothing of it was named", Share: third}},
			says: "shard 1 of 3, with 33.33 % of the load, was lost: nothing of it was named"},
		"a directory without a result": {parts: []Part{whole(dir("0")), whole(dir("2")), whole(path)}, ambiguous: 1000,
			lost: []results.LostShard{{Index: 1, How: results.LossMissing, Share: third,
				Because: "not a run directory"}}, says: "no result.json in it"},
		"seen to end": {parts: []Part{whole(dir("0")), whole(dir("2")),
			{Path: "pod.log", Shard: 1, Err: errors.New("OOMKilled"), Ended: at}}, ambiguous: 1000,
			lost: []results.LostShard{{Index: 1, How: results.LossMissing, Share: third, At: &began,
				Because: `"pod.log": OOMKilled`}}, says: `was lost at 8s: "pod.log": OOMKilled`},
		"two are missing": {parts: []Part{whole(dir("1"))}, ambiguous: 2000,
			lost: []results.LostShard{{Index: 0, How: results.LossMissing, Share: third}, {Index: 2,
				How: results.LossMissing, Share: third}}, says: "2,000 events of lost shards may have left"},
		"killed": {parts: []Part{whole(dir("0")), whole(dir("killed")), whole(dir("2"))}, ambiguous: 100, unsent: 400,
			lost: []results.LostShard{{Index: 1, How: results.LossKilled, Share: third, At: &second}},
			says: "shard 1 of 3, with 33.33 % of the load, was killed at 1s"},
		"one killed and one missing": {parts: []Part{whole(dir("0")), whole(dir("killed"))}, ambiguous: 1500,
			lost: []results.LostShard{{Index: 1, How: results.LossKilled, Share: third, At: &second},
				{Index: 2, How: results.LossMissing, Share: third}}, says: "was killed"},
		"stopped": {parts: []Part{whole(dir("0")), whole(dir("again")), whole(dir("2"))},
			lost: []results.LostShard{{Index: 1, How: results.LossStopped, Share: third, At: &second}},
			says: "was stopped, while others went on"},
		"twice": {parts: []Part{whole(dir("0")), whole(dir("1")), whole(dir("again")), whole(dir("2"))},
			lost: []results.LostShard{{Index: 1, How: results.LossTwice, Share: third}},
			says: "was started twice, and its events may have been sent twice"},
		"damaged": {parts: []Part{whole(dir("0")), whole(dir("damaged")), whole(dir("2"))}, ambiguous: 1000,
			lost: []results.LostShard{{Index: 1, How: results.LossMissing, Share: third}}, says: "ledger is damaged"},
		"another version": {parts: []Part{whole(dir("0")), whole(dir("other")), whole(dir("2"))},
			says: "shard 1 rehearse 0.3.0: they may not divide the load alike"},
	} {
		wantLost(t, name, filepath.Join(t.TempDir(), "whole"), row)
	}
}

// wantLost merges what is left of a run and holds it against what is known of it.
func wantLost(t *testing.T, name, to string, row lossCase) {
	t.Helper()
	r, err := Merge(to, row.parts)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	run := open(t, to)
	run.CrossCheck()
	said := strings.Join(run.Result.Warnings, "\n")
	if r.Verdict != results.Invalid || !strings.Contains(said, row.says) || strings.Contains(said, "second opinion") {
		t.Errorf("%s: %s, %s", name, r.Verdict, said)
	}
	if err := run.Result.Balance(); err != nil || r.Planned.Events != 3000 || r.Planned.Requests != 300 {
		t.Errorf("%s: %+v planned, %v", name, r.Planned, err)
	}
	if len(r.Run.Lost) != len(row.lost) {
		t.Fatalf("%s: lost %+v, want %+v", name, r.Run.Lost, row.lost)
	}
	for i, want := range row.lost {
		got := r.Run.Lost[i]
		if got.Index != want.Index || got.How != want.How || !strings.Contains(got.Because, want.Because) ||
			got.Share-want.Share > 1e-9 || want.Share-got.Share > 1e-9 || (got.At == nil) != (want.At == nil) ||
			want.At != nil && *want.At > 0 && *got.At != *want.At {
			t.Errorf("%s: lost %+v, want %+v", name, got, want)
		}
	}
	ledger, err := run.Ledger()
	if err != nil || len(ledger.Damage) > 0 {
		t.Fatalf("%s: %v, %v", name, ledger, err)
	}
	if gaps := results.Union(ledger.Ranges).Gaps(nil, 0, 3000); len(gaps) > 0 {
		t.Errorf("%s: forgotten: %v", name, gaps)
	}
	lost := results.Count{}
	for _, row := range run.Result.Rejections {
		if row.Reason == capture.ShardLost.String() || row.Reason == capture.NotStarted.String() {
			lost = lost.Plus(results.Count{Requests: row.Requests, Events: row.Events})
		}
	}
	if want := row.ambiguous + row.unsent; lost.Events != want || lost.Requests*10 != want {
		t.Errorf("%s: %+v lost, want %d events", name, lost, want)
	}
	i := slices.IndexFunc(run.Result.Rejections, func(row results.RejectionRow) bool { return row.Reason == "shard_lost" })
	if row.ambiguous > 0 && (i < 0 || run.Result.Rejections[i].Events != row.ambiguous) {
		t.Errorf("%s: %+v, want %d events that may have left", name, run.Result.Rejections, row.ambiguous)
	}
}

// TestAbortsOfTheWhole: what breaks an abort rule in all shards together fails the run,
// though no shard saw it; and a rule that ended one shard ends the run.
func TestAbortsOfTheWhole(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	var dirs []string
	for i := range 2 {
		dirs = append(dirs, filepath.Join(path, string(rune('0'+i))))
		part(t, dirs[i], 3000, results.Shard{Index: i, Of: 2}, func(m *results.Manifest) {
			m.AbortRules = []string{"http(429, 100, 1s)", "net(90%, 1s)"} // a shard has 72 a second
		})
	}
	r, err := Merge(filepath.Join(path, "whole"), Directories(dirs))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != results.Fail || r.Run.Rule != "http(429, 100, 1s)" || r.Run.Ended != results.Completed ||
		len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "no shard saw it alone") {
		t.Errorf("%s %+v: %v", r.Verdict, r.Run, r.Failures)
	}
	edit(t, filepath.Join(dirs[1], rundir.ResultFile), `"ended": "completed",
    "why": "",
    "rule": ""`, `"ended": "aborted",
    "why": "fired",
    "rule": "net(90%, 1s)"`)
	r, err = Merge(filepath.Join(path, "aborted"), Directories(dirs))
	if err != nil {
		t.Fatal(err)
	}
	if r.Run.Ended != results.Aborted || r.Run.Rule != "net(90%, 1s)" || r.Run.Why != "shard 1: fired" ||
		!strings.Contains(strings.Join(r.Warnings, "\n"), "the others were not told and went on to their end: 0") {
		t.Errorf("%+v: %v", r.Run, r.Warnings)
	}
}

// TestBlindAborts: an interval that is wider than the window of a rule says nothing.
func TestBlindAborts(t *testing.T) {
	t.Parallel()
	rule, err := scenario.ParseAbort("http(429, 3, 2s)")
	if err != nil {
		t.Fatal(err)
	}
	w := newWholeRule(rule)
	m := &merger{group: &group{}, aborts: []*wholeRule{w}}
	for from := time.Duration(0); from < 10*time.Second; {
		to := from + time.Second
		if from >= 5*time.Second {
			to = from + 5*time.Second
		}
		iv := results.NewInterval()
		iv.From, iv.To = from, to
		iv.Add(runtest.Second(10, int((to-from)/time.Second), time.Millisecond))
		w.observe(iv)
		from = to
	}
	var f results.Final
	m.judgeAborts(&f)
	if f.Rule != "" || !strings.Contains(f.Note, "http(429, 3, 2s) was checked against all shards together up to 5s alone") {
		t.Errorf("%+v", f)
	}
}
