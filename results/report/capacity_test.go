package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
	"rehearse/scenario/schedule"
)

// held is a stage of 2 s that holds a rate, and what became of its requests, of
// ten events each.
type held struct {
	name     string
	rate     int // events a second that were asked for
	answered int // events a second
	took     time.Duration
	late     int // requests that left late by the generator's fault
}

// climb runs a ramp of 2 s and the stages after it, a second an interval. What was
// not answered in time is answered in the second after the load, 900 ms late; of
// the highest stage, 2 requests a second are refused.
func climb(t *testing.T, f results.Final, thresholds []string, stages ...held) *results.Result {
	t.Helper()
	stages = append([]held{{name: "1", answered: 500, took: 10 * time.Millisecond}}, stages...)
	m := runtest.Manifest(0)
	m.Thresholds = runtest.Thresholds(t, thresholds)
	owed := 0
	for i, s := range stages {
		from := time.Duration(2*i) * time.Second
		m.Stages = append(m.Stages, schedule.StageSpan{
			Name:  s.name,
			From:  from,
			To:    from + 2*time.Second,
			Start: float64(s.rate),
			End:   float64(s.rate),
		})
		m.Planned.Events += 2 * int64(s.rate)
		owed += max(2*(s.rate-s.answered), 0)
	}
	m.Stages[0].End = 1000
	m.Planned.Events += 1000
	m.Planned.Requests = m.Planned.Events / 10
	m.Generator = &results.Generator{}
	j := judge.NewJudge(&m)
	total, at := results.NewTally(), time.Duration(0)
	second := func(tally *results.Tally) {
		total.Add(tally)
		j.Observe(&results.Interval{From: at, To: at + time.Second, Tally: *tally, Total: total})
		at += time.Second
	}
	for _, s := range stages {
		bad := 0
		if s.rate == 2000 {
			bad = 2
		}
		for range 2 {
			of := runtest.Second(s.answered/10, bad, s.took)
			of.Late[results.OnTime].Requests -= int64(s.late)
			of.Late[results.LatePace].Requests += int64(s.late)
			second(of)
		}
	}
	if f.Ended == results.Completed {
		second(runtest.Second(owed/10, 0, 900*time.Millisecond))
	}
	return j.Result(f, results.Count{}, &judge.Evidence{})
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	low := held{"low", 1000, 1000, 10 * time.Millisecond, 0}
	slow := held{"high", 2000, 2000, 900 * time.Millisecond, 0}
	fast := held{"high", 2000, 2000, 10 * time.Millisecond, 0}
	late := held{"high", 2000, 2000, 10 * time.Millisecond, 10}
	const p99 = "p99 < 500ms"
	for _, c := range []struct {
		name       string
		thresholds []string
		high       held
		want       string
	}{
		{"fast", []string{p99, "rejected < 3%"}, fast,
			"the thresholds held up to 2,000 events/s, the highest of the run"},
		// 2 of 200 requests a second are refused: 1 %, and 4 in all.
		{"slow", []string{
			p99, "rejected < 1%",
		}, slow, "the thresholds held up to 1,000 events/s, and broke at 2,000/s: p99 < 500ms was 900.1 ms; " +
			"rejected < 1% was 1 % (4)"},
		// 10 of 200 left late.
		{"our own doing", []string{p99}, held{"high", 2000, 2000, 900 * time.Millisecond, 10},
			"the thresholds held up to 1,000 events/s, and broke at 2,000/s: p99 < 500ms was 900.1 ms; but 5 % of " +
				"its requests left late by the generator's own fault"},
		{"late, and yet fast enough", []string{p99}, late,
			"the thresholds held up to 2,000 events/s, the highest of the run"},
		{"never", []string{"p99 < 1ms"}, fast,
			"the thresholds held at none of the rates, and broke at 1,000/s: p99 < 1ms was 10 ms"},
		{"of one stage", []string{"p99 < 500ms in low", "p99 < 1s in high"}, slow,
			"the thresholds held up to 2,000 events/s, the highest of the run"},
		{"what no part can be held to", []string{"accepted > 20000", "rejected > 0", "p50 < 5ms every 5s"}, fast,
			"the thresholds held up to 2,000 events/s, the highest of the run"},
		{"none of anything", []string{"rejected == 0"}, fast,
			"the thresholds held up to 1,000 events/s, and broke at 2,000/s: rejected == 0 was 40 events"},
		{"nothing was demanded", nil, slow, ""},
		// Of 4,000 events 40 come in time, and 3,960 when the load is over: 900 ms late, and
		// 3,960 > 2,000/s × 1.5 s + 3 × 10 × (1 + √400) = 3,630.
		{"stands still at the end", []string{p99}, held{"high", 2000, 20, 10 * time.Millisecond, 0},
			"the thresholds held up to 1,000 events/s, and broke at 2,000/s: p99 < 500ms was 900.1 ms; 40 of its " +
				"4,000 events were answered while it lasted"},
		// 900 of 4,000 are owed; 2,000/s × (1 s + 1 s) may be.
		{"owes little", []string{"p99 < 1s"}, held{"high", 2000, 1550, 10 * time.Millisecond, 0},
			"the thresholds held up to 2,000 events/s, the highest of the run"},
	} {
		got := Capacity(climb(t, results.Final{Ended: results.Completed}, c.thresholds, low, c.high))
		if got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// A stage says nothing of a rate if a higher one broke before it, or if the run
// did not see its end.
func TestCapacityOfStages(t *testing.T) {
	t.Parallel()
	row := func(start, to float64, broke ...string) results.StageRow {
		return results.StageRow{Start: start, End: start, To: to, Stats: &results.StageStats{Broken: broke}}
	}
	unseen := results.StageRow{Start: 4000, End: 4000, To: 50}
	for _, c := range []struct {
		name    string
		ended   results.Ended
		seconds float64
		stages  []results.StageRow
		want    string
	}{
		{"down again, still behind", results.Completed, 41, []results.StageRow{
			row(1000, 10), row(2000, 20), row(3000, 30, "x"), row(1000, 40, "x"),
		}, "the thresholds held up to 2,000 events/s, and broke at 3,000/s: x"},
		{"from above", results.Completed, 31, []results.StageRow{row(3000, 10, "x"), row(2000, 20, "x"), row(1000, 30)},
			"the thresholds held up to 1,000 events/s, and broke at 3,000/s: x"},
		{"worse with time", results.Completed, 31, []results.StageRow{row(1000, 10), row(2000, 20), row(1000, 30, "x")},
			"the thresholds held at none of the rates, and broke at 1,000/s: x"},
		{"once, and not again", results.Completed, 41, []results.StageRow{
			row(1000, 10), row(2000, 20), row(2000, 30, "x"), row(3000, 40),
		}, "the thresholds held up to 1,000 events/s, and broke at 2,000/s: x"},
		{"interrupted", results.Interrupted, 15, []results.StageRow{row(1000, 10), row(2000, 20), unseen},
			"the thresholds held up to 1,000 events/s; the run ended before it had been through more"},
		{"interrupted at once", results.Interrupted, 5, []results.StageRow{row(1000, 10), row(2000, 20)}, ""},
		{"aborted where it broke", results.Aborted, 15, []results.StageRow{row(1000, 10), row(2000, 20, "x"), unseen},
			"the thresholds held up to 1,000 events/s, and broke at 2,000/s: x"},
		{"over a little early", results.Completed, 19.9, []results.StageRow{row(1000, 10), row(2000, 20)},
			"the thresholds held up to 2,000 events/s, the highest of the run"},
	} {
		r := &results.Result{Stages: c.stages, Thresholds: make([]results.ThresholdRow, 1)}
		r.Run.Ended, r.Run.Seconds = c.ended, c.seconds
		if got := Capacity(r); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// A stage that is not answered at all is no stage that held, nor one that never was.
func TestStageWithoutAnswers(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	stages := []held{
		{"low", 1000, 1000, 10 * time.Millisecond, 0},
		{"dead", 3000, 0, 0, 0},
		{"high", 4000, 4000, 10 * time.Millisecond, 0},
	}
	r := climb(t, results.Final{Ended: results.Completed}, []string{"p99 < 500ms"}, stages...)
	if came := r.Stages[2].Stats; came == nil || came.Requests != 0 ||
		!slices.Equal(came.Broken, []string{"0 of its 6,000 events were answered while it lasted"}) {
		t.Errorf("%+v", came)
	}
	const want = "the thresholds held up to 1,000 events/s, and broke at 3,000/s: 0 of its 6,000 events were " +
		"answered while it lasted"
	if got := Capacity(r); got != want {
		t.Errorf("%q, want\n%q", got, want)
	}
	// Stopped in the middle, nothing was due that is missing: 1,000 of the first second.
	cut := climb(t, results.Final{Ended: results.Interrupted}, nil, held{"low", 1000, 1000, 10 * time.Millisecond, 0})
	if came := cut.Stages[1].Stats; answeredRate(came) != "1,000" {
		t.Errorf("%+v, want 1,000 events a second", came)
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	low := held{"low", 1000, 1000, 10 * time.Millisecond, 0}
	r := climb(t, results.Final{Ended: results.Completed}, []string{"p99 < 500ms"}, low,
		held{"high", 2000, 2000, 900 * time.Millisecond, 0})
	came := r.Stages[2].Stats
	if came.Requests != 400 || answeredRate(came) != "2,000" || came.Rejected != 0.01 || stageMark(came) != "✗" {
		t.Errorf("%+v, want 400 requests, 2,000 events a second, 1 %% of them rejected, and p99 broken", came)
	}
	for width, want := range map[int]string{
		100: "  high                   2,000      2,000   900.1 ms   900.1 ms   900.1 ms       1 %       0 %  ✗\n",
		40:  "  ✗ high: target 2,000/s, 2,000/s\n",
	} {
		var page bytes.Buffer
		err := WriteText(&page, &rundir.Run{Result: r}, width)
		if err != nil || !strings.Contains(page.String(), want) {
			t.Errorf("%d columns (%v): %q is missing in\n%s", width, err, want, page.String())
		}
	}
	one := &results.Result{Stages: r.Stages[:2], Thresholds: r.Thresholds}
	if climbs(one) || Capacity(one) != "" {
		t.Errorf("one rate alone tells no capacity: %q", Capacity(one))
	}
}
