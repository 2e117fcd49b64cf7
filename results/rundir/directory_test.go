package rundir

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

func TestRunDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "runs", "one")
	const n = 3500
	closed, err := rehearse(t, path, n, runtest.Reason).Close(results.Final{Ended: results.Completed})
	if err != nil {
		t.Fatal(err)
	}
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(closed, run.Result); diff != "" {
		t.Errorf("read is not what was written (-written +read):\n%s", diff)
	}
	if err := run.Result.Balance(); err != nil {
		t.Error(err)
	}
	if got := run.Result.Run; got.Seconds != 3.5 || got.StartedAt != "2026-12-01T09:00:00.250123457Z" ||
		got.Ended != results.Completed {
		t.Errorf("run %+v", got)
	}
	if len(run.Timeline) != 4 || run.Timeline[3].To != 3.5 || run.Timeline[3].Target != 10_000 {
		t.Errorf("timeline %+v", run.Timeline)
	}
	ledger, err := run.Ledger()
	if err != nil || len(ledger.Damage) > 0 {
		t.Fatalf("%+v, error %v", ledger, err)
	}
	runtest.WantLedger(t, ledger.Ranges, n)
	wantHistograms(t, run)
	wantRejections(t, path, run.Result)
	limited := results.RejectionRow{Reason: capture.RateLimited.String(), Side: "server", Status: 429}
	if got, want := run.Answers[limited], `{"error":"slow down`+"\uFFFD"+`[31m"}`; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
}

// wantHistograms makes sure that the log of histograms adds up to result.json.
func wantHistograms(t *testing.T, run *Run) {
	t.Helper()
	for _, c := range []struct {
		name string
		h    *results.Histogram
		want results.Summary
	}{
		{"latency", run.Latency, run.Result.Latency},
		{"service", run.Service, run.Result.Service},
		{"lag", run.Lag, run.Result.Lag},
	} {
		if got := results.Summarize(c.h); got != c.want {
			t.Errorf("%s of latency.hlog %+v, want %+v", c.name, got, c.want)
		}
	}
	var sum int64
	for _, h := range run.ByReason {
		sum += h.Count()
	}
	if want := run.Result.Latency.Count; sum != want {
		t.Errorf("%d latencies by reason, want %d", sum, want)
	}
}

// wantRejections makes sure that rejected.jsonl.gz has what result.json counts.
func wantRejections(t *testing.T, path string, r *results.Result) {
	t.Helper()
	file, err := os.Open(filepath.Join(path, RejectedFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got := map[results.RejectionRow]int64{}
	leftOut, err := ReadRejections(file, func(line *RejectionLine) error {
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

func TestSnapshotBalances(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d := create(t, path, runtest.Manifest(100))
	r := results.NewRecorder(1)
	for i := range 30 {
		o := runtest.Outcome(i, capture.Accepted, 200)
		r.Sender(0).Record(&o)
	}
	if err := d.Write(r.Tick(time.Second, results.Count{Requests: 5, Events: 50})); err != nil {
		t.Fatal(err)
	}
	if run := open(t, path); run.Result.Run.Ended != results.Running {
		t.Errorf("while it runs it has %s", run.Result.Run.Ended)
	}
	kill(t, d)
	got := open(t, path).Result
	if want := (results.Totals{Sent: 35, Accepted: 30, Ambiguous: 5, Unsent: 65}); got.Requests.Totals != want ||
		got.Balance() != nil {
		t.Errorf("requests %+v, want %+v (%v)", got.Requests.Totals, want, got.Balance())
	}
	if want := (results.Totals{Sent: 350, Accepted: 300, Ambiguous: 50, Unsent: 650}); got.Events != want {
		t.Errorf("events %+v, want %+v", got.Events, want)
	}
	if got.Run.Ended != results.Killed || got.Verdict != results.Invalid || got.Generator.ScheduleKept != 1 {
		t.Errorf("ended %s, verdict %s, kept %v", got.Run.Ended, got.Verdict, got.Generator.ScheduleKept)
	}
}

// BenchmarkWrite ticks and writes down a second of 1,000 requests, histograms
// encoded, result.json replaced.
func BenchmarkWrite(b *testing.B) {
	d := create(b, b.TempDir(), runtest.Manifest(1))
	r := results.NewRecorder(4)
	b.ReportAllocs()
	for second := 1; b.Loop(); second++ {
		for i := range 1000 {
			o := runtest.Outcome(second*1000+i, capture.Accepted, 200)
			o.Done += time.Duration(i) * 37 * time.Microsecond
			r.Sender(i & 3).Record(&o)
		}
		if err := d.Write(r.Tick(time.Duration(second)*time.Second, results.Count{})); err != nil {
			b.Fatal(err)
		}
	}
}
