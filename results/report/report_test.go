package report

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/plot"
	"rehearse/results"
	"rehearse/results/compare"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Golden files are written with: go test ./results/report -update
var update = flag.Bool("update", false, "rewrite the golden files")

// The report of a committed run stays what it is, byte for byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open("../rundir/testdata/small-import")
	if err != nil {
		t.Fatal(err)
	}
	got, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "small-import.html")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the report differs from %s: look at it, then run with -update", file)
	}
	for _, must := range []string{
		"not met: ", "Percentile spectrum", "rate_limited (server)", "hold", "p99 &lt; 500ms in hold", "--seed 7",
	} {
		if !bytes.Contains(got, []byte(must)) {
			t.Errorf("the report lacks %q", must)
		}
	}
}

// tag finds markup, and fetch what a browser would fetch for it.
var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	tag   = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	fetch = regexp.MustCompile(`(?i)(src|href|action)\s*=\s*"?([^"\s>]*)`)
)

// No page fetches anything, whatever the run says; the live page asks its own
// server alone.
func TestNothingIsFetched(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open(hostile(t))
	if err != nil {
		t.Fatal(err)
	}
	page, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	compared, err := CompareHTML(&compare.Comparison{A: run, B: run, Warnings: []string{evil}})
	if err != nil {
		t.Fatal(err)
	}
	live, err := NewLive(&results.Manifest{RunID: evil, Scenario: evil, Target: evil}, 0).Page()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"report":     string(page),
		"comparison": string(compared),
		"live page":  string(live),
	} {
		for _, m := range fetch.FindAllStringSubmatch(strings.Join(tag.FindAllString(text, -1), "\n"), -1) {
			if m[2] != "data:," && !strings.HasPrefix(m[2], "#") && !(name == "live page" && m[2] == "report") {
				t.Errorf("the %s would fetch %q", name, m[0])
			}
		}
		if style, _, _ := strings.Cut(text, "</style>"); strings.Contains(style, "url(") ||
			strings.Contains(style, "@import") {
			t.Errorf("the style of the %s would fetch something", name)
		}
		if !strings.Contains(text, `default-src 'none'`) {
			t.Errorf("no policy keeps the %s from fetching", name)
		}
		if strings.Count(text, "<script") != 1 || strings.Contains(text, "<img") ||
			strings.ContainsAny(text, "\x1b\u202e") {
			t.Errorf("what others wrote is markup in the %s", name)
		}
	}
}

const evil = `</title></pre><script>alert(1)</script><img src=http://evil.example/x onerror="alert(2)">{{.}}` +
	"\x1b[2J\u202e"

// hostile is a run whose every word is an attack.
func hostile(t *testing.T) string {
	t.Helper()
	path := t.TempDir()
	d, err := rundir.Create(path, results.Manifest{
		RunID: evil, Scenario: evil, Target: evil, StartedAt: time.Unix(1_800_000_000, 0), Seed: 1,
		Planned:      results.Planned{Events: 300, Requests: 300, PeakEvents: 100},
		ScenarioYAML: []byte(evil), Warnings: []string{evil},
		Stages: []schedule.StageSpan{{Name: evil, To: 3 * time.Second, Start: 100, End: 100}},
		Thresholds: []scenario.Threshold{{
			Text: evil, Metric: scenario.Metric{Name: "latency", Quantile: 0.5}, Op: "<", Value: 1,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, d, 300)
	if _, err := d.Close(results.Final{Ended: results.Aborted, Why: evil, Rule: evil}); err != nil {
		t.Fatal(err)
	}
	return path
}

// fill records n requests, a hundred a second, every tenth refused.
func fill(t testing.TB, d *rundir.Directory, n int) {
	t.Helper()
	r := results.NewRecorder(1)
	for i := range n {
		due := time.Duration(i) * 10 * time.Millisecond
		o := results.Outcome{
			First:  int64(i),
			Events: 1,
			Due:    due,
			Sent:   due,
			Done:   due + time.Duration(i%50)*time.Millisecond,
			Status: 200,
		}
		if i%10 == 3 {
			o.Reason, o.Status, o.Answer = capture.RateLimited, 429, []byte(evil)
		}
		r.Sender(0).Record(&o)
		if i%100 == 99 {
			iv := r.Tick(due+10*time.Millisecond, results.Count{})
			iv.Target = 100
			if err := d.Write(iv); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func reportOf(t *testing.T, path string) []byte {
	t.Helper()
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestHostileWordsAreNeutralised(t *testing.T) {
	t.Parallel()
	text := string(reportOf(t, hostile(t)))
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("%d scripts, want the report's own", n)
	}
	if strings.Contains(text, "<img") || strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("what others wrote is markup")
	}
	if !strings.Contains(text, "&lt;script&gt;alert(1)") {
		t.Error("the words are not shown at all")
	}
}

// A run of a day is drawn in as many columns as one of an hour.
func TestADayStaysSmall(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	path := t.TempDir()
	d, err := rundir.Create(path, results.Manifest{
		RunID: "day", Scenario: "day", StartedAt: time.Unix(1_800_000_000, 0),
		Planned: results.Planned{Events: 130 * 56, Requests: 130 * 56, PeakEvents: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := results.NewRecorder(1)
	refusals := []capture.Reason{capture.RateLimited, capture.AnswerTimeout}
	for i := range 130 {
		due := time.Duration(i) * 665 * time.Second
		for k := range 56 { // a request in every row of the heat map, from 50 µs to 8 minutes
			took := time.Duration(50 * math.Pow(10, float64(k)/8) * 1000)
			o := results.Outcome{
				First:  int64(i),
				Events: 1,
				Due:    due,
				Sent:   due + took/2,
				Done:   due + took,
				Status: 200,
			}
			if k < len(refusals) {
				o.Reason, o.Status = refusals[k], 429
			}
			r.Sender(0).Record(&o)
		}
		if err := d.Write(r.Tick(due+665*time.Second, results.Count{})); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
		t.Fatal(err)
	}
	if n := len(reportOf(t, path)); n > 600_000 {
		t.Errorf("the report of a day takes %d bytes", n)
	}
}

// A run that sent nothing, or whose files are gone, has a report all the same.
func TestEmptyRun(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := rundir.Create(path, results.Manifest{RunID: "x", Scenario: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Close(results.Final{Ended: results.Interrupted}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{rundir.LatencyFile, rundir.TimelineFile, rundir.ScenarioFile} {
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	if text := reportOf(t, path); !bytes.Contains(text, []byte("Nothing was timed.")) {
		t.Error("the report does not say that there is nothing")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0:     "0 s",
		0.5:   "0.5 s",
		90:    "90 s",
		120:   "2m",
		150:   "2m30s",
		3600:  "1h",
		5400:  "1h30m",
		86400: "24h",
	} {
		if got := clock(seconds); got != want {
			t.Errorf("clock(%v) = %q, want %q", seconds, got, want)
		}
	}
}

// What is counted is whole, and so are the ticks beside it.
func TestPlainAxis(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		high float64
		want []string
	}{
		{0, []string{"0", "0.0002"}}, {0.5, []string{"0", "0.1", "0.2", "0.3", "0.4", "0.5"}},
		{1, []string{"0", "1"}}, {2.2, []string{"0", "1", "2", "3"}},
		{11, []string{"0", "5", "10", "15"}}, // and not 2.5, 5, 7.5, …
		{60, []string{"0", "20", "40", "60"}}, {120, []string{"0", "25", "50", "75", "100", "125"}},
	} {
		_, ticks := plainAxis(row.high)
		var got []string
		for _, tick := range ticks {
			got = append(got, tick.Label)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("up to %v: %q, want %q", row.high, got, row.want)
		}
	}
}

// Nothing is drawn over a pause in which nothing was timed, and a second between
// two pauses is still to be seen.
func TestChartsBreakAtPauses(t *testing.T) {
	t.Parallel()
	at := func(from float64) window { return window{from: from, to: from + 1, requests: 1, p50: 1, p99: 2} }
	windows := []window{at(0), at(1), at(5), at(9), at(10)}
	x, y := plot.Axis{Low: 0, High: 11, From: 0, To: 110}, plot.Axis{Low: 0, High: 10, From: 0, To: 100}
	of := func(w *window) float64 { return w.p50 }
	if got, want := lines(windows, x, y, of), "M5 10L15 10M50 10L60 10M95 10L105 10"; got != want {
		t.Errorf("a line %q, want %q", got, want)
	}
	if got := strings.Count(areas(windows, x, y, of, func(w *window) float64 { return w.p99 }), "Z"); got != 3 {
		t.Errorf("%d areas, want 3", got)
	}
}

// Every section can be reached from the contents, no chart is an empty card, and what a
// run says of itself adds nothing to the contents.
func TestContents(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"kept": "../rundir/testdata/kept-run", "hostile": hostile(t)} {
		page := string(reportOf(t, path))
		nav := page[strings.Index(page, `<nav class="contents"`):strings.Index(page, "</nav>")]
		links := regexp.MustCompile(`<li><a href="#([a-z-]+)">`).FindAllStringSubmatch(nav, -1)
		if len(links) < 6 || len(links) != strings.Count(page, "<h2") {
			t.Errorf("%s: %d links to %d headings", name, len(links), strings.Count(page, "<h2"))
		}
		for _, link := range links {
			if strings.Count(page, `<h2 id="`+link[1]+`"><a href="#`+link[1]+`">`) != 1 {
				t.Errorf("%s: nothing, or more than one thing, is at #%s", name, link[1])
			}
		}
		if drawn, cards := strings.Count(page, `<svg class="chart`), strings.Count(page, "<figure"); drawn != cards {
			t.Errorf("%s: %d charts in %d cards", name, drawn, cards)
		}
	}
}

// TestLiveThresholds: what is demanded of all events is not called missed while most of them
// are still to come.
func TestLiveThresholds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ended      results.Ended
		text, want string
	}{
		{results.Running, "accepted >= 99%", "judged at the end"},
		{results.Running, "accepted>=99%", "judged at the end"},
		{results.Running, "accepted >= 99% every 10s", "not met"},
		{results.Completed, "accepted >= 99%", "not met"},
	} {
		ended, want := c.ended, c.want
		l := NewLive(&results.Manifest{}, 0)
		r := &results.Result{Thresholds: []results.ThresholdRow{{Text: c.text, Value: "72 %"}}}
		r.Run.Ended = ended
		l.Observe(&results.Interval{Tally: *results.NewTally()}, r)
		if page, err := l.Charts(); err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%s: %v, no %q in\n%s", ended, err, want, page)
		}
	}
}
