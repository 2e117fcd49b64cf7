package merge

import (
	"bytes"
	"compress/gzip"
	"fmt"
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

// Shards that left some details out, merged: nothing is lost or counted twice.
func TestMergeOfLeftOut(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	var dirs []string
	for i := range 2 {
		dirs = append(dirs, filepath.Join(path, fmt.Sprint(i)))
		part(t, dirs[i], 8000, results.Shard{Index: i, Of: 2}, nil)
		var member bytes.Buffer
		zip := gzip.NewWriter(&member)
		zip.Write([]byte(`{"left_out":5,"to_ms":0}` + "\n"))
		zip.Close()
		file := filepath.Join(dirs[i], rundir.RejectedFile)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, append(text, member.Bytes()...))
	}
	before := 0
	for _, dir := range dirs {
		first, _ := kept(t, open(t, dir))
		before += len(first)
	}
	writeFile(t, filepath.Join(dirs[0], rundir.PermitFile), []byte("rate: 5000/s\n"))
	merged, err := Merge(filepath.Join(path, "all"), Directories(dirs))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(path, "all", rundir.PermitFile)); err != nil ||
		string(text) != "rate: 5000/s\n" {
		t.Errorf("the permit is %q, error %v", text, err)
	}
	first, leftOut := kept(t, open(t, filepath.Join(path, "all")))
	if len(first) != before || leftOut != 10 ||
		!strings.Contains(strings.Join(merged.Warnings, "\n"), "the details of 10 rejected") {
		t.Errorf("%d of %d kept, %d left out", len(first), before, leftOut)
	}
}

// TestMergeKeepsStalls: whichever shard stood still, the merged run has its stalls, the
// same doubt as one run with all requests, and is not blamed on the endpoint.
func TestMergeKeepsStalls(t *testing.T) {
	t.Parallel()
	for _, stalledShard := range []int{0, 1, 2} {
		base := t.TempDir()
		var dirs []string
		for shard := range 3 {
			m := runtest.Manifest(100)
			m.Shard = results.Shard{Index: shard, Of: 3}
			m.Thresholds[0].Text, m.Thresholds[0].Value = "p99 < 100ms", 100
			ambiguous, err := scenario.ParseThreshold("ambiguous == 0")
			if err != nil {
				t.Fatal(err)
			}
			m.Thresholds = append(m.Thresholds, ambiguous)
			m.Connections = 4
			dir := filepath.Join(base, string(rune('a'+shard)))
			writeStalled(t, dir, m, shard, shard == stalledShard)
			dirs = append(dirs, dir)
		}
		slices.Reverse(dirs)
		r, err := Merge(filepath.Join(base, "all"), Directories(dirs))
		if err != nil {
			t.Fatal(err)
		}
		row, g := r.Thresholds[0], &r.Generator // ten of 300 are late, one of which our time ran out on
		if row := r.Thresholds[2]; row.Doubt == "" || row.OK {
			t.Errorf("shard %d stood still while our time ran out: %+v", stalledShard, row)
		}
		if r.Verdict != results.Invalid || row.Doubt == "" || row.OK || g.Stalls.Count != 1 ||
			g.Stalls.Seconds != 0.4 || g.Stalls.Cause != results.StallStopped || g.Connections != 12 {
			t.Errorf("shard %d stood still: %s, %+v, %+v, %d connections",
				stalledShard, r.Verdict, row, g.Stalls, g.Connections)
		}
		text, err := os.ReadFile(filepath.Join(base, "all", rundir.TimelineFile))
		if err != nil || !strings.Contains(string(text), ",2,400.000,0\n") {
			t.Errorf("%v, the timeline:\n%s", err, text)
		}
	}
}

// writeStalled writes a shard of 100 requests in three seconds. In the second of them
// ten are late for a stall, one of which our time ran out on.
func writeStalled(t *testing.T, dir string, m results.Manifest, shard int, stands bool) {
	t.Helper()
	d, err := rundir.Create(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	r := results.NewRecorder(1)
	for second := range 3 {
		for i := range 33 + second/2 {
			o := runtest.Outcome(second*33+i, capture.Accepted, 200)
			o.First = int64(shard*10000) + int64(second*330+i*10)
			if stands && second == 1 && i < 10 {
				o.Done, o.Stalled, o.Cause = o.Done+400*time.Millisecond, 400*time.Millisecond, results.LateStall
				if i < 2 {
					o.Sent += 400 * time.Millisecond
				}
				if i == 9 {
					o.Reason, o.Status = capture.AnswerTimeout, 0
				}
			}
			r.Sender(0).Record(&o)
		}
		iv := r.Tick(time.Duration(second+1)*time.Second, results.Count{})
		if stands && second == 1 {
			iv.Stalls = append(iv.Stalls, results.Stall{
				From:  1100 * time.Millisecond,
				To:    1500 * time.Millisecond,
				Cause: results.StallStopped,
			})
		}
		if err := d.Write(iv); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
}

// mergeKept reads the first event of every refused request whose details were kept.
func kept(t testing.TB, run *rundir.Run) (first []int64, leftOut int64) {
	t.Helper()
	leftOut, err := run.EachRejection(func(line *rundir.RejectionLine) error {
		first = append(first, line.FirstEvent)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, leftOut
}
