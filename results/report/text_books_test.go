package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
	"rehearse/scenario/schedule"
)

// TestShortStageTellsNoRate: a stage that was cut after 65 ms tells no rate, though it
// tells what came of it.
func TestShortStageTellsNoRate(t *testing.T) {
	t.Parallel()
	m := runtest.Manifest(0)
	m.Stages = []schedule.StageSpan{
		{Name: "low", To: time.Second, Start: 1000, End: 1000},
		{Name: "high", From: time.Second, To: time.Minute, Start: 4000, End: 4000},
	}
	d := create(t, filepath.Join(t.TempDir(), "run"), m)
	total := results.NewTally()
	for i, to := range []time.Duration{time.Second, 1065 * time.Millisecond} {
		tally := runtest.Second(100, 0, 10*time.Millisecond)
		total.Add(tally)
		if err := d.Write(&results.Interval{From: time.Duration(i) * time.Second, To: to, Tally: *tally,
			Total: total}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := d.Close(results.Final{Ended: results.Aborted, Rule: "x"})
	if err != nil {
		t.Fatal(err)
	}
	low, high := r.Stages[0].Stats, r.Stages[1].Stats
	if answeredRate(low) != "1,000" || answeredRate(high) != "–" || high.Answered != nil || high.Requests != 100 {
		t.Errorf("low %s, high %s of %d requests", answeredRate(low), answeredRate(high), high.Requests)
	}
	short := &results.Result{Events: results.Totals{Sent: 4044}}
	if short.Run.Seconds = 0.065; averageRate(short) != "–" {
		t.Errorf("%s events/s on average in 65 ms", averageRate(short))
	}
}

// TestStagesNeedAcceptance: a rate at which nothing was accepted, or too little, is
// not held, whatever the latency; and a pause is no rate.
func TestStagesNeedAcceptance(t *testing.T) {
	t.Parallel()
	m := runtest.Manifest(0)
	m.Thresholds = runtest.Thresholds(t, []string{"p99 < 500ms"})
	for i, rate := range []float64{100, 200, 400} {
		m.Stages = append(m.Stages, schedule.StageSpan{
			Name:  fmt.Sprint(i),
			From:  time.Duration(i) * time.Second,
			To:    time.Duration(i+1) * time.Second,
			Start: rate,
			End:   rate,
		})
	}
	for bad, want := range map[int]string{
		0: "the thresholds held up to 400 events/s, the highest of the run",
		2: "the thresholds held up to 200 events/s, and broke at 400/s: accepted >= 99% was 98 % (980 of " +
			"1,000 events)",
		100: "the thresholds held up to 200 events/s, and broke at 400/s: p99 < 500ms was not measured, for " +
			"nothing was accepted; accepted >= 99% was 0 % (0 of 1,000 events)",
	} {
		m.Generator = &results.Generator{}
		j := judge.NewJudge(&m)
		total := results.NewTally()
		for i := range 3 {
			tally := runtest.Second(100, 0, 10*time.Millisecond)
			if i == 2 {
				tally = runtest.Second(100, bad, 10*time.Millisecond)
			}
			total.Add(tally)
			j.Observe(&results.Interval{
				From:  time.Duration(i) * time.Second,
				To:    time.Duration(i+1) * time.Second,
				Tally: *tally,
				Total: total,
			})
		}
		r := j.Result(results.Final{Ended: results.Completed}, results.Count{}, &judge.Evidence{})
		if got := Capacity(r); got != want {
			t.Errorf("%d refused: %q, want\n%q", bad, got, want)
		}
	}
	came := &results.StageStats{Broken: []string{}}
	paused := &results.Result{
		Stages:     []results.StageRow{{Start: 100, End: 100, Stats: came}, {Stats: came}},
		Thresholds: []results.ThresholdRow{{Text: "p99 < 500ms"}},
	}
	if climbs(paused) || Capacity(paused) != "" {
		t.Errorf("a rate and a pause tell of a capacity: %q", Capacity(paused))
	}
}

// TestMayBeStored: a refusal that is no certain no stands apart in the books, in the
// ledger and in the details, and changes no balance.
func TestMayBeStored(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	d := create(t, path, runtest.Manifest(100))
	r := results.NewRecorder(1)
	for i := range 100 {
		o := runtest.Outcome(i, capture.Accepted, 200)
		switch {
		case i < 10:
			o.Reason, o.Status, o.MayBeStored = capture.Unavailable, 503, true
		case i < 13:
			o.Reason, o.Status = capture.Unavailable, 503 // it was answered before it was sent whole
		}
		r.Sender(0).Record(&o)
	}
	if err := d.Write(r.Tick(time.Second, results.Count{})); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	run := open(t, path)
	e, q := run.Result.Events, run.Result.Requests
	if e.Rejected != 130 || e.MayBeStored != 100 || q.MayBeStored != 10 || run.Result.Balance() != nil {
		t.Errorf("%+v, %+v: %v", q, e, run.Result.Balance())
	}
	want := []results.RejectionRow{
		{Reason: "unavailable", Side: "server", Status: 503, Requests: 3, Events: 30},
		{Reason: "unavailable", Side: "server", Status: 503, Requests: 10, Events: 100, MayBeStored: true},
	}
	if !slices.Equal(run.Result.Rejections, want) {
		t.Errorf("%+v, want\n%+v", run.Result.Rejections, want)
	}
	ledger, err := run.Ledger()
	fates := []results.Range{
		{First: 0, Count: 100, Fate: capture.FateMayBeStored},
		{First: 100, Count: 30, Fate: capture.FateRejected},
		{First: 130, Count: 870, Fate: capture.FateAccepted},
	}
	if err != nil || !slices.Equal(ledger.Ranges, fates) {
		t.Errorf("ledger %v (%v), want %v", ledger, err, fates)
	}
	doubtful := 0
	if _, err := run.EachRejection(func(line *rundir.RejectionLine) error {
		if line.MayBeStored {
			doubtful++
		}
		return nil
	}); err != nil || doubtful != 10 {
		t.Errorf("%d of the details (%v), want 10", doubtful, err)
	}
	page := wantWidth(t, run, text.Columns)
	for _, want := range []string{
		"in doubt   100 rejected events may be stored", "unavailable (?)", "  unavailable          server",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

// besideRun is a run with that as its endpoint.json.
func besideRun(t *testing.T, page string) *rundir.Run {
	t.Helper()
	path := t.TempDir()
	if err := os.CopyFS(path, os.DirFS("../rundir/testdata/small-import")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, rundir.EndpointFile), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// TestFarEnd: what was answered with yes and dropped is held against the books.
func TestFarEnd(t *testing.T) {
	t.Parallel()
	run := besideRun(t,
		`{"format": "rehearse/stage/v1", "events": {"accepted": 7060, "lost": 940}, "pipeline": {"over_quota": 60}}`)
	if diff := cmp.Diff(&results.EndpointCounts{Kept: 7000, Lost: 940, OverQuota: 60}, run.Endpoint); diff != "" {
		t.Error(diff)
	}
	want := "counted 7,000 events; accepted (200) but lost 940; accepted (200) but dropped 60 over quota"
	for width := text.MinColumns; width <= text.Columns; width += 20 {
		if page := wantWidth(t, run, width); !strings.Contains(strings.Join(strings.Fields(page), " "), want) {
			t.Errorf("%d columns: no %q in\n%s", width, want, page)
		}
	}
	got := endpointSentence(run.Endpoint, 6_999)
	if !strings.HasPrefix(got, "counted 7,000 events, some of them more than once, ") {
		t.Errorf("%q of 6,999 that were sent", got)
	}
	for _, bad := range []string{"", "{", `{"format": "x\u001b[31m"}`, "\x96\x00"} {
		run := besideRun(t, bad)
		page := wantWidth(t, run, text.Columns)
		if run.Endpoint != nil || !strings.Contains(page, "endpoint.json: ") {
			t.Errorf("%q is %+v, and no warning in\n%s", bad, run.Endpoint, page)
		}
	}
}

// TestCauses: what was met on the way is named, the most frequent first, and few.
func TestCauses(t *testing.T) {
	t.Parallel()
	many := &results.Retries{}
	for i := range int64(8) {
		many.Refused = append(many.Refused, results.RejectionRow{
			Reason:   "unavailable",
			Status:   503,
			Requests: 1000 + i,
		})
	}
	for _, c := range []struct {
		facts *results.Retries
		want  string
	}{
		{&results.Retries{}, ""},
		{
			&results.Retries{Refused: []results.RejectionRow{
				{Reason: "connect_refused", Requests: 1},
				{Reason: "rate_limited", Status: 429, Requests: 1200},
			}},
			"1,200 × rate_limited 429, 1 × connect_refused",
		},
		{many, "1,007 × unavailable 503, 1,006 × unavailable 503, 1,005 × unavailable 503, 1,004 × unavailable " +
			"503, 1,003 × unavailable 503, 1,002 × unavailable 503, and others"},
	} {
		if got := retryCauses(c.facts); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
