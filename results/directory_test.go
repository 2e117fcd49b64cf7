package results

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/capture"
	"rehearse/scenario"
)

// manifest is that of a run of n requests by outcome.
func manifest(n int) Manifest {
	return Manifest{
		RunID: "20261201T090000Z-acme", Scenario: "acme-import", Seed: 42,
		StartedAt:    time.Date(2026, 12, 1, 10, 0, 0, 250_123_457, time.FixedZone("", 3600)),
		Target:       "http://127.0.0.1:8010/batch/",
		Planned:      Planned{Events: int64(n) * 10, Requests: int64(n), PeakEvents: 10_000},
		ScenarioYAML: []byte("name: acme-import\n"),
		Thresholds: []scenario.Threshold{
			{Text: "p99 < 500ms", Metric: scenario.Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: 500},
			{Text: "rejected < 0.1%", Metric: scenario.Metric{Name: "rejected"}, Op: "<", Value: 0.001, Share: true},
		},
	}
}

// create makes a directory whose run is on a machine that is never busy: what the
// one that the tests are on does meanwhile would show in warnings and verdict.
func create(t testing.TB, path string, m Manifest) *Directory {
	t.Helper()
	m.Generator = &Generator{}
	d, err := Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rehearse writes a run of n requests, a thousand an interval, each with a
// service time of its own, and does not close it.
func rehearse(t testing.TB, path string, n int, reasonOf func(int) (capture.Reason, int)) *Directory {
	t.Helper()
	d := create(t, path, manifest(n))
	r := NewRecorder(4)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		reason, status := reasonOf(i)
		o := outcome(i, reason, status)
		o.Sent += time.Duration(random.IntN(300)) * time.Microsecond
		o.Done = o.Sent + time.Duration(random.ExpFloat64()*float64(8*ms))
		o.Opening = opening(i)
		if status == 429 {
			o.Answer = []byte("{\"error\":\"slow down\x1b[31m\"}\n")
		}
		r.Shard(i % 4).Record(&o)
		if i%1000 == 999 || i == n-1 {
			iv := r.Tick(time.Duration(i+1)*ms, Count{2, 20})
			iv.Target = 10_000
			if err := d.Write(iv); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// kill leaves a directory as the end of its process does.
func kill(t *testing.T, d *Directory) {
	t.Helper()
	if err := d.Lock.Close(); err != nil {
		t.Fatal(err)
	}
}

// accept is a reasonOf without refusals.
func accept(int) (capture.Reason, int) { return capture.Accepted, 200 }

func TestRunDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "runs", "one")
	const n = 3500
	closed, err := rehearse(t, path, n, reasonOf).Close(Final{Ended: Completed})
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
	if got := run.Result.Run; got.Seconds != 3.5 || got.StartedAt != "2026-12-01T09:00:00.250123457Z" || got.Ended != Completed {
		t.Errorf("run %+v", got)
	}
	if len(run.Timeline) != 4 || run.Timeline[3].To != 3.5 || run.Timeline[3].Target != 10_000 {
		t.Errorf("timeline %+v", run.Timeline)
	}
	ledger, err := run.Ledger()
	if err != nil || len(ledger.Damage) > 0 {
		t.Fatalf("%+v, error %v", ledger, err)
	}
	wantLedger(t, ledger.Ranges, n)
	wantHistograms(t, run)
	wantRejections(t, path, run.Result)
	limited := RejectionRow{Reason: capture.RateLimited.String(), Side: "server", Status: 429}
	if got, want := run.Answers[limited], `{"error":"slow down`+"\uFFFD"+`[31m"}`; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
}

// wantHistograms makes sure that the log of histograms adds up to result.json.
func wantHistograms(t *testing.T, run *Run) {
	t.Helper()
	for _, c := range []struct {
		name string
		h    *Histogram
		want Summary
	}{
		{"latency", run.Latency, run.Result.Latency},
		{"service", run.Service, run.Result.Service},
		{"lag", run.Lag, run.Result.Lag},
	} {
		if got := summary(c.h); got != c.want {
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
func wantRejections(t *testing.T, path string, r *Result) {
	t.Helper()
	file, err := os.Open(filepath.Join(path, RejectedFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got := map[RejectionRow]int64{}
	leftOut, err := ReadRejections(file, func(line *RejectionLine) error {
		got[RejectionRow{Reason: line.Reason, Side: line.Side, Status: line.Status, MayBeStored: line.MayBeStored}]++
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
	d := create(t, path, manifest(100))
	r := NewRecorder(1)
	for i := range 30 {
		o := outcome(i, capture.Accepted, 200)
		r.Shard(0).Record(&o)
	}
	if err := d.Write(r.Tick(time.Second, Count{5, 50})); err != nil {
		t.Fatal(err)
	}
	if run := open(t, path); run.Result.Run.Ended != Running {
		t.Errorf("while it runs it has %s", run.Result.Run.Ended)
	}
	kill(t, d)
	got := open(t, path).Result
	if want := (Books{Sent: 35, Accepted: 30, Ambiguous: 5, Unsent: 65}); got.Requests.Books != want || got.Balance() != nil {
		t.Errorf("requests %+v, want %+v (%v)", got.Requests.Books, want, got.Balance())
	}
	if want := (Books{Sent: 350, Accepted: 300, Ambiguous: 50, Unsent: 650}); got.Events != want {
		t.Errorf("events %+v, want %+v", got.Events, want)
	}
	if got.Run.Ended != Killed || got.Verdict != Invalid || got.Generator.ScheduleKept != 1 {
		t.Errorf("ended %s, verdict %s, kept %v", got.Run.Ended, got.Verdict, got.Generator.ScheduleKept)
	}
}

// BenchmarkWrite ticks and writes down a second of 1,000 requests, histograms
// encoded, result.json replaced.
func BenchmarkWrite(b *testing.B) {
	d := create(b, b.TempDir(), manifest(1))
	r := NewRecorder(4)
	b.ReportAllocs()
	for second := 1; b.Loop(); second++ {
		for i := range 1000 {
			o := outcome(second*1000+i, capture.Accepted, 200)
			o.Done += time.Duration(i) * 37 * time.Microsecond
			r.Shard(i & 3).Record(&o)
		}
		if err := d.Write(r.Tick(time.Duration(second)*time.Second, Count{})); err != nil {
			b.Fatal(err)
		}
	}
}
