package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
)

// What the preflight said and what the endpoint counted, as their owners write it.
const (
	checkText = `{"format": "rehearse/check/v1", "verdict": "accommodate", "plan": {"events": 63000},
"findings": [{"id": "hot-id", "severity": "accommodate", "message": "kiosk-7 is over its rate", "hint": "spread it"}],
"hot_ids": [{"distinct_id": "kiosk-7", "events": 5000, "share": 0.08, "peak_per_s": 240, "overflows_at_s": 6.5},
 {"distinct_id": "never-came", "events": 900, "share": 0.0142, "peak_per_s": 40, "overflows_at_s": null}],
"partitions": {"count": 4, "mean_events": 15750, "max_events": 20000, "hottest": 2},
"merges": {"total": 2500, "at_risk": 12, "refused": 3},
"storage": {"months": {"all": 3, "a_minute": 2, "sorted": 1},
 "broker": {"of": "main", "events": 1000, "message_bytes": 2350, "bytes": 2350000, "at_s": 6}}}`
	endpointText = `{"format": "rehearse/stage/v1", "events": {"accepted": 62900},
"pipeline": {"over_quota": 17, "lanes": [{"lane": "overflow", "events": 80, "hottest": 0,
  "partitions": [20, 20, 20, 20]},
 {"lane": "main", "events": 62820, "hottest": 2, "partitions": [14000, 14000, 20820, 14000]}],
"overflow": {"bucket": 80}, "order": {"backwards": 41},
"merges": {"total": 2501, "illegal": 2, "identified": 3, "overtook": 11},
"hot_ids": [{"distinct_id": "kiosk-7", "events": 5100, "uncertain": 6, "overflowed": 77},
 {"distinct_id": "surprise", "events": 1234}]}}`
)

// withBeside is a run directory with these files in it.
func withBeside(t *testing.T, files map[string]string) string {
	t.Helper()
	path := t.TempDir()
	if err := os.CopyFS(path, os.DirFS("../rundir/testdata/small-import")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// row is a row of a table without its markup.
func row(text, begins string) string {
	_, rest, _ := strings.Cut(text, begins)
	cells, _, _ := strings.Cut(rest, "</tr>")
	return strings.Join(strings.Fields(tags.ReplaceAllString(begins+cells, " ")), " ")
}

func TestPredictedAndSeen(t *testing.T) {
	t.Parallel()
	text := string(reportOf(t, withBeside(t, map[string]string{
		rundir.CheckFile: checkText, rundir.EndpointFile: endpointText, rundir.PermitFile: "rate: 5000/s # <b>\n",
	})))
	for begins, want := range map[string]string{
		// Predicted, seen (six of them may be others'), 5100 of 62900, overflowed, peak, from when.
		`<td class="text id">kiosk-7`:      "kiosk-7 5,000 ≤ 5,100 8.11 % 77 240/s from 6.5 s",
		`<td class="text id">surprise`:     "surprise 1,234 1.96 % 0",
		`<td class="text id">never-came`:   "never-came 900 1.42 % 40/s",
		`<td class="text">events accepted`: "events accepted 63,000 62,900",
		`<td class="text">merges silently`: "merges silently rejected 3 5", // 2 illegal + 3 identified
		`<td class="text">merges proc`:     "merges processed before the events they join up to 12 11",
		`<td class="text">events moved`:    "events moved to the overflow lane 80",
		`<td class="text">events dropped`:  "events dropped, over quota 17",
		`<td class="text">parts`:           "parts of 3 months, 2 of them in one minute of the run (1 if it were sorted by time)",
		`<td class="text">broker`: "broker 2.4 MB wait at the worst, 6s into the run: 1,000 events of 2,350 bytes, " +
			"not compressed, for main",
		`<td class="text">events out`: "events out of order within a distinct_id 41",
	} {
		if got := row(text, begins); got != want {
			t.Errorf("row %q, want %q", got, want)
		}
	}
	for _, want := range []string{
		"Verdict of the check: <b>ok with conditions</b>", "rate: 5000/s # &lt;b&gt;",
		"Partitions of the main lane", "partition 2: 20,820 events", "hottest, predicted",
		"Partitions of the overflow lane",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(text, "Not shown") {
		t.Error("something is not shown")
	}
}

// Each of the files may be missing, or be something else.
func TestBesideMissingOrBroken(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for name, c := range map[string]struct {
		files     map[string]string
		want, not string
	}{
		"none":                 {nil, "Reproduce", "Hottest distinct_ids"},
		"the endpoint alone":   {map[string]string{rundir.EndpointFile: endpointText}, "surprise", "predicted"},
		"the prediction alone": {map[string]string{rundir.CheckFile: checkText}, "never-came", "Endpoint counts"},
		"cut short": {map[string]string{rundir.EndpointFile: endpointText[:90]},
			"endpoint.json is not shown: unexpected end of JSON input", "Hottest distinct_ids"},
		"of another format": {
			map[string]string{rundir.CheckFile: strings.Replace(checkText, "check/v1", "check/v2", 1)},
			"check.json is not shown: its format is &#34;rehearse/check/v2&#34;", "preflight said",
		},
		"lanes without anything": {
			map[string]string{
				rundir.EndpointFile: `{"format": "rehearse/stage/v1", "pipeline": {"lanes": [{"lane": "main"}]}}`,
			},
			"Endpoint counts", ">Partitions<",
		},
		"a negative count": {
			map[string]string{rundir.EndpointFile: `{"format": "rehearse/stage/v1",
				"pipeline": {"lanes": [{"lane": "main", "partitions": [-5, 0]}]}}`},
			">Partitions<", "NaN",
		},
	} {
		text := string(reportOf(t, withBeside(t, c.files)))
		if !strings.Contains(text, c.want) || strings.Contains(text, c.not) {
			t.Errorf("%s: has %q: %v; has %q: %v",
				name, c.want, strings.Contains(text, c.want), c.not, strings.Contains(text, c.not))
		}
	}
}

// Ten thousand partitions, ids a kilobyte long and no end of them cost no more
// than the page can hold.
func TestBesideIsBounded(t *testing.T) {
	t.Parallel()
	var partitions, ids []string
	for i := range 10_000 {
		if i < 1000 {
			ids = append(ids, fmt.Sprintf(`{"distinct_id": "%s%d", "events": %d}`, strings.Repeat("x", 1000), i, i))
		}
		partitions = append(partitions, fmt.Sprint(1_000_000_000+i))
	}
	text := reportOf(t, withBeside(t, map[string]string{rundir.EndpointFile: fmt.Sprintf(
		`{"format": "rehearse/stage/v1", "pipeline": {"lanes": [
			{"lane": "main", "events": 10000000000000, "partitions": [%s]}], "hot_ids": [%s]}}`,
		strings.Join(partitions, ","), strings.Join(ids, ","))}))
	if len(text) > 250_000 {
		t.Errorf("the report takes %d bytes", len(text))
	}
	if !strings.Contains(string(text), "partitions 0 to 78: at most 1,000,000,078 events") {
		t.Error("partitions do not share bars")
	}
}

func TestReproduce(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]string{
		"name: a\n":                         "rehearse run scenario.yaml --seed 7",
		"name: a\n\n# --set traffic.seed=9": "rehearse run scenario.yaml --set traffic.seed=9",
		"# --set no=flag\nname: a\n":        "rehearse run scenario.yaml --seed 7",
		"name: a\n\n# --set target.timeout=5s\n# --set thresholds=[\"p99 < 1s\", 'x']": `rehearse run scenario.yaml ` +
			`--set target.timeout=5s --set 'thresholds=["p99 < 1s", '\''x'\'']' --seed 7`,
	} {
		run, err := rundir.Open(withBeside(t, map[string]string{rundir.ScenarioFile: scenario}))
		if err != nil {
			t.Fatal(err)
		}
		if got := reproduce(run); got != want {
			t.Errorf("%q: %s, want %s", scenario, got, want)
		}
	}
}

// A hundred requests a second for three seconds, of which those of the second
// second are refused once: 200 requests for 100 there, 400 for 300 in all.
func TestRetriesAreDrawn(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	d, err := rundir.Create(path, results.Manifest{
		RunID:    "x",
		Scenario: "x",
		Planned:  results.Planned{Events: 300, Requests: 300, PeakEvents: 100},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := results.NewRecorder(1)
	for i := range 300 {
		due := time.Duration(i) * 10 * time.Millisecond
		o := results.Outcome{First: int64(i), Events: 1, Due: due, Sent: due, Done: due + time.Millisecond, Status: 200}
		if i/100 == 1 {
			again := o
			again.Reason, again.Status, again.WillRetry = capture.RateLimited, 429, true
			r.Sender(0).Record(&again)
		}
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
	text := string(reportOf(t, path))
	for _, want := range []string{
		"<dd>1.33 ×<small>", "× rate_limited 429", "0 s: 0/s sent again, 1 requests for one",
		"1 s: 100/s sent again, 2 requests for one", "<dd>3 s<small>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
