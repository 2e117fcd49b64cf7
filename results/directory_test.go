package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"rehearse/capture"
	"rehearse/scenario"
)

// manifest is that of a run of n requests by outcome.
func manifest(n int) Manifest {
	return Manifest{
		RunID: "20261201T090000Z-acme", Scenario: "acme-import", Seed: 42,
		StartedAt:    time.Date(2026, 12, 1, 10, 0, 0, 250e6, time.FixedZone("", 3600)),
		Target:       "http://127.0.0.1:8010/batch/",
		Planned:      Planned{Events: int64(n) * 10, Requests: int64(n), PeakEvents: 10_000},
		ScenarioYAML: []byte("name: acme-import\n"),
		Thresholds: []scenario.Threshold{
			{Text: "p99 < 500ms", Metric: scenario.Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: 500},
			{Text: "rejected < 0.1%", Metric: scenario.Metric{Name: "rejected"}, Op: "<", Value: 0.001, Share: true},
		},
	}
}

// rehearse writes a run of n requests, a thousand an interval, each with a
// service time of its own, and does not close it.
func rehearse(t testing.TB, path string, n int, reasonOf func(int) (capture.Reason, int)) *Directory {
	t.Helper()
	d, err := Create(path, manifest(n))
	if err != nil {
		t.Fatal(err)
	}
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
	if got := run.Result.Run; got.Seconds != 3.5 || got.StartedAt != "2026-12-01T09:00:00.250Z" || got.Ended != Completed {
		t.Errorf("run %+v", got)
	}
	if len(run.Timeline) != 4 || run.Timeline[3].To != 3.5 || run.Timeline[3].Target != 10_000 {
		t.Errorf("timeline %+v", run.Timeline)
	}
	ledger, err := run.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	wantLedger(t, ledger, n)
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
		got[RejectionRow{Reason: line.Reason, Side: line.Side, Status: line.Status}]++
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
		if got[row.kind()] != want {
			t.Errorf("%d lines of %v, want %d", got[row.kind()], row.kind(), want)
		}
	}
}

// The standard reader of the library, which knows nothing of this package, comes
// to the same quantiles.
func TestHlogByTheStandardReader(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	result, err := rehearse(t, path, 2500, reasonOf).Close(Final{Ended: Completed})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(path, LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	merged := map[string]*hdrhistogram.Histogram{}
	log := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	start := manifest(0).StartedAt.UnixMilli()
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if offset := h.StartTimeMs() - start; offset%1000 > 1 && offset%1000 < 999 || offset > 2000 {
			t.Errorf("an interval that starts at %d ms", offset)
		}
		if merged[h.Tag()] == nil {
			merged[h.Tag()] = h
			continue
		}
		merged[h.Tag()].Merge(h)
	}
	for tag, want := range map[string]Summary{"latency": result.Latency, "service": result.Service, "lag": result.Lag} {
		h := merged[tag]
		got := [...]float64{
			float64(h.TotalCount()), float64(h.ValueAtPercentile(50)), float64(h.ValueAtPercentile(99)),
			float64(h.ValueAtPercentile(99.9)), float64(h.Max()),
		}
		if want := [...]float64{float64(want.Count), want.P50 * 1000, want.P99 * 1000, want.P999 * 1000, want.Max * 1000}; got != want {
			t.Errorf("%s: count, p50, p99, p99.9, max %v, want %v", tag, got, want)
		}
	}
}

func TestResultsKeepTheSchema(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("result", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("result")
	if err != nil {
		t.Fatal(err)
	}
	holds := func(name, path string) {
		text, err := os.ReadFile(filepath.Join(path, ResultFile))
		if err != nil {
			t.Fatal(err)
		}
		result, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(result); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := t.TempDir()
	if _, err := Create(filepath.Join(path, "new"), manifest(10)); err != nil {
		t.Fatal(err)
	}
	holds("a run that has not begun", filepath.Join(path, "new"))
	d := rehearse(t, filepath.Join(path, "run"), 1500, reasonOf)
	holds("a run that goes on", filepath.Join(path, "run"))
	if _, err := d.Close(Final{Ended: Interrupted, Why: "Ctrl-C"}); err != nil {
		t.Fatal(err)
	}
	holds("a closed run", filepath.Join(path, "run"))
}

// The schema describes every field and no other, and the fields stand in the
// order of the contract.
func TestResultFieldsInOrder(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(&Result{Stages: []StageRow{{}}, Rejections: []RejectionRow{{}}, Thresholds: []ThresholdRow{{}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"format":"","run":{"id":"","scenario":"","scenario_sha256":"","seed":0,"started_at":"","seconds":0,"target":"","ended":"","why":"","rule":"","shard":{"index":0,"of":0}},` +
		`"planned":{"events":0,"requests":0,"peak_events_per_s":0},` +
		`"stages":[{"name":"","from_s":0,"to_s":0,"from_events_per_s":0,"to_events_per_s":0}],` +
		`"requests":{"sent":0,"accepted":0,"rejected":0,"ambiguous":0,"unsent":0,"retried":0},` +
		`"events":{"sent":0,"accepted":0,"rejected":0,"ambiguous":0,"unsent":0},` +
		`"bytes":{"body":0,"wire":0},` +
		`"rejections":[{"reason":"","side":"","status":0,"requests":0,"events":0}],` +
		`"latency_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"service_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"lag_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"generator":{"cpu_seconds":0,"rss_bytes":0,"bottleneck":"","schedule_kept":0,"cores":0,"cpu_busiest":0,"throttled":0,"machine_busiest":0,"gc_pause_max_ms":0,"held_up_s":0,"files":0,"files_limit":0,"clock_step_ms":0,"net_drops":0,"listen_overflows":0,"tcp_resent":0},` +
		`"thresholds":[{"text":"","value":"","ok":false}],"verdict":"","warnings":null}`
	if string(text) != want {
		t.Errorf("result.json\n%s, want\n%s", text, want)
	}
}

func TestSnapshotBalances(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := Create(path, manifest(100))
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(1)
	for i := range 30 {
		o := outcome(i, capture.Accepted, 200)
		r.Shard(0).Record(&o)
	}
	if err := d.Write(r.Tick(time.Second, Count{5, 50})); err != nil {
		t.Fatal(err)
	}
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	got := run.Result
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

// growing are the files that a killed run may leave torn.
var growing = [...]string{LatencyFile, TimelineFile, RejectedFile, LedgerFile}

// A run killed in mid-write leaves its last interval torn in any of the files, or
// missing in some. Everything that result.json covers is still there, and what
// goes beyond is passed over.
func TestKilledRunIsReadable(t *testing.T) {
	t.Parallel()
	before, after := t.TempDir(), t.TempDir()
	rehearse(t, before, 2000, reasonOf)
	rehearse(t, after, 3000, reasonOf) // the same, and an interval more
	old, grown := readFiles(t, before), readFiles(t, after)
	want, err := Open(before)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range growing {
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
		if !got.Latency.counts.Equals(want.Latency.counts) {
			t.Errorf("%d latencies, want %d", got.Latency.Count(), want.Latency.Count())
		}
		if ledger, err := got.Ledger(); err != nil || len(ledger) == 0 {
			t.Errorf("ledger of %d ranges, error %v", len(ledger), err)
		}
		if err := WriteText(io.Discard, got, TextWidth); err != nil {
			t.Error(err)
		}
	})
}

// Files cut anywhere, or gone, cost what they held and no more.
func TestMutilatedDirectoryIsReadable(t *testing.T) {
	t.Parallel()
	whole, path := t.TempDir(), t.TempDir()
	if _, err := rehearse(t, whole, 1500, reasonOf).Close(Final{Ended: Completed}); err != nil {
		t.Fatal(err)
	}
	files := readFiles(t, whole)
	writeFile(t, filepath.Join(path, ResultFile), files[ResultFile])
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range growing {
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
		if run.Result.Requests.Sent == 0 || run.Result.Run.Ended != Completed {
			t.Errorf("result %+v", run.Result)
		}
		var text bytes.Buffer
		if err := WriteText(&text, run, TextWidth); err != nil || text.Len() == 0 {
			t.Errorf("%d bytes of text, error %v", text.Len(), err)
		}
	})
}

// readFiles reads a directory.
func readFiles(t *testing.T, path string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range append(growing[:], ResultFile) {
		text, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}

// writeFile replaces a file.
func writeFile(t rapid.TB, path string, text []byte) {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if _, err := Create(path, manifest(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, manifest(1)); err == nil || !strings.Contains(err.Error(), "is not empty (choose another") {
		t.Errorf("a directory in use: error %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(file, "run"), manifest(1)); err == nil || !strings.HasPrefix(err.Error(), "cannot create run directory") {
		t.Errorf("a directory in a file: error %v", err)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "mkdir", Path: "/runs", Err: syscall.EACCES}, "mkdir /runs: permission denied (choose a directory that you may write to)"},
		{&os.PathError{Op: "write", Path: "/runs/ledger", Err: syscall.ENOSPC}, "write /runs/ledger: no space left on device (free some space, or choose a directory on another disk)"},
		{io.ErrShortWrite, "short write"},
	} {
		if got := advise(c.err); got.Error() != c.want || !errors.Is(got, c.err) {
			t.Errorf("advise(%v) = %v, want %q", c.err, got, c.want)
		}
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	io.WriteCloser
	room int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	written, err := f.WriteCloser.Write(p[:n])
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return written, err
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := Create(path, manifest(300))
	if err != nil {
		t.Fatal(err)
	}
	d.timeline = &fullDisk{d.timeline, 250} // a row and a piece of the next
	r := NewRecorder(1)
	var failures []error
	for i := range 300 {
		o := outcome(i, capture.Accepted, 200)
		r.Shard(0).Record(&o)
		if i%100 == 99 {
			if err := d.Write(r.Tick(time.Duration(i+1)*ms, Count{})); err != nil {
				failures = append(failures, err)
			}
		}
	}
	if len(failures) != 1 || !errors.Is(failures[0], syscall.ENOSPC) {
		t.Errorf("Write failed with %v, want one failure for lack of space", failures)
	}
	result, err := d.Close(Final{Ended: Completed})
	if !errors.Is(err, syscall.ENOSPC) || result.Verdict != Invalid || result.Requests.Accepted != 300 {
		t.Errorf("Close: error %v, verdict %s, %d accepted", err, result.Verdict, result.Requests.Accepted)
	}
	if want := "cannot write run directory"; !strings.HasPrefix(result.Because(), want) {
		t.Errorf("invalid because %q, want %q", result.Because(), want)
	}
	run, err := Open(path)
	if err != nil || len(run.Timeline) == 0 || len(run.Timeline) > 2 || run.Result.Verdict != Invalid {
		t.Errorf("opened: %d rows, verdict %s, error %v", len(run.Timeline), run.Result.Verdict, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, result, want string
		is                 error
	}{
		{"no run", "", "not a run directory: no result.json in it (name the directory that a run wrote)", ErrNoRun},
		{"a newer format", `{"format": "rehearse/result/v2"}`, `"rehearse/result/v2" is a format that this version does not know`, ErrFormat},
		{"no JSON", `{"format": `, "cannot read result.json: unexpected end of JSON input", nil},
	} {
		path := t.TempDir()
		if c.result != "" {
			if err := os.WriteFile(filepath.Join(path, ResultFile), []byte(c.result), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestOpenDoubtsBooksThatDoNotBalance(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if _, err := rehearse(t, path, 1000, accept).Close(Final{Ended: Completed}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path, ResultFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"verdict": "pass"`)) {
		t.Fatalf("not a pass:\n%s", text)
	}
	text = bytes.Replace(text, []byte(`"accepted": 1000,`), []byte(`"accepted": 999,`), 1)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "the books do not balance: 1000 requests sent, but 999 accepted + 0 rejected + 0 ambiguous"
	if run.Result.Verdict != Invalid || run.Result.Because() != want {
		t.Errorf("verdict %s because %q, want invalid because %q", run.Result.Verdict, run.Result.Because(), want)
	}
}

func FuzzParseResult(f *testing.F) {
	text, err := (&Result{Format: Format, Rejections: []RejectionRow{{Reason: "rate_limited"}}}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format": "rehearse/result/v2"}`))
	f.Add([]byte(`{"format": "rehearse/result/v1", "planned": {"requests": 1e99}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		result, err := ParseResult(text)
		if err != nil {
			return
		}
		_ = result.Balance()
		if err := WriteText(io.Discard, &Run{Result: result}, TextWidth); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkWrite ticks and writes down a second of 1,000 requests, histograms
// encoded, result.json replaced.
func BenchmarkWrite(b *testing.B) {
	d, err := Create(b.TempDir(), manifest(1))
	if err != nil {
		b.Fatal(err)
	}
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
