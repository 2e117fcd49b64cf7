package compare

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
)

// written is a run of so many seconds at 100 requests a second, whose service
// takes 10 ms and a random 10 ms on average, all slower by a factor.
func written(t testing.TB, seconds int, seed uint64, factor float64, change func(*results.Manifest)) *rundir.Run {
	t.Helper()
	return turned(t, seconds, seed, factor, change, func(int, *results.Outcome) {})
}

// turned is the same of outcomes that turn changes.
func turned(
	t testing.TB, seconds int, seed uint64, factor float64,
	change func(*results.Manifest), turn func(int, *results.Outcome),
) *rundir.Run {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run")
	n := seconds * 100
	m := results.Manifest{
		RunID: "r", Scenario: "s", SHA256: "x", Seed: 1, StartedAt: time.Unix(1_800_000_000, 0),
		Planned: results.Planned{Events: int64(n), Requests: int64(n), PeakEvents: 100},
	}
	if change != nil {
		change(&m)
	}
	d, err := rundir.Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 7))
	r := results.NewRecorder(1)
	for i := range n {
		due := time.Duration(i) * 10 * time.Millisecond
		took := (10 + 10*random.ExpFloat64()) * factor
		o := results.Outcome{
			First:  int64(i),
			Events: 1,
			Due:    due,
			Sent:   due,
			Status: 200,
			Done:   due + time.Duration(took*float64(time.Millisecond)),
		}
		if random.IntN(100) == 0 {
			o.Reason, o.Status = capture.RateLimited, 429
		}
		turn(i, &o)
		r.Sender(0).Record(&o)
		if i%100 == 99 {
			if err := d.Write(r.Tick(due+10*time.Millisecond, results.Count{})); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestComparisonText(t *testing.T) {
	t.Parallel()
	a := written(t, 9, 1, 1, nil)
	b := written(t, 9, 2, 1.5, func(m *results.Manifest) { m.Seed, m.SHA256 = 2, "y" })
	c, err := Runs(a, b, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := WriteText(&text, c, 200); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"latency p50", " worse\n", "the seeds differ (1 and 2)",
		"smallest changes that would have been found: latency p50 ", "what was set over them, differ",
		"B is worse than A by more than 5 %: latency p50",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	for _, width := range []int{0, 40, 60, 80, 111} {
		text.Reset()
		if err := WriteText(&text, c, width); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			if n := utf8.RuneCountInString(line) - 1; n > max(width, 40) {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
		if !strings.Contains(text.String(), "latency p50: worse\n") {
			t.Errorf("%d columns:\n%s", width, text.String())
		}
	}
	back, err := Runs(b, a, 0.05)
	if err != nil || len(back.Regressions()) > 0 || back.Rows[0].Found != Better {
		t.Errorf("the other way round: %v, %v", back, err)
	}
	b.Result.Verdict = results.Invalid
	if doubtful, err := Runs(a, b, 0.05); err != nil || !doubtful.Doubtful ||
		!strings.HasPrefix(doubtful.Because(), "an invalid run") {
		t.Errorf("an invalid run: %v, %v", doubtful, err)
	}
	b.Result.Verdict = results.Pass
	lax, err := Runs(a, b, 0.8)
	if err != nil || len(lax.Regressions()) > 0 || !strings.HasPrefix(lax.Because(), "B is not worse than A") {
		t.Errorf("within a tolerance of 80 %%: %v, %v", lax.Regressions(), err)
	}
	holdsSchema(t, c)
	holdsSchema(t, &Comparison{A: a, B: b, Doubtful: true, Rows: []Row{{
		Name: "accepted", Unit: PerSecond, Change: math.Inf(1), Sees: math.Inf(1), Found: Better,
		A: Side{Low: math.Inf(-1), High: math.Inf(1)},
	}}})
	var bench bytes.Buffer
	if err := WriteBenchmarks(&bench, c); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(bench.String(), "BenchmarkRehearsal/latency-p99 1 "); n != 18 { // 9 windows a run
		t.Errorf("%d lines of latency p99, want 18", n)
	}
}

// The columns of the table stay below each other, however much changed.
func TestColumns(t *testing.T) {
	t.Parallel()
	side := Side{Median: 193.5, Low: 100.1, High: 312.3}
	c := &Comparison{Rows: []Row{
		{Name: "latency p50", Unit: Milliseconds, A: side, B: side, Change: 43.198, Found: Worse},
		{Name: "not accepted", Unit: Share, B: Side{Median: 1, Low: 1, High: 1}, Change: 1, Found: Worse},
	}}
	var text strings.Builder
	c.writeRows(&text, textWidth)
	for line := range strings.Lines(strings.TrimSpace(text.String())) {
		line = strings.TrimSpace(line)
		// 12 + 31 + 31 + 15, and the spaces between
		if p := strings.Index(line, " <0.001 worse"); !strings.HasPrefix(line, "medians") && p != 92 {
			t.Errorf("p stands in column %d of %q", p, line)
		}
		if n := utf8.RuneCountInString(line); n > textWidth {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// holdsSchema makes sure that c as JSON is what the schema describes.
func holdsSchema(t *testing.T, c *Comparison) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err == nil {
		err = compiler.AddResource("compare", document)
	}
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := WriteJSON(&text, c); err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.MustCompile("compare").Validate(value); err != nil {
		t.Error(err)
	}
}

func TestIncomparable(t *testing.T) {
	t.Parallel()
	a := written(t, 8, 1, 1, nil)
	for name, b := range map[string]*rundir.Run{
		"another load": written(t, 8, 1, 1, func(m *results.Manifest) { m.Planned.PeakEvents = 200 }),
		"too short":    written(t, 2, 1, 1, func(m *results.Manifest) { m.Planned = a.Result.Planned }),
	} {
		if _, err := Runs(a, b, 0.05); !errors.Is(err, ErrIncomparable) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestClosedLoops: two closed loops of one scenario are compared, however much each endpoint
// took; with a schedule, or with another scenario, none is.
func TestClosedLoops(t *testing.T) {
	t.Parallel()
	closed := func(events int64, sha string) *rundir.Run {
		return written(t, 8, 1, 1, func(m *results.Manifest) {
			m.ClosedLoop, m.SHA256, m.Planned = true, sha, results.Planned{Events: events}
		})
	}
	a := closed(100, "a")
	if c, err := Runs(a, closed(200, "a"), 0.05); err != nil || len(c.Warnings) == 0 ||
		!strings.Contains(c.Warnings[0], "both are closed loops") {
		t.Errorf("%v, %v", c, err)
	}
	for name, b := range map[string]*rundir.Run{"another scenario": closed(100, "b"), "a schedule": written(t, 8, 1, 1, nil)} {
		if _, err := Runs(a, b, 0.05); !errors.Is(err, ErrIncomparable) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestFastRefusalsAreNoGain: an endpoint that refuses half of the requests, or all, at
// once is no faster than before, and worse.
func TestFastRefusalsAreNoGain(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, one := range []int{2, 1} { // of so many is refused
		refusing := turned(t, 60, 2, 1, nil, func(i int, o *results.Outcome) {
			if i%one == 0 {
				o.Reason, o.Status, o.Done = capture.Unavailable, 503, o.Sent+time.Millisecond
			}
		})
		c, err := Runs(written(t, 60, 1, 1, nil), refusing, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]Finding{}
		for _, row := range c.Rows {
			found[row.Name] = row.Found
			if row.Found == Better {
				t.Errorf("one of %d refused: %s is better: %+v, %+v", one, row.Name, row.A.Median, row.B.Median)
			}
		}
		if found["not accepted"] != Worse || found["accepted"] != Worse {
			t.Errorf("one of %d refused: %v", one, found)
		}
		if _, compared := found["latency p50"]; compared != (one == 2) {
			t.Errorf("one of %d refused: %v, warnings %q", one, found, c.Warnings)
		}
	}
}

// TestSameLoad: what came of the stages is no other load.
func TestSameLoad(t *testing.T) {
	t.Parallel()
	a := &results.Result{
		Planned: results.Planned{Events: 10},
		Stages:  []results.StageRow{{Name: "1", Start: 5, End: 5}},
	}
	b := &results.Result{
		Planned: a.Planned,
		Stages:  []results.StageRow{{Name: "1", Start: 5, End: 5, Stats: &results.StageStats{Requests: 1}}},
	}
	if !sameLoad(a, b) {
		t.Error("what came of the stages counts as another load")
	}
	b.Stages[0].End = 6
	if sameLoad(a, b) {
		t.Error("another rate counts as the same load")
	}
}
