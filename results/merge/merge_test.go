package merge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// part writes shard index of a run of n requests by outcome: the requests k with
// k mod of = index. It starts later than the first by its index in milliseconds.
func part(t *testing.T, path string, n int, of results.Shard, change func(*results.Manifest)) {
	t.Helper()
	if _, err := begun(t, path, n, n, of, change).Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
}

// killed writes the same shard as a process leaves it that is killed after the
// requests below some number, and might have got to the first from reach on.
func killed(t *testing.T, path string, n, below, reach int, of results.Shard) {
	t.Helper()
	live := path + "-live"
	d := begun(t, live, n, below, of, nil)
	if err := d.MayLeave(results.Reach{Below: int64(reach) * 10, Events: int64(reach*10) / int64(of.Of),
		Requests: int64(reach / of.Of)}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(path, os.DirFS(live)); err != nil { // nobody holds the copy
		t.Fatal(err)
	}
	if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
}

// begun writes the requests below some number of a shard of n.
func begun(t *testing.T, path string, n, below int, of results.Shard, change func(*results.Manifest)) *rundir.Directory {
	t.Helper()
	m := runtest.Manifest(0)
	m.Shard = of
	m.StartedAt = m.StartedAt.Add(time.Duration(of.Index) * time.Millisecond)
	m.Stages = []schedule.StageSpan{{Name: "all", To: 3 * time.Second, Start: 10_000, End: 10_000}}
	m.Thresholds = append(m.Thresholds, scenario.Threshold{
		Text: "rejected(429) < 2% every 1s", Metric: scenario.Metric{Name: "rejected", Status: "429"},
		Op: "<", Value: 0.02, Share: true, Every: time.Second,
	})
	r := results.NewRecorder(1)
	m.Planned = results.Planned{PeakEvents: 10_000 / float64(of.Of)}
	if of.Of > 1 {
		m.Planned.Whole, m.Planned.WholeRequests = int64(n)*10, int64(n)
	}
	if change != nil {
		change(&m)
	}
	for k := of.Index; k < n; k += of.Of {
		m.Planned.Requests++
		m.Planned.Events += 10
	}
	d := create(t, path, m)
	for k := of.Index; k < below; k += of.Of {
		reason, status := runtest.Reason(k)
		o := runtest.Outcome(k, reason, status)
		o.Done += time.Duration(k*k%977) * time.Microsecond
		o.Connect = runtest.Connect(k)
		if reason.Side() == capture.Ours {
			o.Done = o.Sent
		}
		if k%99 == 5 { // the second attempt is the one that counts
			again := o
			again.Reason, again.Status, again.WillRetry = capture.Unavailable, 503, true
			r.Sender(0).Record(&again)
		}
		o.MayBeStored = reason == capture.RateLimited && k%5 == 0 // as if it had said so
		if k%21 == 0 {
			o.ExpectRefused = 7
		}
		if k%99 == 5 {
			o.Twice = 3
		}
		if k%100 == 9 {
			o.Parts = []results.EventGroup{
				{First: o.First, Events: 4, Reason: reason, Said: results.EventAnswer{Verdict: capture.VerdictOk}},
				{First: o.First + 4, Events: 6, Reason: reason},
			}
		}
		r.Sender(0).Record(&o)
		if k%1000 >= 1000-of.Of || k+of.Of >= below {
			iv := r.Tick(time.Duration(k/1000+1)*time.Second, results.Count{})
			iv.Target = 10_000 / float64(of.Of)
			if err := d.Write(iv); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// Shards come to the same as one run that was fed the same outcomes: bucket for
// bucket, event for event; and in whatever order they are named, to the same bytes.
func TestMerge(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	single := filepath.Join(t.TempDir(), "single")
	part(t, single, mergedRequests, results.Shard{Index: 0, Of: 1}, nil)
	for _, parts := range []int{2, 3, 8} {
		wantMerged(t, single, parts)
	}
}

const mergedRequests = 3000

// wantMerged shares the run in single out, and joins the parts.
func wantMerged(t *testing.T, single string, parts int) {
	t.Helper()
	const n = mergedRequests
	path := t.TempDir()
	dirs := partsOf(t, path, parts)
	merged, err := Merge(filepath.Join(path, "merged"), Directories(dirs))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(dirs)
	if _, err := Merge(filepath.Join(path, "reversed"), Directories(append(dirs[1:], dirs[0]))); err != nil {
		t.Fatal(err)
	}
	wantSameFiles(t, filepath.Join(path, "merged"), filepath.Join(path, "reversed"))
	if text, err := os.ReadFile(filepath.Join(path, "merged", rundir.ScenarioFile)); err != nil ||
		string(text) != "name: acme-import\n" {
		t.Errorf("%d shards: the scenario is %q (%v), want that of the first", parts, text, err)
	}
	one, all := open(t, single), open(t, filepath.Join(path, "merged"))
	for _, h := range []struct {
		name     string
		one, all *results.Histogram
	}{
		{"latency", one.Latency, all.Latency},
		{"service", one.Service, all.Service},
		{"lag", one.Lag, all.Lag},
		{"429", one.ByReason["rate_limited"], all.ByReason["rate_limited"]},
	} {
		if !slices.Equal(h.one.Buckets(), h.all.Buckets()) {
			t.Errorf("%s: the buckets differ", h.name)
		}
	}
	if diff := cmp.Diff(merged, all.Result); diff != "" {
		t.Errorf("read is not what was merged:\n%s", diff)
	}
	wantRejections(t, filepath.Join(path, "merged"), all.Result)
	wantTimes(t, one, all, parts)
	ledgers := [2]*rundir.Ledger{}
	for i, run := range []*rundir.Run{one, all} {
		if ledgers[i], err = run.Ledger(); err != nil {
			t.Fatal(err)
		}
		run.Result.Generator = results.Generator{
			Bottleneck:   run.Result.Generator.Bottleneck,
			ScheduleKept: run.Result.Generator.ScheduleKept,
		}
	}
	if diff := cmp.Diff(ledgers[0].Ranges, ledgers[1].Ranges); diff != "" {
		t.Errorf("the ledgers differ:\n%s", diff)
	}
	const again = 31 // 5, 104, …, 2975
	if all.Result.Retries.Twice != 3*again || all.Result.Events.MayBeStored == 0 ||
		all.Result.Events.ExpectedRefused == 0 {
		t.Errorf("%+v, %+v: nothing is shown of what may be stored", all.Result.Events, all.Result.Retries)
	}
	if all.Result.Requests.Retried != again || len(all.Result.Retries.Refused) != 1 ||
		all.Result.Retries.Refused[0].Requests != again {
		t.Errorf("sent again: %+v", all.Result.Retries)
	}
	want := []results.EventAnswerRow{{Result: "ok", Detail: "", Events: 4 * n / 100}}
	if !slices.Equal(all.Result.Said, want) {
		t.Errorf("said %v, want %v", all.Result.Said, want)
	}
	one.Result.Run.ID = all.Result.Run.ID
	one.Result.Run.Merged, one.Result.Run.Starts = parts, all.Result.Run.Starts
	starts := all.Result.Run.Starts
	if len(starts) != parts || starts[0] != one.Result.Run.StartedAt ||
		parts == 8 && starts[7] != "2026-12-01T09:00:00.257123457Z" {
		t.Errorf("the shards started at %v", starts)
	}
	one.Result.Ledger, all.Result.Ledger = nil, nil // of one segment now
	one.Result.Retries.Settled += float64((n-1)%parts) / 1000
	// the last event is in that shard, which started so much later
	one.Result.Retries.Settled = math.Round(one.Result.Retries.Settled*1000) / 1000
	if diff := cmp.Diff(one.Result, all.Result); diff != "" {
		t.Errorf("the results differ (-single +merged):\n%s", diff)
	}
	if len(all.Timeline) != 3 || math.Abs(all.Timeline[1].Target-10_000) > 0.01 ||
		all.Timeline[1].Accepted != one.Timeline[1].Accepted {
		t.Errorf("timeline %+v, want\n%+v", all.Timeline, one.Timeline)
	}
}

// partsOf writes the inputs of the run, the first of them last in the order of names.
func partsOf(t *testing.T, path string, parts int) (dirs []string) {
	t.Helper()
	for i := range parts {
		dirs = append(dirs, filepath.Join(path, strconv.Itoa(parts-i)))
		part(t, dirs[i], mergedRequests, results.Shard{Index: i, Of: parts}, func(m *results.Manifest) {
			m.RunID = fmt.Sprintf("20261201T090000Z-%04x", i) // each machine makes up its own
			if i > 0 {
				m.ScenarioYAML = append(m.ScenarioYAML, "# another copy\n"...)
				m.SHA256 = sumOf(runtest.Manifest(0).ScenarioYAML)
			}
		})
	}
	return dirs
}

// wantTimes holds the times of the rejections of a merge against those of one run.
func wantTimes(t *testing.T, one, all *rundir.Run, parts int) {
	t.Helper()
	times := [2]map[int64]rundir.RejectionLine{{}, {}}
	for i, run := range []*rundir.Run{one, all} {
		_, err := run.EachRejection(func(line *rundir.RejectionLine) error {
			times[i][line.FirstEvent] = *line
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for first, line := range times[0] {
		late := float64(first / 10 % int64(parts)) // the shard that it is of started so many milliseconds later
		got := times[1][first]
		if math.Abs(got.DueMS-line.DueMS-late) > 1e-6 || math.Abs(got.SentMS-line.SentMS-late) > 1e-6 ||
			math.Abs(got.DoneMS-line.DoneMS-late) > 1e-6 {
			t.Fatalf("event %d: %+v in the merge, %+v alone", first, got, line)
		}
	}
}

// sumOf is the checksum of a scenario file.
func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// wantSameFiles compares every file of two directories.
func wantSameFiles(t *testing.T, a, b string) {
	t.Helper()
	entries, err := os.ReadDir(a)
	if err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadDir(b)
	if err != nil || len(others) != len(entries) {
		t.Fatalf("%d files and %d (%v)", len(entries), len(others), err)
	}
	for _, e := range entries {
		one, err := os.ReadFile(filepath.Join(a, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if other, err := os.ReadFile(filepath.Join(b, e.Name())); err != nil || !bytes.Equal(one, other) {
			t.Errorf("%s differs in another order (%v)", e.Name(), err)
		}
	}
}
